"""LIST-STATUS: the STATUS of each mailbox listed. RFC 5819; RFC 9051 s. 6.3.9.2."""

from __future__ import annotations

from typing import TYPE_CHECKING

from gateway.imap.commands.status import read_items, status_response
from gateway.imap.registry import LIST_RETURNS, ListReturn, capability, entry

if TYPE_CHECKING:
    from gateway.imap.grammar import Parser
    from gateway.imap.session import Session

capability(b"LIST-STATUS")


@entry(LIST_RETURNS, b"STATUS")
def return_status(session: Session, parser: Parser) -> ListReturn:
    """Send a STATUS response behind the LIST response of each mailbox. RFC 5819 s. 2."""
    parser.space()
    items = read_items(session, parser)
    return ListReturn(response=lambda record: status_response(session, record, items))
