"""SPECIAL-USE: there is none. RFC 6154.

No mailbox is for drafts, sent mail or the like, and none holds what is in all the others: a number belongs to one list.
Saying so keeps clients from taking a list for one because it is called ``archive`` or ``trash``.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from gateway.imap.mailboxes import Tree
from gateway.imap.registry import (
    LIST_RETURNS,
    LIST_SELECTIONS,
    ListReturn,
    ListSelection,
    capability,
    entry,
)

if TYPE_CHECKING:
    from gateway.imap.grammar import Parser
    from gateway.imap.session import Session

capability(b"SPECIAL-USE")
LIST_SELECTIONS[b"SPECIAL-USE"] = ListSelection(lambda _: Tree(()), implies=b"SPECIAL-USE")


@entry(LIST_RETURNS, b"SPECIAL-USE")
def return_special_use(session: Session, parser: Parser) -> ListReturn:
    """Add nothing. RFC 6154 s. 2."""
    return ListReturn()
