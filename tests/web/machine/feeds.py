"""What RFC 4287 and RFC 4685 demand of a feed, checked."""

from __future__ import annotations

import re
import xml.etree.ElementTree as ET
from urllib.parse import urlsplit

import html5lib  # type: ignore[import-untyped]

ATOM = "{http://www.w3.org/2005/Atom}"
THREAD = "{http://purl.org/syndication/thread/1.0}"

_DATE = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:Z|[+-](?:[01]\d|2[0-3]):[0-5]\d)")
_IRI = re.compile(r"[a-z]+:(?:[A-Za-z0-9\-._~:/?#@!$&'()*+,;=]|%[0-9A-F]{2})+")
_OF_FEED = ["id", "title", "subtitle", "updated", "link", "generator", "entry"]
_OF_ENTRY = [
    "id", "title", "updated", "published", "author", "link", "category", "summary", "content", "in-reply-to",
]  # fmt: skip  # a list of words


def checked(octets: bytes) -> ET.Element:
    """Return a feed, after asserting that it is one."""
    feed = ET.fromstring(octets)
    assert feed.tag == f"{ATOM}feed"
    assert [each.tag.partition("}")[2] for each in feed if each.tag[1:].startswith("http")]
    for each in feed:
        assert each.tag.partition("}")[2] in _OF_FEED
    for name in ("id", "title", "updated"):  # s. 4.1.1
        assert len(feed.findall(ATOM + name)) == 1
    _check_id(feed)
    _check_dates(feed)
    rels = [each.get("rel") for each in feed.findall(f"{ATOM}link")]
    assert sorted(map(str, rels)) == ["alternate", "self"]
    _check_links(feed)
    entries = feed.findall(f"{ATOM}entry")
    ids = [text(each, "id") for each in entries]
    assert len(set(ids)) == len(ids)
    for entry in entries:
        _check_entry(entry)
    return feed


def _check_entry(entry: ET.Element) -> None:
    for each in entry:
        assert each.tag.partition("}")[2] in _OF_ENTRY
    for name in ("id", "title", "updated", "published", "author", "link", "content"):  # s. 4.1.2
        assert len(entry.findall(ATOM + name)) == 1, name
    assert len(entry.findall(f"{ATOM}summary")) <= 1
    _check_id(entry)
    _check_dates(entry)
    _check_links(entry)
    author = entry.find(f"{ATOM}author")
    assert author is not None
    assert text(author, "name").strip()  # s. 3.2.1
    for email in author.findall(f"{ATOM}email"):
        assert re.fullmatch(".+@.+", email.text or ""), email.text  # s. 3.2.3
    content = entry.find(f"{ATOM}content")
    assert content is not None
    assert content.get("type") == "html"
    parser = html5lib.HTMLParser(strict=True)  # s. 3.1.1.2: fit to stand in a div
    parser.parseFragment(content.text or "", container="div")
    for answered in entry.findall(f"{THREAD}in-reply-to"):  # RFC 4685 s. 3
        assert _IRI.fullmatch(answered.get("ref", ""))


def text(element: ET.Element, name: str) -> str:
    """Return what stands in a child."""
    found = element.find(ATOM + name)
    assert found is not None
    return found.text or ""


def _check_id(element: ET.Element) -> None:
    assert _IRI.fullmatch(text(element, "id")), text(element, "id")


def _check_dates(element: ET.Element) -> None:
    for name in ("updated", "published"):
        for each in element.findall(ATOM + name):
            assert _DATE.fullmatch(each.text or ""), each.text


def _check_links(element: ET.Element) -> None:
    for link in element.findall(f"{ATOM}link"):
        assert _IRI.fullmatch(link.get("href", "")), link.attrib
        assert urlsplit(link.get("href", "")).netloc
