"""METADATA: what a list is about, where it is posted to, who runs the server. RFC 5464.

Entries are what the operator said of lists and server, so that clients set none, and there are no private ones.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from gateway.imap.names import mailbox_name
from gateway.imap.registry import LOGGED_IN, capability, command
from gateway.imap.responses import Bad, No
from gateway.imap.strings import astring, nstring

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterable, Mapping

    from gateway.imap.grammar import Parser
    from gateway.imap.registry import Request
    from gateway.imap.session import Session
    from storage.model import MailingList

_COMMENT: Final = b"/shared/comment"
_POST: Final = b"/shared/vendor/listgate/post"
"""Where a list is posted to, as a URI like that of RFC 2369 s. 3.4. No entry is registered for it."""

MAX_ENTRIES: Final = 100
"""Entries in one command."""

_ENTRY: Final = re.compile(rb"/(?:private|shared)(?:/[ -$&-)+-.0-~]+)*")
"""No ``*`` and ``%``, no control characters, no empty part. RFC 5464 s. 3.2."""

_DEPTHS: Final = {b"0": 0, b"1": 1, b"INFINITY": 2**31}

capability(b"METADATA")


@dataclass(slots=True)
class _Options:
    """What GETMETADATA gives: values of ``most`` octets at most, ``depth`` levels below the entries named."""

    most: int | None = None
    depth: int = 0


@command(b"GETMETADATA", LOGGED_IN)
async def getmetadata(session: Session, request: Request) -> AsyncIterator[bytes]:
    """Tell the values of entries of a mailbox, or of the server where the name is empty. RFC 5464 s. 4.2."""
    parser = request.parser
    options = _Options()
    _read_options(parser, options)
    parser.space()
    name = parser.mailbox()
    _read_options(
        parser, options
    )  # the examples of RFC 5464 have them here, the formal syntax before the name
    asked = _asked(parser)
    there = _of_server(session)
    shown = b'""'
    if name:
        record = session.mailing_list(name)
        there = _of_list(record)
        shown = mailbox_name(session, record.name)
    values = _values(there, asked, options.depth)
    if options.most is not None:
        sizes = [len(value) for value in values.values() if value is not None]
        longest = max(sizes, default=0)
        if longest > options.most:
            request.code = b"METADATA LONGENTRIES %d" % longest
            values = {
                each: value
                for each, value in values.items()
                if value is None or len(value) <= options.most
            }
    if values:
        pairs = [b"%b %b" % (astring(each), nstring(value)) for each, value in values.items()]
        yield b"* METADATA %b (%b)\r\n" % (shown, b" ".join(pairs))


@command(b"SETMETADATA", LOGGED_IN)
async def setmetadata(session: Session, request: Request) -> AsyncIterator[bytes]:
    """Refuse to change entries. RFC 5464 s. 4.3."""
    parser = request.parser
    parser.space()
    name = parser.mailbox()
    parser.space()
    entries = parser.one_or_listed(lambda: _entry_and_value(parser))
    parser.end()
    if name:
        session.mailing_list(name)
    yield b""
    if any(each.startswith(b"/private") for each in entries):
        raise No("there are no private entries", b"METADATA NOPRIVATE")
    raise No("the operator alone sets entries", b"NOPERM")


def _read_options(parser: Parser, options: _Options) -> None:
    """Read options in parentheses, if they come next; an entry, which may stand there as well, begins with a slash."""
    at = parser.position
    if parser.octets[at : at + 2] != b" (" or not parser.octets[at + 2 : at + 3].isalpha():
        return
    parser.space()
    parser.listed(lambda: _read_option(parser, options))


def _read_option(parser: Parser, options: _Options) -> None:
    name = parser.word()
    parser.space()
    if name == b"MAXSIZE":
        options.most = parser.number()
    elif name == b"DEPTH":
        depth = _DEPTHS.get(parser.word())
        if depth is None:
            raise Bad("DEPTH is 0, 1 or infinity")
        options.depth = depth
    else:
        raise Bad("unknown option")


def _asked(parser: Parser) -> list[bytes]:
    """Read the entries asked for: in parentheses, or as in some examples of RFC 5464 without."""
    parser.space()
    asked = parser.one_or_listed(lambda: _entry(parser))
    while not parser.at_end():
        parser.space()
        asked.append(_entry(parser))
    if len(asked) > MAX_ENTRIES:
        raise No("too many entries", b"LIMIT")
    return asked


def _entry(parser: Parser) -> bytes:
    """Read the name of an entry; its case does not matter."""
    name = parser.astring().lower()
    if not _ENTRY.fullmatch(name):
        raise Bad("this is no name of an entry")
    return name


def _entry_and_value(parser: Parser) -> bytes:
    name = _entry(parser)
    parser.space()
    parser.nstring()
    return name


def _values(
    there: Mapping[bytes, bytes], asked: Iterable[bytes], depth: int
) -> dict[bytes, bytes | None]:
    """Return what there is of entries asked for and down to ``depth`` below them; None where there is nothing."""
    values: dict[bytes, bytes | None] = {}
    for name in asked:
        found: dict[bytes, bytes | None] = {
            each: value
            for each, value in there.items()
            if each == name
            or (each.startswith(name + b"/") and each.count(b"/", len(name)) <= depth)
        }
        values.update(found or {name: None})
    return values


def _of_server(session: Session) -> Mapping[bytes, bytes]:
    """Return the entries of the server. RFC 5464 s. 6.2."""
    return _given({_COMMENT: session.settings.comment})


def _of_list(record: MailingList) -> Mapping[bytes, bytes]:
    """Return the entries of a list. RFC 5464 s. 6.3."""
    post = f"mailto:{record.address}" if record.address else ""
    return _given({_COMMENT: record.description, _POST: post})


def _given(texts: Mapping[bytes, str]) -> Mapping[bytes, bytes]:
    """Return those entries that are not empty, in UTF-8 with lines that end in CRLF."""
    return {name: "\r\n".join(text.splitlines()).encode() for name, text in texts.items() if text}
