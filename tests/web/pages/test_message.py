"""A message's page: what it shows, in which order, and where it leads."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gateway.web.answers import EVERY_LIST
from gateway.web.settings import Settings
from gateway.web.urls import Urls
from storage.model import Fidelity
from storage.sources.base import Incoming
from tests.edge_cases import cases
from tests.mail import NOW, Items, MemoryEngine, done, fill, mail, take
from tests.web.asked import ORIGIN, Asked
from tests.web.validity import faults, parse

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path
    from xml.etree import ElementTree as ET

    from tests.mail import Engine

NAME: Final = "lists.made"
OTHER: Final = "lists.other"
LATER: Final = NOW + 10**8
OPEN: Final = Settings(
    origin=ORIGIN,
    obfuscate=False,
    news_url="nntp://news.example:119",
    mail_url="imap://imap.example",
)


def asked(engine: Engine, mails: Sequence[bytes], how: Settings | None = None) -> Asked:
    fill(engine.writer(), NAME, mails, now=LATER)
    return Asked(engine.archive(), how)


def tree(asked: Asked, path: str) -> ET.Element:
    answer, body = asked.answer(path)
    assert answer.status == 200, path
    assert faults(body) == []
    return parse(body)


def words(element: ET.Element) -> str:
    return " ".join("".join(element.itertext()).split())


def links(element: ET.Element) -> dict[str, str]:
    """Return where links lead, by what they are called; the first of each name."""
    found: dict[str, str] = {}
    for each in element.iter("a"):
        found.setdefault(words(each), each.get("href", ""))
    return found


def first(element: ET.Element, tag: str, **attributes: str) -> ET.Element:
    for each in element.iter(tag):
        if all(each.get(name.replace("_", "-")) == value for name, value in attributes.items()):
            return each
    raise AssertionError(f"there is no {tag} {attributes}")


def test_order_of_blists(engine: Engine) -> None:
    """Links, Message-ID, Date, From, To, Cc, Subject, text: as on lists.openwall.net."""
    body = "Good day.\n\n> It rains.\n\nIt does.\n"
    fields = ("To: L <l@lists.example>", "Cc: B <b@sub.example>,\n\tC <c@x.example>")
    shown = asked(
        engine,
        [
            mail("one", subject="Rain"),
            mail("two", *fields, answers="one", subject="Re: Rain", body=body, date="Sun, 4 Jan 2004 20:02:11 +0300"),
            mail("three", answers="one", subject="Re: Rain", date="Sun, 4 Jan 2004 21:00:00 +0300"),
        ],
    )  # fmt: skip
    page = tree(shown, f"/{NAME}/m/two@x.example")
    assert words(first(page, "article")) == (
        "[<prev] [next>] [<thread-prev] [thread-next>] [day] [month] [year] [list] "
        "Message-ID: <two@x.example> "
        "Date: Sun, 4 Jan 2004 20:02:11 +0300 2004-01-04 20:02:11 +0300 "
        "From: A <a@...xample> To: L <l@...ts.example> Cc: B <b@....example>, C <c@...xample> Subject: Re: Rain "
        "Good day. > It rains. It does."
    )
    assert list(links(first(page, "article")).items())[:8] == [
        ("<prev", f"/{NAME}/m/one@x.example"),
        ("next>", f"/{NAME}/m/three@x.example"),
        ("<thread-prev", f"/{NAME}/m/one@x.example"),
        ("thread-next>", f"/{NAME}/m/three@x.example"),
        ("day", f"/{NAME}/2004/01/04/"),
        ("month", f"/{NAME}/2004/01/"),
        ("year", f"/{NAME}/2004/"),
        ("list", f"/{NAME}/"),
    ]


def test_the_page_of_lists_openwall_net(engine: Engine, corpus: Path) -> None:
    """What that page shows is shown, in its order."""
    text = (corpus / "lists.openwall.net-page.txt").read_text("utf-8")
    page, _, _ = text[text.index("[<prev]") :].partition("\nPowered by blists")
    navigation, _, message = page.partition("\n")
    head, _, body = message.partition("\n\n")
    own = re.search("<(.*)>", head)
    assert own is not None
    root = "root@x.example"
    octets = f"{head.replace('@...', '@abc')}\nReferences: <{root}>\n\n{body}\n".encode()
    stamp = "Sun, 28 Jul 2024 {}:00:00 +0000"
    shown = asked(
        engine,
        [
            mail("root", date=stamp.format(16)),
            octets,
            mail("next", answers="root", date=stamp.format(18)),
        ],
    )
    for path in (f"/{NAME}/m/{own[1]}", f"/{NAME}/2024/07/28/2"):
        there = words(first(tree(shown, path), "article"))
        for each in (*navigation.split("] ["), *head.split("\n"), *body.split("\n")):
            wanted = " ".join(each.split()).strip("[]")
            at = there.find(wanted)
            assert at >= 0, wanted
            there = there[at + len(wanted) :]


def test_neighbours_pass_over_what_is_hidden_and_removed(engine: Engine) -> None:
    shown = asked(
        engine,
        [
            mail(f"m{n}", answers="m0" if n else None, date=f"Thu, 1 Jan 2004 1{n}:00:00 +0000")
            for n in range(6)
        ],
    )
    with engine.writer().batch() as batch:
        batch.remove(NAME, 2)
        batch.hide(NAME, [3, 6])
    shown = Asked(engine.archive())
    page = tree(shown, f"/{NAME}/m/m3@x.example")
    found = links(first(page, "nav", aria_label="Messages near this one"))
    assert found["<prev"] == found["<thread-prev"] == f"/{NAME}/m/m0@x.example"
    assert found["next>"] == f"/{NAME}/m/m4@x.example"
    last = links(
        first(tree(shown, f"/{NAME}/m/m4@x.example"), "nav", aria_label="Messages near this one")
    )
    assert "next>" not in last
    assert "thread-next>" not in last
    outline = words(first(page, "ol", **{"class": "outline"}))
    assert outline.count("[hidden]") == 2
    assert outline.count("[message not in the archive]") == 1


def test_what_is_not_shown(engine: Engine) -> None:
    asked(
        engine,
        [mail(f"m{n}", subject="Secret", date="Thu, 1 Jan 2004 12:00:00 +0000") for n in range(4)],
    )
    with engine.writer().batch() as batch:
        batch.remove(NAME, 1)
        batch.hide(NAME, [2])
    shown = Asked(engine.archive())
    for path, status in (
        (f"/{NAME}/m/m9@x.example", 404),
        (f"/{NAME}/m/m0@x.example", 410),
        (f"/{NAME}/2004/01/01/1", 410),
        (f"/{NAME}/m/m1@x.example", 410),
        (f"/{NAME}/2004/01/01/2", 410),
        (f"/{NAME}/2004/01/01/5", 404),
        (f"/{NAME}/2004/02/30/1", 404),
        ("/lists.none/m/m2@x.example", 404),
        ("/lists.none/2004/01/01/1", 404),
        (f"/{NAME}/2004/01/01/3", 200),
    ):
        for last in ("", "/raw", "/thread", "/flat", "/1") if "/m/" in path else ("", "/1"):
            answer, body = shown.answer(path + last)
            assert answer.status == (404 if status == 200 and last else status), path + last
            assert status == 200 or (b"Secret" not in body and not answer.is_indexed)


def test_a_message_hidden_while_its_thread_is_kept(engine: Engine) -> None:
    shown = asked(engine, [mail("m0"), mail("m1", answers="m0")])
    assert "[hidden]" not in words(tree(shown, f"/{NAME}/m/m0@x.example"))
    with engine.writer().batch() as batch:
        batch.hide(NAME, [2])
    engine.archive()
    assert "[hidden]" in words(tree(Asked(engine.archive()), f"/{NAME}/m/m0@x.example"))


def test_microdata_and_what_others_show_of_a_link(engine: Engine) -> None:
    shown = asked(
        engine, [mail("m0", subject="Rain <b>", body="> quoted\n\nIt rains, says b@x.example.\n")]
    )
    page = tree(shown, f"/{NAME}/m/m0@x.example")
    said = {
        each.get("property") or each.get("name"): each.get("content") for each in page.iter("meta")
    }
    assert said["og:title"] == "Rain <b>"
    assert said["og:description"] == said["description"] == "It rains, says b@...xample."
    assert (
        first(page, "link", rel="canonical").get("href")
        == said["og:url"]
        == f"{ORIGIN}/{NAME}/m/m0@x.example"
    )
    article = first(page, "article", itemtype="https://schema.org/DiscussionForumPosting")
    properties = {each.get("itemprop"): each for each in article.iter() if each.get("itemprop")}
    assert words(properties["headline"]) == "Rain <b>"
    assert properties["datePublished"].get("datetime") == "2004-01-01T12:00:00Z"
    assert words(properties["author"]) == "A <a@...xample>"
    assert words(properties["text"]) == "> quoted It rains, says b@...xample."
    assert not list(page.iter("script"))


def test_the_outline_of_a_thread(engine: Engine) -> None:
    """Nested, subjects where they change, ghosts told, this message marked."""
    shown = asked(
        engine,
        [
            mail("m0", answers="ghost", subject="Rain"),
            mail("m1", answers="m0", subject="Re: Rain"),
            mail("m2", answers="m1", subject="Snow (was: Rain)"),
            mail("m3", answers="ghost", subject="RE: Snow (was: Rain)"),
        ],
    )
    page = tree(shown, f"/{NAME}/m/m2@x.example")
    outline = first(page, "ol", **{"class": "outline"})
    stamp = "2004-01-01 12:00"
    assert words(outline) == (
        f"[message not in the archive] Rain - A {stamp} A {stamp} Snow (was: Rain) - A {stamp} A {stamp}"
    )
    assert [words(each) for each in outline.iter("a") if each.get("aria-current") == "page"] == [
        "Snow (was: Rain) - A"
    ]
    depth = {}
    waiting = [(outline, 0)]
    while waiting:
        element, level = waiting.pop()
        if element.tag == "a":
            depth[element.get("href")] = level
        waiting += [(child, level + (element.tag == "ol")) for child in element]
    assert [depth[f"/{NAME}/m/m{n}@x.example"] for n in range(4)] == [2, 3, 4, 2]


def test_other_lists(engine: Engine) -> None:
    fill(engine.writer(), OTHER, [mail("m0")])
    fill(engine.writer(), "lists.third", [mail("m0")])
    shown = asked(engine, [mail("m0")])
    page = tree(shown, f"/{NAME}/m/m0@x.example")
    assert {
        name: url
        for name, url in links(page).items()
        if url.endswith("m0@x.example") and "lists" in name
    } == {
        OTHER: f"/{OTHER}/m/m0@x.example",
        "lists.third": "/lists.third/m/m0@x.example",
    }
    answer, _ = shown.answer(f"/{NAME}/m/m0@x.example")
    assert answer.lists == {EVERY_LIST}
    with engine.writer().batch() as batch:
        batch.hide(OTHER, [1])
    assert OTHER not in links(tree(Asked(engine.archive()), f"/{NAME}/m/m0@x.example"))


def test_other_versions_of_a_patch(engine: Engine) -> None:
    shown = asked(
        engine,
        [
            mail("v1", subject="[PATCH 2/3] thing: count"),
            mail("noise", subject="[PATCH 1/3] other: count"),
            mail("v3", subject="[PATCH v3 2/4] thing:  count"),
            mail("re", subject="Re: [PATCH 2/3] thing: count"),
            mail("v2", subject="[RFC PATCH net-next v2 2/3] thing: count"),
            mail("else", subject="[PATCH v2 2/3] thing: count").replace(
                b"a@x.example>\nSubj", b"b@x.example>\nSubj"
            ),
        ],
    )
    page = tree(shown, f"/{NAME}/m/v2@x.example")
    found = first(page, "section", aria_labelledby="versions")
    assert [url.rpartition("/")[2] for url in links(found).values()][:2] == [
        "v1@x.example",
        "v3@x.example",
    ]
    assert (
        links(found)["Search the whole list for them"]
        == f"/{NAME}/search?q=subject%3A%22thing%3A+count%22"
    )
    assert "versions" not in {
        each.get("aria-labelledby")
        for each in tree(shown, f"/{NAME}/m/re@x.example").iter("section")
    }


def test_how_to_answer(engine: Engine) -> None:
    fields = (
        "To: L <l@lists.example>", "Cc: 'B' <b@x.example>, undisclosed, $(rm) <x'y@x.example>",
        "List-Post: <mailto:l@lists.example>", "List-Help: <javascript:alert(1)>, <https://lists.example/help>",
        "List-Unsubscribe: <https://lists.example/u?a@x.example>, <mailto:leave@lists.example>",
    )  # fmt: skip
    mails = [mail("m0", *fields, answers="r", subject="[PATCH] Rain & sun")]
    asked(engine, mails)
    with engine.writer().batch() as batch:
        batch.describe(NAME, address="l@lists.example")
    open_page = tree(Asked(engine.archive(), OPEN), f"/{NAME}/m/m0@x.example")
    found = links(open_page)
    assert found["Reply with your mail program"] == (
        "mailto:a@x.example?cc=l@lists.example,b@x.example,x'y@x.example&subject=Re:%20%5BPATCH%5D%20Rain%20%26%20sun"
        "&in-reply-to=%3Cm0@x.example%3E&references=%3Cr@x.example%3E%20%3Cm0@x.example%3E"
    )
    assert found["Write to the list"] == "mailto:l@lists.example"
    assert found["Help of the list"] == "https://lists.example/help"
    assert found["Unsubscribe"] == "https://lists.example/u?a@x.example"
    assert not any("javascript" in url for url in found.values())
    command = next(words(each) for each in open_page.iter("pre") if "git send-email" in words(each))
    assert command == (
        "git send-email \\ '--in-reply-to=<m0@x.example>' \\ --to=a@x.example \\ --cc=l@lists.example \\ "
        "--cc=b@x.example \\ '--cc=x'\"'\"'y@x.example' \\ YOUR.patch"
    )
    assert found["Open in your newsreader, by Message-ID"] == "news:m0@x.example"
    assert found["Open in your newsreader, by number"] == f"nntp://news.example:119/{NAME}/1"
    validity = engine.archive().mailing_list(NAME).validity
    assert (
        found["Open in your mail program, over IMAP"]
        == f"imap://imap.example/{NAME};UIDVALIDITY={validity}/;UID=1"
    )
    closed = tree(Asked(engine.archive()), f"/{NAME}/m/m0@x.example")
    assert links(closed)["Reply with your mail program"].startswith(
        "mailto:l@lists.example?subject="
    )
    assert "Reply with your mail program, to l@lists.example:" in words(closed)
    assert "a@x.example" not in words(closed).replace("m0@x.example", "")
    assert "Open in" not in words(closed)


def test_what_one_message_says_of_the_list_is_not_shown(engine: Engine) -> None:
    fields = ("List-Help: <https://evil.example/>", "List-Post: <mailto:evil@x.example>")
    shown = asked(engine, [mail("m0"), mail("m1"), mail("m2", *fields)])
    assert "evil" not in str(links(tree(shown, f"/{NAME}/m/m2@x.example")))


@pytest.mark.parametrize(
    "people",
    [
        [f"N {n} <n{n}@x.example>" for n in range(12)],
        [f"N {n} <n{n}@x.example>" for n in range(60)],
        [f'"N, {n}" <n{n}@x.example>' for n in range(60)],
        [f"nobody {n}" for n in range(300)],
        ["x" * 2000],
    ],
)
def test_of_many_addresses_most_are_folded(engine: Engine, people: Sequence[str]) -> None:
    """But none is lost."""
    octets = mail("m0", "To: " + ",\n ".join(people), "Cc: " + ",\n ".join(people))
    page = tree(asked(engine, [octets], OPEN), f"/{NAME}/m/m0@x.example")
    fields = first(page, "dl", **{"class": "header-fields"})
    folded = [each for each in fields.iter("details") if each.find("summary") is not None]
    assert len(folded) == (0 if len(people) == 12 else 2)
    for each in folded:
        summary = each.find("summary")
        assert summary is not None
        assert words(summary) == ("and 48 more" if len(people) == 60 else "and more")
        summary.text = ""
    assert "".join(words(fields).split()).count("".join(",".join(people).split())) == 2


def test_very_long_fields(engine: Engine) -> None:
    """Are neither shown nor decoded as a whole."""
    long = "word " * 50_000
    octets = mail("m0", f"To: {long}", subject=long, date=long)
    page = tree(asked(engine, [octets]), f"/{NAME}/m/m0@x.example")
    assert len(words(first(page, "dl", **{"class": "header-fields"}))) < 13_000


def test_a_long_field_is_cut(engine: Engine) -> None:
    shown = asked(
        engine, [mail("m0", "To: " + ",\n ".join(f"N <n{n}@x.example>" for n in range(2000)))]
    )
    page = tree(shown, f"/{NAME}/m/m0@x.example")
    assert links(page)["(and more, in the raw message)"] == f"/{NAME}/m/m0@x.example/raw"
    assert len(words(page)) < 20_000


def test_no_date_no_subject_no_author(engine: Engine) -> None:
    shown = asked(engine, [b"Message-ID: <m0@x.example>\n\nText.\n"])
    page = tree(shown, f"/{NAME}/m/m0@x.example")
    assert words(first(page, "h1")) == "(no subject)"
    assert "Date: 2027-01-15" in words(page)


@pytest.mark.parametrize("fidelity", Fidelity)
def test_what_a_copy_was_made_of(engine: Engine, fidelity: Fidelity) -> None:
    copy = Incoming(mail("m0"), None, "given", b"1", 1, fidelity)
    take(engine.writer(), NAME, Items([copy], "given"))
    text = words(tree(Asked(engine.archive()), f"/{NAME}/m/m0@x.example"))
    assert ("another archive's web page" in text) == (fidelity is Fidelity.PAGE)
    assert ("another archive's text" in text) == (fidelity is Fidelity.TEXT)


def test_no_address_is_whole(engine: Engine) -> None:
    """Wherever one can appear, on every page of a message; but for Message-IDs, which are no addresses."""
    person = "victim@people.example"
    fields = (
        f"To: {person}", f"Cc: V <{person}>", f"Reply-To: {person}",
        f"List-Owner: <mailto:{person}>", f"X-Other: {person}", "MIME-Version: 1.0",
        'Content-Type: multipart/mixed; boundary="="',
    )  # fmt: skip
    parts = (
        f"--=\nContent-Type: text/plain\n\nAsk {person}.\n--=\nContent-Type: text/x-diff; name={person}.patch\n"
        f"Content-Disposition: attachment; filename={person}.patch\n\n--- {person}\n--=--\n"
    )
    date = f"Thu, 1 Jan 2004 12:00:00 +0000 (by {person})"
    mails = [
        mail("m0", *fields, subject=f"[PATCH] for {person}", date=date, body=parts),
        mail("m1", answers="m0", subject=f"[PATCH v2] for {person}", body=f"{person}\n"),
        mail("m2", subject=f"Re: {person}", body=f"> {person} wrote\n").replace(
            b"A <a@x.example>", person.encode()
        ),
    ]
    shown = asked(engine, mails)
    for own in ("m0", "m1", "m2"):
        for last in ("", "/thread", "/flat", "/raw", "/1"):
            answer, body = shown.followed(f"/{NAME}/m/{own}@x.example{last}")
            assert answer.status == 200 or last == "/1"
            for form in (person, person.replace("@", "%40"), person.replace("@", "&#64;")):
                assert form.encode() not in body, (own, last)
                assert form not in str(answer.headers)


def test_a_very_long_subject_is_cut(engine: Engine) -> None:
    shown = asked(
        engine, [mail("m0", subject="long " * 2000), mail("m1", answers="m0", subject="x" * 5000)]
    )
    for own in ("m0", "m1"):
        page = tree(shown, f"/{NAME}/m/{own}@x.example")
        assert len(words(first(page, "h1"))) <= 2003
        assert words(first(page, "h1")).endswith("...")


EVIL: Final = st.text(alphabet="<>\"'&;=/ax-evil@.:?%[]()\t,\\", max_size=60).map(
    lambda text: f"{text}<x-evil onload=1>{text}"
)


@settings(max_examples=60, deadline=None)
@given(EVIL, EVIL, EVIL, EVIL)
def test_nothing_of_a_message_is_markup(one: str, two: str, three: str, four: str) -> None:
    """Whatever stands in its fields, its text and the names of its files."""
    parts = (
        '--=\nContent-Type: text/plain\n\n{0}\n--=\nContent-Type: "{1}"; name="{1}"\n'
        "Content-Disposition: attachment; filename*=utf-8''{1}\n\n{2}\n--=--\n"
    ).format(one, two.replace("\\", ""), three)
    fields = (
        f"To: {two} <b@x.example>", f"Cc: {three}", f"Reply-To: {four} <c@x.example>", f"List-Post: <mailto:{one}>",
        f"List-Help: <https://x.example/{two}>, <{three}>", "MIME-Version: 1.0",
        'Content-Type: multipart/mixed; boundary="="',
    )  # fmt: skip
    mails = [
        mail(
            "m0",
            *fields,
            subject=f"[PATCH] {one}",
            date=f"Thu, 1 Jan 2004 12:00:00 +0000 ({three})",
            body=parts,
        ),
        mail("m1", answers="m0", subject=four, body=two).replace(
            b"From: A", f"From: {four}".encode()
        ),
    ]
    engine = MemoryEngine()
    fill(engine.writer(), NAME, mails)
    for how in (None, OPEN):
        shown = Asked(engine.archive(), how)
        for path in ("m0@x.example", "m1@x.example", "m0@x.example/thread", "m0@x.example/flat"):
            answer, body = shown.answer(f"/{NAME}/m/{path}")
            assert answer.status == 200
            assert b"<x-evil" not in body.lower()
            page = parse(body)
            assert not [each.tag for each in page.iter() if "x-evil" in str(each.tag)]
            assert not [
                name for each in page.iter() for name in each.attrib if name.startswith("on")
            ]
            urls = [each.get("href", "") for each in page.iter("a")]
            assert all(
                re.match(r"[/#]|https?://|ftp://|mailto:|news:|nntp:|imap:", url) for url in urls
            )


def test_edge_cases() -> None:
    """Every nasty message has a page that is right, and what goes with it."""
    engine = MemoryEngine()
    shown = asked(engine, [case.data for case in cases() if case.file.endswith(".eml")])
    archive = engine.archive()
    count = archive.mailing_list(NAME).high
    assert count > 100
    for number in range(1, count + 1):
        url = Urls().message(NAME, done(archive.entry(NAME, number)).message_id)
        tree(shown, url)
        for last in ("/thread", "/flat", "/raw"):
            assert shown.followed(url + last)[0].status == 200
