"""What is wrong with a web page: html5lib's strict parser, and rules that a parser does not know."""

from __future__ import annotations

import re
from collections import Counter
from typing import TYPE_CHECKING, Final
from urllib.parse import urldefrag
from xml.etree import ElementTree as ET

import html5lib  # type: ignore[import-untyped]

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

__all__ = ["faults", "faults_of_tree", "parse"]

_PHRASING_ONLY: Final = frozenset((
    "p", "pre", "h1", "h2", "h3", "h4", "h5", "h6", "span", "em", "strong", "b", "i", "code", "kbd", "mark",
    "small", "time", "label", "button", "summary", "abbr", "q", "cite", "sub", "sup",
))  # fmt: skip  # a list of words
_FLOW: Final = frozenset((
    "address", "article", "aside", "blockquote", "details", "div", "dl", "fieldset", "figure", "footer",
    "form", "h1", "h2", "h3", "h4", "h5", "h6", "header", "hr", "main", "nav", "ol", "p", "pre", "search",
    "section", "table", "ul",
))  # fmt: skip  # a list of words
_HEADINGS: Final = ("h1", "h2", "h3", "h4", "h5", "h6")
_INTERACTIVE: Final = frozenset(("a", "button", "details", "input", "label", "select", "textarea"))  # fmt: skip  # a list of words
_CHILDREN: Final = {
    "ul": {"li"},
    "ol": {"li"},
    "dl": {"dt", "dd", "div"},
    "tr": {"th", "td"},
    "thead": {"tr"},
    "tbody": {"tr"},
}
_LANDMARKS: Final = frozenset({"nav", "aside", "search"})
_DATE: Final = re.compile(r"\d{4}(-\d\d(-\d\d([T ]\d\d:\d\d(:\d\d)?(Z|[+-]\d\d:\d\d))?)?)?")


class Invalid(Exception):
    """What a parser does not take."""


def parse(octets: bytes) -> ET.Element:
    """Return a web page's tree.

    Raises:
        Invalid: it is not well written.
    """
    parser = html5lib.HTMLParser(
        html5lib.treebuilders.getTreeBuilder("etree"), strict=True, namespaceHTMLElements=False
    )
    try:
        tree: ET.Element = parser.parse(octets, transport_encoding="utf-8")
    except Exception as error:
        raise Invalid(
            f"{type(error).__name__}: {error}, at {parser.tokenizer.stream.position()}"
        ) from error
    return tree


def faults(octets: bytes) -> list[str]:
    """Return what is wrong with a web page."""
    try:
        return faults_of_tree(parse(octets))
    except Invalid as invalid:
        return [f"Invalid: {invalid}"]


def faults_of_tree(tree: ET.Element) -> list[str]:
    """Return what is wrong with a web page that could be read."""
    return [fault for rule in _RULES for fault in rule(tree)]


def _text(element: ET.Element) -> str:
    return " ".join("".join(element.itertext()).split())


def _elements(tree: ET.Element, *tags: str) -> Iterator[ET.Element]:
    for each in tree.iter():
        if _is_element(each) and (not tags or each.tag in tags):
            yield each


def _is_element(node: ET.Element) -> bool:
    """Tell an element from a comment, which ElementTree marks by a tag that is no text."""
    tag: object = node.tag
    return isinstance(tag, str)


def _named(element: ET.Element) -> str:
    return (
        element.get("aria-label", "")
        or element.get("aria-labelledby", "")
        or element.get("title", "")
    )


def _document(tree: ET.Element) -> Iterator[str]:
    if not tree.get("lang"):
        yield "no language"
    for tag in ("title", "main", "h1"):
        found = list(_elements(tree, tag))
        if len(found) != 1:
            yield f"{len(found)} {tag} elements"
        elif not _text(found[0]):
            yield f"an empty {tag}"


def _headings(tree: ET.Element) -> Iterator[str]:
    level = 0
    for each in _elements(tree, *_HEADINGS):
        own = int(each.tag[1])
        if own > level + 1:
            yield f"h{own} after h{level}: {_text(each)!r}"
        if not _text(each):
            yield f"an empty h{own}"
        level = own


def _references(tree: ET.Element) -> Iterator[str]:
    ids = Counter(each.get("id", "") for each in _elements(tree) if "id" in each.attrib)
    yield from (f"id {own!r} {count} times" for own, count in ids.items() if count > 1)
    yield from (f"id {own!r} is none" for own in ids if not own or re.search(r"\s", own))
    for each in _elements(tree):
        for name in ("for", "aria-labelledby", "aria-describedby", "aria-controls", "headers"):
            yield from (
                f"{name} {own!r} leads nowhere"
                for own in each.get(name, "").split()
                if own not in ids
            )
        page, fragment = urldefrag(each.get("href", ""))
        if fragment and not page and fragment not in ids and each.tag == "a":
            yield f"link to #{fragment}, which is not there"


def _scripts(tree: ET.Element) -> Iterator[str]:
    for each in _elements(tree):
        if each.tag == "style" or (
            each.tag == "script" and each.get("type") != "application/ld+json"
        ):
            yield f"a {each.tag} element"
        yield from (
            f"attribute {name} of {each.tag}"
            for name in each.attrib
            if name == "style" or name.startswith("on")
        )


def _labels(tree: ET.Element) -> Iterator[str]:
    named = {each.get("for") for each in _elements(tree, "label")}
    within = {
        id(each)
        for label in _elements(tree, "label")
        for each in _elements(label, "input", "select", "textarea")
    }
    for each in _elements(tree, "input", "select", "textarea"):
        is_seen = each.get("type") not in {"hidden", "submit"}
        if is_seen and not _named(each) and each.get("id") not in named and id(each) not in within:
            yield f"an {each.tag} without label: {each.get('name')}"


def _names(tree: ET.Element) -> Iterator[str]:
    for each in _elements(tree, "a", "button", "summary"):
        if not _text(each) and not _named(each) and not list(_elements(each, "img", "svg")):
            yield f"an {each.tag} without text: {each.attrib}"
        if each.tag == "a" and not each.get("href"):
            yield f"a link to nothing: {_text(each)!r}"


def _pictures(tree: ET.Element) -> Iterator[str]:
    for each in _elements(tree, "img"):
        if "alt" not in each.attrib:
            yield f"an image without alt: {each.attrib}"
    for each in _elements(tree):
        if each.tag.endswith("svg") and each.get("aria-hidden") != "true" and not _svg_name(each):
            yield "a drawing without name"


def _svg_name(drawing: ET.Element) -> str:
    titles = [each for each in _elements(drawing) if each.tag.endswith("title")]
    return _named(drawing) or "".join(map(_text, titles[:1]))


def _landmarks(tree: ET.Element) -> Iterator[str]:
    for tag in _LANDMARKS:
        names = [_named(each) for each in _elements(tree, tag)]
        if len(names) > 1:
            yield from (
                f"{count} {tag} called {name!r}"
                for name, count in Counter(names).items()
                if count > 1 or not name
            )


def _nesting(tree: ET.Element) -> Iterator[str]:
    """Walk the tree without recursion: what may not stand in what."""
    waiting: list[tuple[ET.Element, str, str]] = [(tree, "", "")]
    while waiting:
        element, phrasing, interactive = waiting.pop()
        if not _is_element(element):
            continue
        tag = element.tag
        if phrasing and tag in _FLOW and not (phrasing == "summary" and tag in _HEADINGS):
            yield f"{tag} in {phrasing}"
        is_interactive = tag in _INTERACTIVE and tag not in {"label", "details"}
        if (
            interactive
            and is_interactive
            and element.get("type") != "hidden"
            and interactive != "label"
        ):
            yield f"{tag} in {interactive}"
        allowed = _CHILDREN.get(tag)
        if allowed is not None:
            yield from (f"{each.tag} in {tag}" for each in element if each.tag not in allowed)
            if tag != "dl" and not len(element) and tag in {"ul", "ol"}:
                yield f"an empty {tag}"
        inside = tag if tag in _PHRASING_ONLY else phrasing
        acting = tag if tag in {"a", "button", "summary"} else interactive
        waiting += [(each, inside, acting) for each in element]


def _tables(tree: ET.Element) -> Iterator[str]:
    for table in _elements(tree, "table"):
        heads = list(_elements(table, "th"))
        if not heads:
            yield "a table without th"
        yield from (f"th without scope: {_text(each)!r}" for each in heads if not each.get("scope"))
        widths = {
            sum(int(cell.get("colspan", "1")) for cell in row) for row in _elements(table, "tr")
        }
        if len(widths) > 1 and not any("rowspan" in each.attrib for each in _elements(table)):
            yield f"a table with rows of {sorted(widths)} cells"


def _times(tree: ET.Element) -> Iterator[str]:
    for each in _elements(tree, "time"):
        if not _DATE.fullmatch(each.get("datetime", "")):
            yield f"time {each.get('datetime')!r}"


_RULES: Final[tuple[Callable[[ET.Element], Iterator[str]], ...]] = (
    _document,
    _headings,
    _references,
    _scripts,
    _labels,
    _names,
    _pictures,
    _landmarks,
    _nesting,
    _tables,
    _times,
)
