"""Commands that would change the archive: APPEND, CREATE, DELETE, RENAME, COPY, MOVE, EXPUNGE and their like.

Nobody may (RFC 4314 s. 4: NO with NOPERM); that nothing is wrong with the command as such is not looked at. Marking
messages as read is another matter: see ``store``.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from gateway.imap.registry import LOGGED_IN, State, capability, command
from gateway.imap.responses import No

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from gateway.imap.registry import Request
    from gateway.imap.session import Session

capability(b"APPENDLIMIT=0")  # RFC 7889: no message is ever taken


async def _refuse(session: Session, request: Request) -> AsyncIterator[bytes]:
    """Refuse a command. RFC 5530 s. 3, NOPERM."""
    yield b""
    raise No("this archive is read-only", b"NOPERM")


for _name in (b"APPEND", b"CREATE", b"DELETE", b"RENAME"):
    command(_name, LOGGED_IN)(_refuse)
for _name in (b"COPY", b"MOVE", b"REPLACE", b"EXPUNGE"):
    command(_name, State.SELECTED, with_uid=True)(_refuse)
