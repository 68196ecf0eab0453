"""Wildmats: the patterns of newsgroup names (RFC 3977 s. 4) and of field contents (RFC 2980 s. 2.9, 3.3).

A pattern is cut at its asterisks into segments of fixed length. Each is sought once, from where the one before it
ended, and never again: so matching takes time proportional to text and segment, whatever the pattern.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from gateway.nntp.responses import NntpError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

__all__ = ["MATCHED_CHARACTERS", "newsgroup_wildmat", "text_wildmat"]

MATCHED_CHARACTERS: Final = 1000
"""How much of a text is looked at: room for any honest field."""


def newsgroup_wildmat(wildmat: bytes) -> Callable[[str], bool]:
    """Return a test of names: ``*``, ``?``, alternatives joined by commas, ``!`` before those that exclude.

    RFC 3977 s. 4.2: the rightmost alternative that matches decides. Beyond that (s. 4.3): sets such as ``[a-z]`` and
    ``[^0-9]``, a backslash before a character that is to stand for itself, and ``!`` before the first alternative too.

    Raises:
        NntpError: it is no wildmat.
    """
    tests = [
        (not alternative.startswith("!"), _pattern(alternative.removeprefix("!")))
        for alternative in _alternatives(wildmat.decode())
    ]
    tests.reverse()

    def matches(name: str) -> bool:
        return next((verdict for verdict, pattern in tests if pattern.match(name)), False)

    return matches


def text_wildmat(wildmat: bytes) -> Callable[[bytes], bool]:
    """Return a test of field contents: one pattern, in which commas and ``!`` stand for themselves.

    Raises:
        NntpError: it is no wildmat.
    """
    pattern = _pattern(wildmat.decode())

    def matches(text: bytes) -> bool:
        start = text[:MATCHED_CHARACTERS].decode("utf-8", "surrogateescape")
        return pattern.match(start) is not None

    return matches


def _alternatives(wildmat: str) -> Iterator[str]:
    """Yield what stands between the commas that separate."""
    start = 0
    for item in _items(wildmat):
        if item[0] == ",":
            yield wildmat[start : item.start()]
            start = item.end()
    yield wildmat[start:]


# An item is an escaped character, a set, or a character; what is left over fails.
_ITEM: Final = re.compile(r"\\.|\[\^?+\]?+[^\]]*+\]|[^\\\[]", re.DOTALL)


def _items(wildmat: str) -> Iterator[re.Match[str]]:
    end = 0
    while end < len(wildmat):
        item = _ITEM.match(wildmat, end)
        if not item:
            raise NntpError(501, "syntax error in wildmat")
        end = item.end()
        yield item


def _pattern(wildmat: str) -> re.Pattern[str]:
    """Translate one pattern. Segments are atomic and sought lazily, so nothing is tried twice."""
    segments: list[list[str]] = [[]]
    for item in _items(wildmat):
        if item[0] == "*":
            segments.append([])
        else:
            segments[-1].append(_item(item[0]))
    if not wildmat:
        raise NntpError(501, "empty pattern in wildmat")
    first, *others = ("".join(segment) for segment in segments)
    if not others:
        return re.compile(rf"{first}\Z", re.DOTALL)
    *middle, last = others
    sought = "".join(rf"(?>.*?{segment})" for segment in middle if segment)
    length = len(segments[-1])
    return re.compile(rf"{first}{sought}(?=.{{{length}}}).*+(?<={last})\Z", re.DOTALL)


def _item(item: str) -> str:
    """Translate one item, other than an asterisk, into an expression for exactly one character."""
    if item == "?":
        return "."
    if item[0] == "\\":
        return re.escape(item[1])
    if item[0] != "[":
        return re.escape(item)
    members = item[1:-1]
    excluded = members.startswith("^")
    return _set(members[1:] if excluded else members, excluded=excluded)


def _set(members: str, *, excluded: bool) -> str:
    """Translate the inside of a set: characters and ranges; a range that runs backwards is empty."""
    ranges = []
    at = 0
    while at < len(members):
        last = members[at + 2] if members[at + 1 : at + 2] == "-" and at + 2 < len(members) else ""
        if not last:
            ranges.append(re.escape(members[at]))
        elif members[at] <= last:
            ranges.append(f"{re.escape(members[at])}-{re.escape(last)}")
        at += 3 if last else 1
    if not ranges:
        return "." if excluded else "(?!)."
    return f"[{'^' if excluded else ''}{''.join(ranges)}]"
