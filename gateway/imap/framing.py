"""Cuts what a client sends into commands: lines, and the literals that they announce. RFC 9051 s. 2.2.1, s. 4.3; RFC 7888.

Framing knows no command's syntax. A line that ends in ``{n}`` or ``{n+}`` announces a literal, wherever that stands; the
literal's octets and the line after it belong to the same command. So a command that turns out to be malformed has been
read to its end, and no literal's octets are ever taken for a command.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final

from gateway.wire import LineBuffer, LineTooLong

__all__ = ["CommandBuffer", "CommandTooLong", "GoAhead", "TooMuchData"]

LINE_OCTETS: Final = 65_536
"""The longest line of a command, CRLF included: clients send long sets of numbers (RFC 7162 s. 4: 8192 at least)."""

LITERAL_OCTETS: Final = 65_536
"""The longest literal taken: search strings, names, passwords."""

COMMAND_OCTETS: Final = 262_144
"""The longest command, its literals included."""

SKIPPED_OCTETS: Final = 64 << 20
"""How much of literals that are not taken is thrown away, since they came unasked, before the connection ends."""

_LITERAL: Final = re.compile(rb"\{([0-9]{1,20})(\+?)\}\Z")
_START: Final = re.compile(
    rb"([^\x00-\x20\x7f-\xff(){%*\"\\+]{1,128}) (?:UID )?([A-Z-]{1,20})", re.IGNORECASE
)


class CommandTooLong(Exception):
    """A command exceeded the limits; all that was sent of it has been, or will be, thrown away.

    ``tag`` is the command's, or ``*``; ``name`` its name in upper case, empty where it has none.
    """

    def __init__(self, tag: bytes, name: bytes) -> None:
        super().__init__(tag, name)
        self.tag = tag
        self.name = name


class TooMuchData(Exception):
    """The client sends far more than it was allowed to, and goes on."""


@dataclass(frozen=True, slots=True)
class GoAhead:
    """The client waits for the word to send a literal."""


class CommandBuffer:
    """Collects commands. ``literal_octets`` is the longest literal that is taken now; ``refused`` names commands none of whose literals are."""

    def __init__(self, refused: frozenset[bytes] = frozenset()) -> None:
        self.literal_octets = LITERAL_OCTETS
        self._refused = refused
        self._lines = LineBuffer(LINE_OCTETS)
        self._command = bytearray()
        self._wanted = 0  # octets of the current literal that are still to come
        self._skipped = 0  # octets thrown away of the current command
        self._too_long: CommandTooLong | None = None

    def __len__(self) -> int:
        return len(self._lines) + len(self._command)

    def feed(self, data: bytes) -> None:
        """Take octets that arrived."""
        self._lines.feed(data)

    def line(self) -> bytes | None:
        """Return the next line as it is, for what is no command; raises as ``LineBuffer.line``."""
        return self._lines.line()

    def command(self) -> bytes | GoAhead | None:
        """Return the next complete command, without its last CRLF; or that the client waits; or None.

        A literal stands in the command as it was sent: ``{n}`` or ``{n+}``, CRLF, n octets.

        Raises:
            CommandTooLong: it exceeds the limits; the client does not wait any more.
            EndlessLine, TooMuchData: the connection cannot go on.
        """
        while True:
            if self._wanted and not self._take_literal():
                return None
            try:
                line = self._lines.line()
            except LineTooLong as error:
                self._refuse(error.start)
                line = error.end
            if line is None:
                return None
            announced = _LITERAL.search(line)
            if announced is None:
                return self._end(line)
            count, waits = int(announced[1]), not announced[2]
            self._check(line, count)
            if self._too_long is not None and waits:
                self._raise_too_long()
            if self._too_long is None:
                self._command += line + b"\r\n"
            self._wanted = count
            if waits:
                return GoAhead()

    def clear(self) -> None:
        """Forget what arrived."""
        self._lines.clear()
        self._command.clear()
        self._wanted = self._skipped = 0
        self._too_long = None

    def _take_literal(self) -> bool:
        """Move what came of a literal to the command; tell whether it is complete."""
        taken = self._lines.take(self._wanted)
        self._wanted -= len(taken)
        if self._too_long is None:
            self._command += taken
        else:
            self._skipped += len(taken)
            if self._skipped > SKIPPED_OCTETS:
                raise TooMuchData
        return self._wanted == 0

    def _check(self, line: bytes, count: int) -> None:
        """Note when a literal that is announced is more than is taken."""
        size = len(self._command) + len(line) + count
        if (
            count > self.literal_octets
            or size > COMMAND_OCTETS
            or self._named(line)[1] in self._refused
        ):
            self._refuse(line)

    def _refuse(self, line: bytes) -> None:
        """Take nothing more of the current command, which ``line`` begins if nothing came of it before."""
        if self._too_long is None:
            self._too_long = CommandTooLong(*self._named(line))
            self._command.clear()

    def _named(self, line: bytes) -> tuple[bytes, bytes]:
        """Return the current command's tag and name."""
        start = _START.match(self._command or line)
        return (start[1], start[2].upper()) if start else (b"*", b"")

    def _end(self, line: bytes) -> bytes:
        """Return the command that a line completes."""
        if self._too_long is not None:
            self._raise_too_long()
        command = bytes(self._command) + line
        self._command.clear()
        return command

    def _raise_too_long(self) -> None:
        error, self._too_long = self._too_long, None
        self._skipped = 0
        assert error is not None
        raise error
