from __future__ import annotations

import pytest

from gateway.web.body import parse, render
from gateway.web.body.inline import MAX_MENTIONED, MAX_URL
from tests.web.body.seen import body_of, html_of, message, rendered, text_of, tree_of, wrong


def links(text: str) -> list[str]:
    """Return the links of a text, as ``address`` or ``address|text``."""
    html = body_of(text)
    assert text_of(html) == text
    assert not wrong(html)
    found = []
    for each in tree_of(html).iter("a"):
        href, said = each.get("href", ""), "".join(each.itertext())
        found.append(href if href == said else f"{href}|{said}")
    return found


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("http://a.example", ["http://a.example"]),
        ("see https://a.example/b?c=d&e=f#g now", ["https://a.example/b?c=d&e=f#g"]),
        ("ftp://a.example/b", ["ftp://a.example/b"]),
        ("HTTP://A.EXAMPLE/", ["HTTP://A.EXAMPLE/"]),
        ("http://a.example:8080/x http://[2001:db8::1]/y", ["http://a.example:8080/x", "http://[2001:db8::1]/y"]),
        # What follows is the text's.
        ("at http://a.example/b. And", ["http://a.example/b"]),
        ("(see http://a.example/b), or", ["http://a.example/b"]),
        ("http://a.example/b_(c)", ["http://a.example/b_(c)"]),
        ("(http://a.example/b_(c)).", ["http://a.example/b_(c)"]),
        ("[http://a.example/b], {http://a.example/c}", ["http://a.example/b", "http://a.example/c"]),
        ("\"http://a.example/b\" 'http://a.example/c'", ["http://a.example/b", "http://a.example/c"]),
        ("<http://a.example/b>, <URL:http://a.example/c>", ["http://a.example/b", "http://a.example/c"]),
        ("http://a.example/b?!?", ["http://a.example/b"]),
        ("http://a.example/ü http://ä.example/", ["http://a.example/ü", "http://ä.example/"]),
        ("见http://a.example/b。谢谢", ["http://a.example/b"]),
        ("http://a.example/b)))", ["http://a.example/b"]),
        # What is no link.
        ("javascript://a.example/%0aalert(1)", []),
        ("javascript:alert(1) data:text/html,x file:///etc/passwd", []),
        ("http:// http://. http:/// ://x http:a", []),
        ("http://user@a.example/ http://user:word@a.example/", []),
        ("http://-a.example/ http://a..b", ["http://a..b"]),
        ("http://a.example:x/ http://a.example:123456/", []),
        (f"http://a.example/{'x' * MAX_URL}", []),
        ("http://...", []),
        ("http://.&lt;b&gt;", []),
        # One in another.
        ("http://a.example/http://b.example/c", ["http://a.example/http://b.example/c"]),
        ("javascript:http://a.example/b", ["http://a.example/b"]),
    ],
)  # fmt: skip  # a table
def test_urls_become_links(text: str, found: list[str]) -> None:
    assert links(text) == found


def test_a_link_gives_no_credit_and_no_power() -> None:
    assert '<a href="http://a.example/?a&amp;b" rel="nofollow noopener ugc">http://a.example/?a&amp;b</a>' in (
        body_of("http://a.example/?a&b")
    )  # fmt: skip


def test_a_value_cannot_be_left() -> None:
    html = body_of("http://a.example/'onclick='alert(1)")
    assert links("http://a.example/'onclick='alert(1)") == ["http://a.example/'onclick='alert(1)"]
    assert "&#39;" in html


def test_ids_become_links_where_they_are_known() -> None:
    octets = message("As <20240101.1@mail.example> and <2.3@x.example> say.\n")
    parsed = parse(octets, obfuscate=True)
    assert parsed.mentioned == [b"<20240101.1@mail.example>", b"<2.3@x.example>"]
    html = rendered(parsed, {b"<20240101.1@mail.example>": "/l/m/20240101.1@mail.example?a&b"})
    assert (
        'As &lt;<a href="/l/m/20240101.1@mail.example?a&amp;b">20240101.1@mail.example</a>&gt; '
        "and &lt;2.3@...xample&gt; say." in html
    )


@pytest.mark.parametrize(
    "text",
    ["<ann@example.org>", "<mailto:a1@example.org>", "<1 2@example.org>", f"<1{'x' * 300}@example.org>"],
)  # fmt: skip  # a list
def test_what_is_more_likely_an_address_is_not_looked_up(text: str) -> None:
    assert parse(message(text), obfuscate=True).mentioned == []


def test_no_more_are_looked_up_than_may_be() -> None:
    text = "".join(f"<{number}@x.example>\n" for number in range(MAX_MENTIONED + 10))
    parsed = parse(message(text + text), obfuscate=False)
    assert len(parsed.mentioned) == MAX_MENTIONED
    known = dict.fromkeys(parsed.mentioned, "/x")
    html = str(render(parsed, known, str))
    assert html.count("<a ") == 2 * MAX_MENTIONED
    assert text_of(html) == text + text


def test_links_to_other_archives_become_links_to_this_one() -> None:
    def archived_id(url: str) -> bytes | None:
        return b"<1@x.example>" if url == "https://lore.example/r/1@x.example" else None

    octets = message("Link: https://lore.example/r/1@x.example, https://b.example/\n")
    parsed = parse(octets, obfuscate=True, archived_id=archived_id)
    assert parsed.mentioned == [b"<1@x.example>"]
    known = rendered(parsed, {b"<1@x.example>": "/l/m/1@x.example"})
    assert '<a href="/l/m/1@x.example">https://lore.example/r/1@x.example</a>, <a' in known
    unknown = rendered(parsed)
    assert '<a href="https://lore.example/r/1@x.example" rel="nofollow noopener ugc">' in unknown
    assert text_of(known) == text_of(unknown)


def test_other_archives_are_asked_about_a_bounded_number_of_urls() -> None:
    asked = []

    def archived_id(url: str) -> bytes | None:
        asked.append(url)
        return None

    parse(message("http://a.example/\n" * 1000), obfuscate=False, archived_id=archived_id)
    assert len(asked) == 300


def test_addresses_are_obfuscated_or_not() -> None:
    octets = message(
        "Mail <ann@example.org> or ann@example.org & http://a.example/ann@example.org\n"
    )
    hidden = html_of(octets, obfuscate=True)
    assert text_of(hidden) == (
        "Mail <ann@...mple.org> or ann@...mple.org & http://a.example/ann@example.org\n"
    )
    assert text_of(html_of(octets)) == (
        "Mail <ann@example.org> or ann@example.org & http://a.example/ann@example.org\n"
    )


def test_a_url_whose_scheme_is_an_address_is_none() -> None:
    html = body_of("a@http://a.example/ http://b.example/", obfuscate=True)
    assert text_of(html) == "a@...p://a.example/ http://b.example/"
    assert [each.get("href") for each in tree_of(html).iter("a")] == ["http://b.example/"]


@pytest.mark.parametrize(
    ("written", "href"),
    [
        ("http://a.example/?a[]=1&b={x|y}", "http://a.example/?a%5B%5D=1&b=%7Bx%7Cy%7D"),
        ("http://a.example/man\\-pages/", "http://a.example/man%5C-pages/"),
        ("http://a.example/100%/%20/%{x}", "http://a.example/100%25/%20/%25%7Bx%7D"),
        ("http://[2001:db8::1]:80/[x]", "http://[2001:db8::1]:80/%5Bx%5D"),
    ],
)
def test_what_a_url_may_not_have_is_encoded_in_its_link(written: str, href: str) -> None:
    assert links(written) == [f"{href}|{written}"]
