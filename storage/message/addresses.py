"""Address lists as values: RFC 5322 s. 3.4 and 4.4, and what mail has instead.

Groups, routes, comments as names, quoted strings; a list separated by semicolons; words where an address should be.
Nothing raises, and everything takes time linear in the value's length.
"""

from __future__ import annotations

import re
from functools import lru_cache
from typing import TYPE_CHECKING, Final, NamedTuple

from storage.message.words import decode

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

__all__ = [
    "MAX_ADDRESSES",
    "MAX_LIST",
    "MISSING_DOMAIN",
    "MISSING_MAILBOX",
    "Address",
    "addresses",
    "display",
    "entries",
    "first_address",
    "first_mailbox",
]

MAX_ADDRESSES: Final = 10_000
"""Addresses of one list that are looked at."""

MAX_LIST: Final = 262_144
"""Octets of a list that are looked at."""

MISSING_MAILBOX: Final = b"MISSING_MAILBOX"
MISSING_DOMAIN: Final = b"MISSING_DOMAIN"
"""What stands for an absent part, so that the address is not taken for a group's start; Dovecot writes the same."""


class Address(NamedTuple):
    """An address, or where a group begins or ends: as the four fields of IMAP's address structure.

    Without a ``host`` it is a group's start, ``mailbox`` being the group's name; without either, its end (RFC 9051
    s. 7.5.2). ``name`` is unquoted, but not decoded.
    """

    name: bytes | None
    route: bytes | None
    mailbox: bytes | None
    host: bytes | None


_GROUP_END: Final = Address(None, None, None, None)

# Every octet is in some token. An encoded word is one, though some hold what may not stand in them.
_TOKEN: Final = re.compile(
    rb"(?P<space>[ \t\r\n]++)"
    rb"|(?P<word>=\?[!-;=@-~]{1,64}\?[BbQq]\?[!-;=@-~]*+\?=|\[[^\[\]<>]*+\]|[^ \t\r\n\"(),:;<>@\[\\]++|\\.|[\[)\\])"
    rb"|(?P<special>[\"(,:;<>@])",
    re.DOTALL,
)
_QUOTED: Final = re.compile(rb'"((?:[^"\\]|\\.)*+)"', re.DOTALL)
_QUOTED_PAIR: Final = re.compile(rb"\\(.)", re.DOTALL)
_NESTING: Final = b":;(\\["
_QUOTED_TEXT: Final = re.compile(rb'"[^"]*+"')
_ROUTE: Final = re.compile(rb"<[ \t]*@")
_ENTRY: Final = re.compile(rb'(?:[^",]++|"[^"]*+")++')
# Ann <ann@example.org>, "Ann" <ann@example.org>, ann@example.org, where each word is one token.
_PLAIN: Final = re.compile(
    rb' *+(?:(?:(W++(?: W++)*+) |"([^"\\]*+)" )?<(W++)@(W++)>|(W++)@(W++)) *+'.replace(
        b"W", rb"[^ \t\r\n\"(),:;<>@\[\\=]"
    )
)
_MAX_KEPT: Final = 200  # octets of an entry that is worth keeping
_COMMENT_TEXT: Final = re.compile(rb"(?:[^()\\]|\\.)*+\\?", re.DOTALL)
_OPENING: Final = ord("(")


class _Word(NamedTuple):
    """A word of an address or ``@``; whether blanks stood before it, and whether it was quoted."""

    text: bytes
    apart: bool
    quoted: bool = False


_AT: Final = b"@"


def addresses(value: bytes) -> Sequence[Address]:
    """Return the addresses of an unfolded value, with the starts and ends of groups.

    Reads one by one what ``entries`` cuts it into.

    An address without a domain gets ``MISSING_DOMAIN``; words that are none are a name, with ``MISSING_MAILBOX``.
    ``local at domain``, as archives write it against harvesters (and RFC 733 once allowed), is read as ``local@domain``.
    """
    return [address for entry in entries(value) for address in _read(entry)]


def first_address(value: bytes) -> Sequence[Address]:
    """Return ``addresses(value)[:1]``, read no further than to its end."""
    return next((found[:1] for found in map(_read, entries(value)) if found), ())


def entries(value: bytes) -> Sequence[bytes]:
    """Cut an unfolded list at its commas where that is easily done, so that what often comes is read once.

    Where groups, comments, routes or the like may hold commas, the whole is one entry.
    """
    value = value[:MAX_LIST]
    if b"," not in value or _is_nested(value):
        return (value,)
    if b'"' not in value:
        found = value.split(b",")
    elif value.count(b'"') % 2:
        return (value,)
    else:
        found = _ENTRY.findall(value)
    if b"=?" in value and any(
        entry.count(b"?") % 4 for entry in found
    ):  # a comma in an encoded word
        return (value,)
    return found[:MAX_ADDRESSES]


def _is_nested(value: bytes) -> bool:
    """Tell whether something but quoted strings may hold commas."""
    # The signs are told to be there by what is left without them: a search for any of several is slow.
    if len(value.translate(None, _NESTING)) < len(value):
        if b"\\" in value or b"=?" in value or value.count(b'"') % 2:
            return True
        value = _QUOTED_TEXT.sub(b"", value)  # of names such as "Ann (Example Inc.)"
    return len(value.translate(None, _NESTING)) < len(value) or _ROUTE.search(value) is not None


def first_mailbox(found: Sequence[Address]) -> bytes:
    """Return the mailbox of the first address, for SORT FROM, TO, CC (RFC 5256 s. 3); empty if there is none."""
    return (found[0].mailbox or b"") if found else b""


def display(found: Sequence[Address]) -> str:
    """Return the first address as it is displayed, for SORT=DISPLAY: its decoded name, or ``mailbox@host``. RFC 5957.

    A group's is its name.
    """
    if not found:
        return ""
    first = found[0]
    if first.name:
        return decode(first.name)
    mailbox = decode(first.mailbox or b"")
    return mailbox if first.host is None else f"{mailbox}@{decode(first.host)}"


def _read(entry: bytes) -> Sequence[Address]:
    plain = _PLAIN.fullmatch(entry)
    if plain:  # as most are
        name, quoted, mailbox, host, bare_mailbox, bare_host = plain.groups()
        name = (name or quoted or b"").strip() or None
        return (Address(name, None, mailbox or bare_mailbox, host or bare_host),)
    return _read_often(entry) if len(entry) <= _MAX_KEPT else _Reader(entry).read()


@lru_cache(maxsize=4096)
def _read_often(entry: bytes) -> Sequence[Address]:
    return tuple(_Reader(entry).read())


class _Reader:
    """One pass over an address list."""

    __slots__ = ("_angle", "_closes", "_comment", "_found", "_grouped", "_value", "_words")

    def __init__(self, value: bytes) -> None:
        self._value = value
        self._found: list[Address] = []
        self._words: list[_Word] = []
        self._angle: list[_Word] | None = None
        self._comment = b""
        self._grouped = False
        self._closes = True  # whether quotes that are opened are closed

    def read(self) -> list[Address]:
        value = self._value
        at, apart, inside = 0, False, False
        while at < len(value) and len(self._found) < MAX_ADDRESSES:
            token = _TOKEN.match(value, at)
            assert token is not None
            at = token.end()
            if token.lastgroup == "space":
                apart = True
                continue
            text = token[0]
            if text == b"(":
                at = self._read_comment(at, inside=inside)
                continue
            if text == b'"':
                at = self._read_quoted(at - 1, apart=apart, inside=inside)
            elif token.lastgroup == "word":
                self._put(_Word(text, apart), inside=inside)
            elif inside:
                inside = self._inside(text, apart=apart)
            else:
                inside = self._outside(text, apart=apart)
            apart = False
        self._flush()
        if self._grouped:
            self._found.append(_GROUP_END)
        return self._found

    def _put(self, word: _Word, *, inside: bool) -> None:
        if inside and self._angle is not None:
            self._angle.append(word)
        elif self._angle is None:  # what follows an address in angle brackets is dropped
            self._words.append(word)

    def _outside(self, special: bytes, *, apart: bool) -> bool:
        """Take a special outside angle brackets; return whether it opens them."""
        if special == b"<":
            if self._angle is None:
                self._angle = []
                return True
        elif special == b",":
            self._flush()
        elif special == b";":
            self._flush()
            if self._grouped:
                self._found.append(_GROUP_END)
                self._grouped = False
        elif special == b":" and self._words and not self._grouped and self._angle is None:
            self._found.append(Address(None, None, _phrase(self._words) or b"", None))
            self._grouped = True
            self._start()
        elif special != b">":
            self._put(_Word(special, apart), inside=False)
        return False

    def _inside(self, special: bytes, *, apart: bool) -> bool:
        """Take a special inside angle brackets; return whether they stay open."""
        words = self._angle or ()
        if special == b">":
            return False
        if special == b"," and not (
            words and words[0].text == _AT
        ):  # no route: they were not closed
            self._flush()
            return False
        self._put(_Word(special, apart), inside=True)
        return True

    def _read_comment(self, at: int, *, inside: bool) -> int:
        """Read a comment from behind its parenthesis; return where it ends."""
        value, start, depth = self._value, at, 1
        while depth and at < len(value):
            text = _COMMENT_TEXT.match(value, at)
            at = text.end() if text else at
            if at < len(value):
                depth += 1 if value[at] == _OPENING else -1
                at += 1
        if not inside:
            self._comment = _unquoted(value[start : at if depth else at - 1]).strip()
        return at

    def _read_quoted(self, at: int, *, apart: bool, inside: bool) -> int:
        """Read a quoted string from its quote; return where it ends. A quote that is not closed is let go."""
        found = _QUOTED.match(self._value, at) if self._closes else None
        if found is None:
            self._closes = False
            return at + 1
        self._put(_Word(_unquoted(found[1]), apart, quoted=True), inside=inside)
        return found.end()

    def _start(self) -> None:
        self._words, self._angle, self._comment = [], None, b""

    def _flush(self) -> None:
        """End an address."""
        words, comment = self._words, self._comment or None
        if self._angle is not None:
            name = _phrase(words) or comment
            self._found.append(_bracketed(self._angle, name))
        elif words:
            self._found.append(_bare(words, comment))
        self._start()


def _bracketed(words: Sequence[_Word], name: bytes | None) -> Address:
    """Return the address between angle brackets."""
    route = None
    if words and words[0].text == _AT:
        colon = next((at for at, word in enumerate(words) if word.text == b":"), 0)
        if colon:
            route, words = _together(words[:colon]), words[colon + 1 :]
    at = _last_at(words)
    if at is None:
        at = _spelt_at(words)
    if at is None:
        return Address(name, route, _together(words) or MISSING_MAILBOX, MISSING_DOMAIN)
    return Address(
        name,
        route,
        _together(words[:at]) or MISSING_MAILBOX,
        _together(words[at + 1 :]) or MISSING_DOMAIN,
    )


def _bare(words: Sequence[_Word], comment: bytes | None) -> Address:
    """Return the address of words without angle brackets."""
    at = next((at for at, word in enumerate(words) if word.text == _AT and not word.quoted), None)
    if at is None:
        at = _spelt_at(words)
        if at is not None:
            return Address(comment, None, _together(words[:at]), words[at + 1].text)
        if len(words) == 1:
            return Address(comment, None, words[0].text or MISSING_MAILBOX, MISSING_DOMAIN)
        return Address(_phrase(words), None, MISSING_MAILBOX, MISSING_DOMAIN)
    start, stop = at, at + 1
    while start > 0 and (start == at or _joined(words[start - 1], words[start])):
        start -= 1
    while stop < len(words) and (stop == at + 1 or _joined(words[stop - 1], words[stop])):
        if words[stop].text == _AT:  # a second one: of a gateway's
            break
        stop += 1
    return Address(
        _phrase(words[:start]) or comment,
        None,
        _together(words[start:at]) or MISSING_MAILBOX,
        _together(words[at + 1 : stop]) or MISSING_DOMAIN,
    )


def _joined(word: _Word, following: _Word) -> bool:
    """Tell whether two words are one dotted name: blanks may stand around the dots (RFC 5322 s. 4.4)."""
    return not following.apart or word.text.endswith(b".") or following.text.startswith(b".")


def _last_at(words: Sequence[_Word]) -> int | None:
    found = (at for at in range(len(words) - 1, -1, -1) if words[at].text == _AT)
    return next((at for at in found if not words[at].quoted), None)


def _spelt_at(words: Sequence[_Word]) -> int | None:
    """Return where ``at`` stands in ``local at domain``, if that is what the words are."""
    if len(words) == 3 and words[1].text.lower() == b"at" and b"." in words[2].text:
        return 1
    return None


def _phrase(words: Iterable[_Word]) -> bytes | None:
    """Return words as a name; None if there are none."""
    text = b"".join([b" " + word.text if word.apart else word.text for word in words])
    return text.strip() or None


def _together(words: Iterable[_Word]) -> bytes:
    return b"".join([word.text for word in words])


def _unquoted(text: bytes) -> bytes:
    return _QUOTED_PAIR.sub(rb"\1", text) if b"\\" in text else text
