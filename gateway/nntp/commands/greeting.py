"""CAPABILITIES, MODE READER, HELP, QUIT: getting to know the server, and leaving it. RFC 3977 s. 5, 7.2."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from gateway import __version__
from gateway.nntp.registry import CAPABILITIES, COMMANDS, LIST_VARIANTS, MODES, command, mode
from gateway.nntp.responses import END, NntpError, lines, status

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Sequence

    from gateway.nntp.session import Session

_KEYWORD: Final = re.compile(rb"[A-Za-z][A-Za-z0-9.-]{2,}")
_SOFTWARE: Final = b"listgate " + __version__.encode()


@command(b"CAPABILITIES [keyword]", range(2), before_login=True)
async def capabilities(session: Session, arguments: Sequence[bytes]) -> AsyncIterator[bytes]:
    """List what the server can do for this session now. RFC 3977 s. 5.2."""
    if arguments and not _KEYWORD.fullmatch(arguments[0]):
        raise NntpError(501, "syntax: CAPABILITIES [keyword]")
    found = [text for line in CAPABILITIES if (text := line(session)) is not None]
    fixed = (b"VERSION 2", b"IMPLEMENTATION " + _SOFTWARE, b"READER")
    yield status(101, "capability list follows") + lines((*fixed, *sorted(found))) + END


@command(b"MODE READER|STREAM", range(1, 2), before_login=True)
async def mode_(session: Session, arguments: Sequence[bytes]) -> AsyncIterator[bytes]:
    """Run a variant of MODE; none changes anything. RFC 3977 s. 5.3, RFC 4644 s. 2.3."""
    run = MODES.get(arguments[0].upper())
    if run is None:
        raise NntpError(501, "unknown MODE variant")
    async for piece in run(session, ()):
        yield piece


@mode(b"READER")
async def reader(session: Session, arguments: Sequence[bytes]) -> AsyncIterator[bytes]:
    """Confirm that the server is one for readers, as it always is. RFC 3977 s. 5.3."""
    yield session.greeting()


@command(b"HELP", before_login=True)
async def help_(session: Session, arguments: Sequence[bytes]) -> AsyncIterator[bytes]:
    """List the commands. RFC 3977 s. 7.2."""
    variants = [LIST_VARIANTS[keyword].usage for keyword in sorted(LIST_VARIANTS)]
    usages = [COMMANDS[keyword].usage for keyword in sorted(COMMANDS)]
    about = b"%b serves mailing-list archives, read-only. It knows:" % _SOFTWARE
    indented = [b"  " + usage for usage in sorted([*usages, *variants])]
    yield status(100, "help follows") + lines((about, *indented)) + END


@command(b"QUIT", before_login=True)
async def quit_(session: Session, arguments: Sequence[bytes]) -> AsyncIterator[bytes]:
    """End the session. RFC 3977 s. 5.4."""
    session.closing = True
    yield status(205, "goodbye")
