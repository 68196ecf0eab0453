"""LIST-MYRIGHTS: the rights in each mailbox listed. RFC 8440."""

from __future__ import annotations

from typing import TYPE_CHECKING

from gateway.imap.extensions.acl import myrights_response
from gateway.imap.registry import LIST_RETURNS, ListReturn, capability, entry

if TYPE_CHECKING:
    from gateway.imap.grammar import Parser
    from gateway.imap.session import Session
    from storage.model import MailingList

capability(b"LIST-MYRIGHTS")


@entry(LIST_RETURNS, b"MYRIGHTS")
def return_myrights(session: Session, parser: Parser) -> ListReturn:
    """Send a MYRIGHTS response behind the LIST response of each mailbox. RFC 8440 s. 3."""

    async def response(record: MailingList) -> bytes:
        return myrights_response(session, record)

    return ListReturn(response=response)
