"""What a browser makes of the HTML of a message."""

from __future__ import annotations

import itertools
from typing import TYPE_CHECKING, Final, TypeVar

from tests.web.validity import parse as parse_page

if TYPE_CHECKING:
    from collections.abc import Generator, Iterator, Mapping
    from xml.etree import ElementTree as ET

from gateway.web.body import Parsed, parse, render

T = TypeVar("T")

__all__ = [
    "TAGS",
    "attachment_url",
    "body_of",
    "driven",
    "html_of",
    "message",
    "text_of",
    "tree_of",
    "wrong",
]

TAGS: Final = frozenset({"div", "p", "pre", "span", "a", "details", "summary"})
CLASSES: Final = frozenset({
    "text", "q1", "q2", "q3", "quote", "sig", "file", "hunk", "add", "del", "part", "note", "enclosed", "fields", "attached",
})  # fmt: skip  # a list of words
LINKS: Final = ("http://", "https://", "ftp://", "#", "/")


def message(text: str | bytes, *fields: str) -> bytes:
    """Return a message in its served form."""
    octets = text.encode("utf-8", "surrogatepass") if isinstance(text, str) else text
    head = "\r\n".join(["Message-ID: <1@x.example>", *fields, "", ""]).encode()
    return head + octets.replace(b"\r\n", b"\n").replace(b"\n", b"\r\n")


def attachment_url(at: int) -> str:
    return f"/l/m/1@x.example/{at}"


def html_of(
    octets: bytes, known: Mapping[bytes, str] | None = None, *, obfuscate: bool = False
) -> str:
    return rendered(parse(octets, obfuscate=obfuscate), known)


def rendered(parsed: Parsed, known: Mapping[bytes, str] | None = None) -> str:
    return str(render(parsed, known or {}, attachment_url))


def body_of(text: str, *fields: str, obfuscate: bool = False) -> str:
    """Return the HTML of a text."""
    return html_of(message(text, *fields), obfuscate=obfuscate)


def driven(steps: Generator[None, None, T]) -> tuple[int, T]:
    """Return how many steps there were, and what came of them."""
    for count in itertools.count():
        try:
            next(steps)
        except StopIteration as stop:
            found: T = stop.value
            return count, found
    raise AssertionError


def tree_of(html: str) -> ET.Element:
    """Return what a strict parser makes of it, in a page."""
    page = f"<!DOCTYPE html><html lang=en><head><title>x</title></head><body>{html}</body></html>"
    found = parse_page(page.encode()).find("body")
    assert found is not None
    return found


def text_of(html: str) -> str:
    """Return the text of all that is preformatted, in its order; summaries and headings are not of it."""
    return "".join(
        "".join(each.itertext())
        for each in tree_of(html).iter("pre")
        if each.get("class") == "text"
    )


def wrong(html: str) -> list[str]:
    """Return what is in it that may not be."""
    return [fault for each in tree_of(html).iter() for fault in _wrong(each)]


def _wrong(element: ET.Element) -> Iterator[str]:
    if element.tag != "body" and element.tag not in TAGS:
        yield f"a tag {element.tag!r}"
    for name, value in element.items():
        if name == "class":
            if value not in CLASSES:
                yield f"a class {value!r}"
        elif name == "href":
            if element.tag != "a" or not value.lower().startswith(LINKS):
                yield f"a link to {value!r} in {element.tag}"
        elif name == "rel":
            if value != "nofollow noopener ugc":
                yield f"rel={value!r}"
        elif name != "id" or element.tag != "span":
            yield f"an attribute {name!r}"
