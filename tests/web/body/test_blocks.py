from __future__ import annotations

import pytest

from gateway.web.body import parse
from gateway.web.body.texts import MAX_LINES
from tests.web.body.seen import body_of, message, text_of, tree_of, wrong


def classes(text: str) -> list[tuple[str, str]]:
    """Return the runs of a text that have a class, with what they say."""
    html = body_of(text)
    assert text_of(html) == text
    assert not wrong(html)
    return [
        (each.get("class", ""), "".join(each.itertext())) for each in tree_of(html).iter("span")
    ]


def folded(text: str) -> list[str]:
    """Return the folded runs of a text."""
    html = body_of(text)
    assert text_of(html) == text
    return [
        "".join(pre.itertext())
        for each in tree_of(html).iter("details")
        for pre in each.iter("pre")
    ]


QUOTED = "".join(f"> {number}\n" for number in range(13))


@pytest.mark.parametrize(
    "text",
    ["", "\n", "\n\n\n", "a", "a\n", "\na", "  a\n\tb\n", "\n\n a\n\n", "a\f\n".replace("\f", ""), "> a", "> a\n\n", "-- ", "-- \n", "&amp;<b>\n"],
)  # fmt: skip  # a list
def test_all_of_a_text_is_there(text: str) -> None:
    html = body_of(text)
    assert text_of(html) == text
    assert not wrong(html)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("> a\nb\n", [("q1", "> a\n")]),
        ("> > a\n> b\n>> c\n", [("q2", "> > a\n"), ("q1", "> b\n"), ("q2", ">> c\n")]),
        (">a\n>>b\n>>>c\n>>>>d\n", [("q1", ">a\n"), ("q2", ">>b\n"), ("q3", ">>>c\n"), ("q1", ">>>>d\n")]),
        # Empty lines between are of the quotation.
        ("> a\n\n> b\n\nc\n", [("q1", "> a\n\n> b\n")]),
        ("> a\n  \n>> b\n", [("q1", "> a\n  \n"), ("q2", ">> b\n")]),
        (" > a\n", [("q1", " > a\n")]),
        ("a > b\n-> c\n| d\n", []),
        # Signatures.
        ("a\n-- \nAnn\nX\n", [("sig", "-- \nAnn\nX\n")]),
        ("a\n--\nAnn\n", []),
        ("-- \nAnn\n> b\n", [("sig", "-- \nAnn\n"), ("q1", "> b\n")]),
        (f"a\n{'_' * 47}\nlist\n", [("sig", f"{'_' * 47}\nlist\n")]),
        (f"a\n{'_' * 39}\nlist\n", []),
        ("-- \n> b\n", [("sig", "-- \n"), ("q1", "> b\n")]),
        # Those of PGP.
        ("a\n-----BEGIN PGP SIGNATURE-----\n\nabc=\n-----END PGP SIGNATURE-----\nb\n", [("sig", "-----BEGIN PGP SIGNATURE-----\n\nabc=\n-----END PGP SIGNATURE-----\n")]),
        ("-----BEGIN PGP SIGNATURE-----\nabc=\n", [("sig", "-----BEGIN PGP SIGNATURE-----\nabc=\n")]),
        ("a\n- -- \nAnn\n-----BEGIN PGP SIGNATURE-----\nx\n", [("sig", "- -- \nAnn\n-----BEGIN PGP SIGNATURE-----\nx\n")]),
    ],
)  # fmt: skip  # a table
def test_runs_have_classes(text: str, expected: list[tuple[str, str]]) -> None:
    assert classes(text) == expected


def test_long_quotations_are_folded() -> None:
    assert folded(f"Ann wrote:\n{QUOTED}\nYes.\n") == [QUOTED]
    assert folded(f"Ann wrote:\n{QUOTED.removeprefix('> 0')[1:]}\nYes.\n") == []
    assert "<summary>13 quoted lines</summary>" in body_of(f"{QUOTED}\nYes.\n")


@pytest.mark.parametrize(
    "text",
    [QUOTED, f"Ann wrote:\n\n{QUOTED}\n", f"{QUOTED}-- \nAnn\nof X\n", f"{QUOTED * 5}\nYes.\n"],
)
def test_nothing_is_folded_where_nearly_all_is_quoted(text: str) -> None:
    assert folded(text) == []


DIFF = """\
diff --git a/x/one.c b/x/one.c
index 1111111..2222222 100644
--- a/x/one.c
+++ b/x/one.c
@@ -1,4 +1,4 @@ int f
 a
-b
--- c
+B
+++ C

\\ No newline at end of file
diff --git a/two.c b/two.c
new file mode 100644
--- /dev/null
+++ b/two.c
@@ -0,0 +1 @@
+x
"""

SPANS = [
    ("file", "diff --git a/x/one.c b/x/one.c\nindex 1111111..2222222 100644\n--- a/x/one.c\n+++ b/x/one.c\n"),
    ("hunk", "@@ -1,4 +1,4 @@ int f\n"),
    ("del", "-b\n--- c\n"),
    ("add", "+B\n+++ C\n"),
    ("file", "diff --git a/two.c b/two.c\nnew file mode 100644\n--- /dev/null\n+++ b/two.c\n"),
    ("hunk", "@@ -0,0 +1 @@\n"),
    ("add", "+x\n"),
]  # fmt: skip  # a table


def test_diffs_have_classes_as_their_hunks_say() -> None:
    assert classes(f"Fix.\n---\n{DIFF}-- \n2.1\n") == [*SPANS, ("sig", "-- \n2.1\n")]
    assert parse(message(DIFF), obfuscate=False).is_patch


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        # Of other programs.
        (
            "Index: a.c\n=====\n--- a.c\t(revision 1)\n+++ a.c\t(revision 2)\n@@ -1 +1 @@\n-a\n+b\n",
            [("file", "Index: a.c\n=====\n--- a.c\t(revision 1)\n+++ a.c\t(revision 2)\n"), ("hunk", "@@ -1 +1 @@\n"), ("del", "-a\n"), ("add", "+b\n")],
        ),
        (
            "diff -u a b\n--- a\n+++ b\n@@ -1 +1 @@\n-a\n+b\nEnd.\n",
            [("file", "diff -u a b\n--- a\n+++ b\n"), ("hunk", "@@ -1 +1 @@\n"), ("del", "-a\n"), ("add", "+b\n")],
        ),
        # A hunk that was cut off, or wrapped.
        ("--- a\n+++ b\n@@ -1,9 +1,9 @@\n-a\nEnd.\n", [("file", "--- a\n+++ b\n"), ("hunk", "@@ -1,9 +1,9 @@\n"), ("del", "-a\n")]),
        # A hunk is over when all of its lines are there.
        ("--- a\n+++ b\n@@ -1 +1 @@\n-a\n+b\n- no\n+ no\n\n-- \nAnn\n", [("file", "--- a\n+++ b\n"), ("hunk", "@@ -1 +1 @@\n"), ("del", "-a\n"), ("add", "+b\n"), ("sig", "-- \nAnn\n")]),
        ("diff --git a/x b/x\nrename from x\nrename to y\n", [("file", "diff --git a/x b/x\nrename from x\nrename to y\n")]),
        # No diff.
        ("> --- a\n> +++ b\n> @@ -1 +1 @@\n> -a\n", [("q1", "> --- a\n> +++ b\n> @@ -1 +1 @@\n> -a\n")]),
        ("--- a\n+++ b\n", []),
        ("--- \nfoo\n+++\n- a\n+ b\n@@ -1 +1 @@\n", []),
        ("Index: of things\ndiff is good\n--- a\n@@ -1 +1 @@\n", []),
    ],
)  # fmt: skip  # a table
def test_diffs_of_all_kinds(text: str, expected: list[tuple[str, str]]) -> None:
    assert classes(text) == expected


def test_a_diffstat_leads_to_the_files() -> None:
    text = (
        "---\n x/one.c    | 4 ++--\n .../two.c  |  1 +\n gone.c      | 2 --\n y/{a => two.c} | 0\n"
        f" logo.png | Bin 0 -> 12 bytes\n 2 files changed, 3 insertions(+)\n\n{DIFF}"
    )
    html = body_of(text)
    assert text_of(html) == text
    assert not wrong(html)
    ids = [each.get("id") for each in tree_of(html).iter("span") if each.get("id")]
    assert ids == ["f1", "f2"]
    found = [(each.get("href"), each.text) for each in tree_of(html).iter("a")]
    assert found == [("#f1", "x/one.c")]
    assert (
        '<a href="#f1">x/one.c</a>    | 4 <span class="add">++</span><span class="del">--</span>\n'
        in html
    )


def test_a_short_name_in_a_diffstat_leads_to_the_file() -> None:
    diff = "diff --git a/long/way/to/it.c b/long/way/to/it.c\n"
    html = body_of(
        f" .../to/it.c | 1 +\n .../of/it.c | 1 +\n .../to/it.c}}  | 1 +\n {{a => long}}/way/to/it.c | 1 -\n 1 file changed\n{diff}"
    )
    assert [each.get("href") for each in tree_of(html).iter("a")] == ["#f1"] * 3


def test_a_diffstat_leads_to_files_of_other_programs() -> None:
    text = " a.c | 2 +-\n b.c | 2 +-\n 2 files changed\nIndex: a.c \n--- x\n+++ /dev/null\n@@ -1 +1 @@\n-a\n+b\n"
    assert body_of(text).count('"#f') == 0
    text = text.replace("--- x", "--- a.c\t2004-01-01").replace("/dev/null", "a.c\t2004-01-02")
    assert body_of(text).count('"#f1"') == 1


def test_what_looks_like_a_diffstat_stays_text() -> None:
    assert classes(" 1 file changed\n x | 1 +") == [("add", "+")]
    assert classes(" 1 file changed\n x | 1 +\n") == [("add", "+")]
    text = f" a | b\n a | 1 +-+\n {'x' * 500} | 1 +\n 1 file changed\n | 1 +\n"
    assert classes(text) == []


def test_anchors_do_not_clash_on_one_page() -> None:
    parsed = parse(message(DIFF + DIFF), obfuscate=False, anchor='m1"-')
    html = "".join(str(each) for each in parsed.pieces)
    ids = [each.get("id") for each in tree_of(html).iter("span") if each.get("id")]
    assert ids == ['m1"-f1', 'm1"-f2']


def test_only_so_many_lines_are_shown() -> None:
    parsed = parse(message("\n" * (MAX_LINES + 5)), obfuscate=False)
    assert parsed.plain == "\n" * MAX_LINES
    assert parsed.left_out == 5
    assert parse(message("\n" * (MAX_LINES - 1)), obfuscate=False).plain == "\n" * (MAX_LINES - 1)


def test_no_address_of_a_long_line_is_cut_in_two() -> None:
    text = "0123456789 ann@example.org " * 5000
    html = body_of(text, obfuscate=True)
    assert text_of(html) == text.replace("@exa", "@...")
