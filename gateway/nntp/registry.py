"""The tables that commands, variants of LIST, and capabilities put themselves in."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, TypeAlias

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Sequence

    from gateway.nntp.session import Session

__all__ = [
    "CAPABILITIES",
    "COMMANDS",
    "LINE_OCTETS",
    "LIST_VARIANTS",
    "MODES",
    "Capability",
    "Command",
    "Run",
    "capability",
    "command",
    "list_variant",
    "mode",
]

Run: TypeAlias = "Callable[[Session, Sequence[bytes]], AsyncIterator[bytes]]"
"""Yields the response to a command's arguments; may raise ``NntpError`` before its first piece."""

Capability: TypeAlias = "Callable[[Session], bytes | None]"
"""Returns a capability line, or None where it would not be true of the session now."""

LINE_OCTETS: Final = 512
"""The longest command line, CRLF included. RFC 3977 s. 3.1."""


@dataclass(frozen=True, slots=True)
class Command:
    """A command, or a variant of one: how it is written, how many arguments it takes, what runs it.

    One that is not ``before_login`` is refused where the server wants a login first. ``longest`` is the longest line,
    CRLF included. One that ``overlaps`` runs while replies to those before it are late. ``announces`` tells that a block
    follows the line whatever is wrong with it, which so is never taken for commands.
    """

    usage: bytes
    arguments: range
    run: Run
    before_login: bool = False
    longest: int = LINE_OCTETS
    overlaps: bool = False
    announces: bool = False


COMMANDS: Final[dict[bytes, Command]] = {}
LIST_VARIANTS: Final[dict[bytes, Command]] = {}
MODES: Final[dict[bytes, Run]] = {}
CAPABILITIES: Final[list[Capability]] = []


def command(
    usage: bytes,
    arguments: range = range(1),
    *,
    before_login: bool = False,
    longest: int = LINE_OCTETS,
    label: bytes | None = None,
    overlaps: bool = False,
    announces: bool = False,
) -> Callable[[Run], Run]:
    """Register a command under the first word of ``usage``, and ``label`` as a capability line that is always true."""

    def register(run: Run) -> Run:
        COMMANDS[usage.split()[0]] = Command(
            usage, arguments, run, before_login, longest, overlaps, announces
        )
        if label is not None:
            CAPABILITIES.append(lambda _: label)
        return run

    return register


def list_variant(usage: bytes, arguments: range = range(1)) -> Callable[[Run], Run]:
    """Register a variant of LIST under the first word of ``usage``. RFC 3977 s. 7.6.1."""

    def register(run: Run) -> Run:
        LIST_VARIANTS[usage.split()[0]] = Command(b"LIST " + usage, arguments, run)
        return run

    return register


def mode(keyword: bytes) -> Callable[[Run], Run]:
    """Register a variant of MODE, which has no arguments. RFC 3977 s. 5.3, RFC 4644 s. 2.3."""

    def register(run: Run) -> Run:
        MODES[keyword] = run
        return run

    return register


def capability(line: Capability) -> Capability:
    """Register a capability line that depends on the session's state. RFC 3977 s. 3.3."""
    CAPABILITIES.append(line)
    return line
