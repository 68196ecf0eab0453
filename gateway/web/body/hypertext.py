"""HTML as plain text: what it says, without what it looks like. In linear time, whatever it is.

Blocks are lines, quotations are marked as in plain text, items of lists begin with ``*`` or a number, cells of a table
are two blanks apart, links are followed by their address in brackets, preformatted text stays as it is.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from gateway.web.body.lines import MARKS
from storage.message.entities import unescaped

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["MAX_NESTED", "plain_steps"]

MAX_NESTED: Final = 20
"""Quotations, or lists, within each other that are told apart."""

STEP: Final = 16_384
"""Characters after which others may do something."""

_TAG_COST: Final = 8  # characters that are read in the time that one more tag takes

# A piece of text may begin with a reference, and is longer than any is. Each alternative ends somewhere, be it at the
# end of the text: nothing is looked at twice.
_TOKEN: Final = re.compile(
    r"<(?:!--.*?(?:-->|\Z)"
    r"|(/?)([a-zA-Z][a-zA-Z0-9:]{0,30}+)((?:[^>=]++|=\s*+(?:\"[^\"]*+\"?|'[^']*+'?)?+)*+)(?:>|\Z)"
    r"|[!?/][^>]*+(?:>|\Z))"
    r"|([<&]?[^<&]{0,4096}+)",
    re.DOTALL,
)
_SKIPPED: Final = {
    name: re.compile(f"</{name}", re.IGNORECASE)
    for name in (
        "script",
        "style",
        "title",
        "template",
        "svg",
        "math",
        "noembed",
        "iframe",
        "object",
    )
}
_ATTRIBUTE: Final = re.compile(
    r"([^\s=/>\"']++)(?:\s*+=\s*+(?:\"([^\"]*+)|'([^']*+)|([^\s>]*+)))?+[\"']?+"
)
_MAX_ATTRIBUTES: Final = 20_000  # characters of a tag that are looked at
_SPACE: Final = re.compile(r"[ \t\n\r\f]+")
_LINKED: Final = ("http://", "https://", "ftp://", "mailto:")

_PARAGRAPHS: Final = frozenset((
    "p", "h1", "h2", "h3", "h4", "h5", "h6", "table", "dl", "hr", "figure", "fieldset",
))  # fmt: skip  # a list of words
_BLOCKS: Final = frozenset((
    "div", "tr", "address", "article", "aside", "body", "caption", "center", "dd", "details", "dt", "figcaption", "footer",
    "form", "header", "html", "legend", "main", "nav", "option", "section", "summary", "tbody", "tfoot", "thead",
))  # fmt: skip  # a list of words
_LISTS: Final = frozenset(("ul", "ol", "menu", "dir"))
_PREFORMATTED: Final = frozenset(("pre", "listing", "xmp", "plaintext", "textarea"))


def plain_steps(html: str) -> Iterator[str | None]:
    """Yield None now and then while HTML is read, and in the end what it says."""
    text = _Text()
    at = fresh = 0
    while at < len(html):
        found = _TOKEN.match(html, at)
        assert found is not None
        fresh += found.end() - at + _TAG_COST
        at = found.end()
        if found[4]:
            text.say(found[4])
        elif found[2]:
            name = found[2].lower()
            if name in _SKIPPED and not found[1]:
                end = _SKIPPED[name].search(html, at)
                at = len(html) if end is None else end.start()
            else:
                text.tag(name, found[3][:_MAX_ATTRIBUTES], closes=bool(found[1]))
        if fresh > STEP:
            fresh = 0
            yield None
    yield text.finished()


class _Text:
    """The text so far: whole lines, and the pieces of the last one."""

    __slots__ = (
        "_gap",
        "_href",
        "_lines",
        "_lists",
        "_pieces",
        "_pre",
        "_quoted",
        "_said",
        "_space",
    )

    def __init__(self) -> None:
        self._lines: list[str] = []
        self._pieces: list[str] = []
        self._quoted = self._pre = 0
        self._lists: list[
            int
        ] = []  # the number of the last item of each, -1 in one without numbers
        self._href: str | None = None
        self._said: list[str] = []  # what the link says
        self._space = False  # whether a blank comes before the next word
        self._gap = (
            -1
        )  # how deeply the empty line is quoted that comes before the next one; -1 if none does

    def say(self, text: str) -> None:
        """Add text that stands between tags."""
        if not text:
            return
        text = unescaped(text)
        if self._pre:
            self._preformatted(text)
            return
        words = _SPACE.sub(" ", text)
        if words == " ":
            self._space = True
            return
        if words[0] == " ":
            self._space = True
            words = words[1:]
        if self._space and self._pieces:
            words = f" {words}"
        self._space = words[-1] == " "
        self._put(words[:-1] if self._space else words)

    def tag(self, name: str, attributes: str, *, closes: bool) -> None:
        """Do what a tag is for."""
        if name in {"td", "th"}:
            if not closes and self._pieces:
                self._put("  ")
                self._space = False
        elif name == "a":
            self._link(None if closes else attributes)
        elif name == "img" and not closes:
            said = _attribute("alt", attributes)
            if said:
                self.say(f"[{said}]")
        elif name == "br":
            self._end()
        else:
            self._block(name, closes=closes)

    def finished(self) -> str:
        """Return all of it."""
        self._link(None)
        self._end_block()
        while self._lines and not self._lines[-1].strip("> "):
            self._lines.pop()
        return "\n".join(self._lines) + "\n" if self._lines else ""

    def _block(self, name: str, *, closes: bool) -> None:
        if name in _PARAGRAPHS:
            self._paragraph()
            if name == "hr" and not closes:
                self._put("-" * 20)
                self._paragraph()
        elif name == "li":
            self._end_block()
            if not closes:
                self._item()
        elif name in _LISTS:
            self._list(-1 if name != "ol" else 0, closes=closes)
        elif name == "blockquote":
            self._paragraph()
            self._quoted = max(0, self._quoted - 1) if closes else min(self._quoted + 1, MAX_NESTED)
            self._paragraph()
        elif name in _PREFORMATTED:
            self._end_block()
            self._pre = max(0, self._pre - 1) if closes else self._pre + 1
        elif name in _BLOCKS:
            self._end_block()

    def _put(self, text: str) -> None:
        self._pieces.append(text)
        if self._href is not None:
            self._said.append(text)

    def _preformatted(self, text: str) -> None:
        first, *rest = text.replace("\r\n", "\n").replace("\r", "\n").split("\n")
        if first:
            self._put(first)
        for line in rest:
            self._end()
            if line:
                self._put(line)

    def _end(self) -> None:
        """End the line, and put the empty one before it that was to come."""
        if self._gap >= 0:
            self._lines.append((MARKS * min(self._gap, self._quoted)).rstrip(" "))
            self._gap = -1
        line = MARKS * self._quoted + "".join(self._pieces).rstrip(" ")
        self._lines.append(line if self._pieces else line.rstrip(" "))
        self._pieces.clear()
        self._space = False

    def _end_block(self) -> None:
        """End the line, unless it is empty."""
        if self._pieces:
            self._end()
        self._space = False

    def _paragraph(self) -> None:
        """End the line and let an empty one come before the next, unless there is one."""
        self._end_block()
        if self._lines and self._lines[-1].strip("> "):
            self._gap = min(self._gap, self._quoted) if self._gap >= 0 else self._quoted

    def _list(self, number: int, *, closes: bool) -> None:
        self._end_block()
        if closes:
            self._lists = self._lists[:-1]
        if not self._lists:
            self._paragraph()
        if not closes and len(self._lists) < MAX_NESTED:
            self._lists.append(number)

    def _item(self) -> None:
        mark = "* "
        if self._lists and self._lists[-1] >= 0:
            self._lists[-1] += 1
            mark = f"{self._lists[-1]}. "
        self._put("  " * max(0, len(self._lists) - 1) + mark)

    def _link(self, attributes: str | None) -> None:
        """End the link, if there is one, and begin another if there are attributes."""
        if self._href is not None:
            href, said = self._href, "".join(self._said).strip()
            self._href = None
            self._said.clear()
            if said and not _tells(said, href):
                self._put(f" [{href}]")
        if attributes is not None:
            href = _SPACE.sub("", _attribute("href", attributes))
            self._href = href if href.lower().startswith(_LINKED) else None


def _attribute(name: str, attributes: str) -> str:
    """Return the value of a tag's first attribute so named, on one line; empty if it has none."""
    for found in _ATTRIBUTE.finditer(attributes):
        if found[1].lower() == name:
            value = found[2] or found[3] or found[4] or ""
            return _SPACE.sub(" ", unescaped(value)).strip()
    return ""


def _tells(said: str, href: str) -> bool:
    """Tell whether a link's text is its address."""
    bare = href.rstrip("/")
    return said.rstrip("/") in {bare, bare.partition("://")[2], bare.partition(":")[2]}
