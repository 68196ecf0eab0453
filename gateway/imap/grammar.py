"""Reads a command's octets by the formal syntax. RFC 9051 s. 9.

A ``Parser`` stands somewhere in a command; each method reads one thing there and moves past it, or raises ``Bad`` and
says what was expected. Nothing is read by splitting at spaces, and nothing recurses.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final, TypeVar

from gateway.imap.mutf7 import decode
from gateway.imap.numset import NumberSet
from gateway.imap.responses import Bad

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["Parser"]

T = TypeVar("T")

_TAG: Final = re.compile(rb"[^\x00-\x20\x7f-\xff(){%*\"\\+]{1,128}")
_ATOM: Final = re.compile(rb"[^\x00-\x20\x7f-\xff(){%*\"\\\]]+")
_ASTRING_ATOM: Final = re.compile(rb"[^\x00-\x20\x7f-\xff(){%*\"\\]+")
_LIST_ATOM: Final = re.compile(rb"[^\x00-\x20\x7f-\xff(){\"\\]+")
_FLAG: Final = re.compile(rb"\\?[^\x00-\x20\x7f-\xff(){%*\"\\\]]+")
_QUOTED: Final = re.compile(rb"\"((?:[^\x00\r\n\"\\]|\\[\"\\])*+)\"")
_ESCAPED: Final = re.compile(rb"\\(.)", re.DOTALL)
_LITERAL: Final = re.compile(rb"~?\{([0-9]{1,20})\+?\}\r\n")
_NUMBER: Final = re.compile(rb"[0-9]{1,20}")
_SET: Final = re.compile(rb"[0-9:,*]+")
_WORD: Final = re.compile(rb"[A-Za-z0-9.=_-]+")

MAX_NAME_OCTETS: Final = 4096
"""The longest name of a mailbox, or pattern of names, that is read."""

_MOST_32: Final = 2**32 - 1
_MOST_63: Final = 2**63 - 1


class Parser:
    """Reads ``octets`` from ``position`` on. With ``utf8`` quoted strings may hold UTF-8 (RFC 9051 s. 4.3, RFC 6855)."""

    __slots__ = ("octets", "position", "utf8")

    def __init__(self, octets: bytes, *, utf8: bool = False) -> None:
        self.octets = octets
        self.position = 0
        self.utf8 = utf8

    # Where it stands

    def at_end(self) -> bool:
        """Tell whether everything is read."""
        return self.position == len(self.octets)

    def sees(self, text: bytes) -> bool:
        """Tell whether ``text`` comes next, in any case."""
        end = self.position + len(text)
        return self.octets[self.position : end].upper() == text

    def takes(self, text: bytes) -> bool:
        """Move past ``text``, which is in upper case, if it comes next in any case; tell whether it did."""
        found = self.sees(text)
        if found:
            self.position += len(text)
        return found

    def expect(self, text: bytes) -> None:
        """Move past ``text``.

        Raises:
            Bad: something else comes.
        """
        if not self.takes(text):
            raise Bad(f"expected {text.decode('ascii')}")

    def space(self) -> None:
        """Move past one space."""
        if self.octets[self.position : self.position + 1] != b" ":
            raise Bad("expected a space")
        self.position += 1

    def rest(self) -> bytes:
        """Read all that follows."""
        rest = self.octets[self.position :]
        self.position = len(self.octets)
        return rest

    def end(self) -> None:
        """Make sure that nothing follows."""
        if not self.at_end():
            raise Bad("too much behind the command")

    # What it reads

    def tag(self) -> bytes:
        """Read a tag."""
        return self._match(_TAG, "a tag")[0]

    def atom(self) -> bytes:
        """Read an atom."""
        return self._match(_ATOM, "an atom")[0]

    def word(self) -> bytes:
        """Read the name of a command, item, key or option; return it in upper case."""
        return self._match(_WORD, "a name")[0].upper()

    def flag(self) -> bytes:
        """Read a flag or keyword."""
        return self._match(_FLAG, "a flag")[0]

    def number(self) -> int:
        """Read a number of 32 bits."""
        return self._number(_MOST_32)

    def number64(self) -> int:
        """Read a number of 63 bits."""
        return self._number(_MOST_63)

    def mod_sequence(self) -> int:
        """Read a mod-sequence that is not 0. RFC 7162 s. 7."""
        number = self.number64()
        if number == 0:
            raise Bad("a mod-sequence is not 0")
        return number

    def numbers(self) -> NumberSet | None:
        """Read a set of sequence numbers or UIDs, or ``$``, which stands for the last search's result: then None."""
        if self.takes(b"$"):
            return None
        try:
            return NumberSet.parse(self._match(_SET, "a set of numbers")[0])
        except ValueError as error:
            raise Bad(f"a set of numbers: {error}") from None

    def astring(self) -> bytes:
        """Read an atom or a string."""
        found = _ASTRING_ATOM.match(self.octets, self.position)
        return self.string() if found is None else self._past(found)[0]

    def nstring(self) -> bytes | None:
        """Read a string, or NIL."""
        return None if self.takes(b"NIL") else self.string()

    def string(self) -> bytes:
        """Read a quoted string or a literal."""
        found = _QUOTED.match(self.octets, self.position)
        if found is not None:
            text = self._past(found)[1]
            if not text.isascii():
                self._check_utf8(text)
            return _ESCAPED.sub(rb"\1", text) if b"\\" in text else text
        return self.literal()

    def literal(self) -> bytes:
        """Read a literal, which may hold any octet but NUL. RFC 9051 s. 4.3."""
        count = int(self._match(_LITERAL, "a string")[1])
        text = self.octets[self.position : self.position + count]
        self.position += count
        if b"\0" in text:
            raise Bad("NUL in a literal")
        return text

    def mailbox(self) -> str:
        """Read a mailbox's name; INBOX in any case is INBOX. RFC 9051 s. 5.1, RFC 3501 s. 5.1.3."""
        return self._mailbox_name(self.astring())

    def mailbox_pattern(self) -> str:
        """Read a mailbox's name with wildcards. RFC 9051 s. 6.3.9."""
        found = _LIST_ATOM.match(self.octets, self.position)
        return self._mailbox_name(self.string() if found is None else self._past(found)[0])

    def listed(self, read: Callable[[], T]) -> list[T]:
        """Read things in parentheses, separated by spaces; there may be none."""
        self.expect(b"(")
        things: list[T] = []
        while not self.takes(b")"):
            if things:
                self.space()
            things.append(read())
        return things

    def one_or_listed(self, read: Callable[[], T]) -> list[T]:
        """Read one thing, or one and more in parentheses."""
        if not self.sees(b"("):
            return [read()]
        things = self.listed(read)
        if not things:
            raise Bad("nothing in the parentheses")
        return things

    def _match(self, pattern: re.Pattern[bytes], what: str) -> re.Match[bytes]:
        found = pattern.match(self.octets, self.position)
        if found is None:
            raise Bad(f"expected {what}")
        return self._past(found)

    def _past(self, found: re.Match[bytes]) -> re.Match[bytes]:
        self.position = found.end()
        return found

    def _number(self, most: int) -> int:
        number = int(self._match(_NUMBER, "a number")[0])
        if number > most:
            raise Bad("a number is too large")
        return number

    def _check_utf8(self, text: bytes) -> None:
        if not self.utf8:
            raise Bad("8-bit text in a quoted string: use a literal, or ENABLE UTF8=ACCEPT")
        try:
            text.decode()
        except UnicodeDecodeError:
            raise Bad("a quoted string is not UTF-8") from None

    def _mailbox_name(self, octets: bytes) -> str:
        if len(octets) > MAX_NAME_OCTETS:
            raise Bad("a mailbox name is too long")
        try:
            name = octets.decode() if self.utf8 else decode(octets)
        except ValueError:
            form = "UTF-8" if self.utf8 else "modified UTF-7"
            raise Bad(f"a mailbox name is not in {form}") from None
        return "INBOX" if name.upper() == "INBOX" else name
