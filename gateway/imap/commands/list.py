"""LIST, basic and extended. RFC 9051 s. 6.3.9; RFC 3501 s. 6.3.8; RFC 5258.

REMOTE and CHILDREN stand here, since there is nothing to them: nothing is remote, and children are always told
(RFC 3348). RECURSIVEMATCH stands here because it is about all other selection options.
"""

from __future__ import annotations

from functools import reduce
from operator import and_
from typing import TYPE_CHECKING, Final

from gateway.imap.mailboxes import Patterns, mailboxes
from gateway.imap.names import mailbox_name
from gateway.imap.registry import (
    LIST_RETURNS,
    LIST_SELECTIONS,
    LOGGED_IN,
    ListReturn,
    ListSelection,
    capability,
    command,
    entry,
)
from gateway.imap.responses import Bad, No

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterable, Iterator

    from gateway.imap.grammar import Parser
    from gateway.imap.mailboxes import Batch, Tree
    from gateway.imap.registry import Request
    from gateway.imap.session import Session
    from storage.model import MailingList

__all__ = ["MAX_PATTERNS", "ROOT"]

MAX_PATTERNS: Final = 100
"""Patterns in one command."""

ROOT: Final = b'(\\Noselect) "." ""'
"""What an empty pattern asks for: the delimiter, and that names have no root. RFC 9051 s. 6.3.9."""

_RECURSIVEMATCH: Final = b"RECURSIVEMATCH"

capability(b"LIST-EXTENDED")
capability(b"CHILDREN")
LIST_SELECTIONS[b"REMOTE"] = ListSelection()


@entry(LIST_RETURNS, b"CHILDREN")
def children(session: Session, parser: Parser) -> ListReturn:
    r"""Add nothing: \HasChildren and \HasNoChildren are always told. RFC 9051 s. 6.3.9.5."""
    return ListReturn()


@command(b"LIST", LOGGED_IN)
async def list_command(session: Session, request: Request) -> AsyncIterator[bytes]:
    """List mailboxes that match patterns and selection options, with what the return options ask for."""
    parser = request.parser
    parser.space()
    is_extended = parser.sees(b"(")
    options: list[bytes] = []
    if is_extended:
        options = parser.listed(parser.word)
        parser.space()
    reference = parser.mailbox().encode()
    parser.space()
    is_extended = is_extended or parser.sees(b"(")
    patterns = parser.one_or_listed(lambda: parser.mailbox_pattern().encode())
    returns: dict[bytes, ListReturn] = {}
    if not parser.at_end():
        is_extended = True
        parser.space()
        parser.expect(b"RETURN")
        parser.space()
        returns.update(parser.listed(lambda: _returned(session, parser)))
    parser.end()
    if len(patterns) > MAX_PATTERNS:
        raise No("too many patterns", b"LIMIT")
    if not (is_extended or patterns[0]):
        yield b"* LIST %b\r\n" % ROOT
        return
    trees = {}
    for name, selection in _selections(options).items():
        if selection.choose is not None:
            trees[name] = selection.choose(session)
        if selection.implies is not None and selection.implies not in returns:
            returns[selection.implies] = LIST_RETURNS[selection.implies](session, parser)
    listing = _Listing(
        session,
        trees,
        returns.values(),
        is_recursive=_RECURSIVEMATCH in options,
        is_extended=is_extended,
    )
    for batch in listing.find(Patterns(reference, filter(None, patterns))):
        yield await listing.responses(batch)


def _returned(session: Session, parser: Parser) -> tuple[bytes, ListReturn]:
    name = parser.word()
    read = LIST_RETURNS.get(name)
    if read is None:
        raise Bad("unknown return option")
    return name, read(session, parser)


def _selections(options: list[bytes]) -> dict[bytes, ListSelection]:
    """Return what is selected by, RECURSIVEMATCH apart.

    Raises:
        Bad: an option is not known, or RECURSIVEMATCH has nothing to be about (RFC 9051 s. 6.3.9.1).
    """
    selections: dict[bytes, ListSelection] = {}
    for name in options:
        if name in LIST_SELECTIONS:
            selections[name] = LIST_SELECTIONS[name]
        elif name != _RECURSIVEMATCH:
            raise Bad("unknown selection option")
    if _RECURSIVEMATCH in options and all(each.choose is None for each in selections.values()):
        raise Bad("RECURSIVEMATCH needs another selection option")
    return selections


class _Listing:
    """What one LIST lists: ``trees`` are the names that satisfy each selection option that lessens them."""

    def __init__(
        self,
        session: Session,
        trees: dict[bytes, Tree],
        returns: Iterable[ListReturn],
        *,
        is_recursive: bool,
        is_extended: bool,
    ) -> None:
        self._session = session
        self._mailboxes = mailboxes(session)
        self._chosen = reduce(and_, trees.values()) if trees else self._mailboxes
        self._criteria = b" ".join([b'"%b"' % name for name in trees])
        self._is_recursive = is_recursive
        self._attributes = [each.attribute for each in returns if each.attribute is not None]
        self._responses = [each.response for each in returns if each.response is not None]
        # There is one of the two at most, and the first is known to new clients only (RFC 9051 s. 9, mbx-list-sflag).
        is_new = is_extended or b"IMAP4REV2" in session.enabled
        self._nonexistent = b"\\NonExistent" if is_new else b"\\Noselect"

    def find(self, patterns: Patterns) -> Iterator[Batch]:
        """Yield the names to list, each with whether it satisfies the selection options. RFC 9051 s. 6.3.9.3."""
        if self._is_recursive:
            return self._chosen.matching_or_above(patterns)
        # What lies above a mailbox is told where there is a "%"; what lies above a subscribed name is not subscribed.
        return self._chosen.matching(patterns, with_levels=not self._criteria)

    async def responses(self, batch: Batch) -> bytes:
        """Return the responses for names."""
        sent: list[bytes] = []
        for name, is_chosen in batch:
            exists = is_chosen if not self._criteria else name in self._mailboxes
            record = None
            if self._responses and is_chosen and exists:
                record = self._record(name)
                exists = record is not None
            sent.append(self._list_response(name, exists=exists))
            if record is not None:
                sent += [await response(record) for response in self._responses]
        return b"".join(sent)

    def _record(self, name: bytes) -> MailingList | None:
        try:
            return self._session.mailing_list(name.decode())
        except No:  # it ceased to be readable a moment ago
            return None

    def _list_response(self, name: bytes, *, exists: bool) -> bytes:
        """Return the LIST response for a name. RFC 9051 s. 7.3.1."""
        attributes = [] if exists else [self._nonexistent]
        has_children = self._mailboxes.has_below(name)
        attributes.append(b"\\HasChildren" if has_children else b"\\HasNoChildren")
        attributes += filter(None, [attribute(name) for attribute in self._attributes])
        return b'* LIST (%b) "." %b%b\r\n' % (
            b" ".join(attributes),
            mailbox_name(self._session, name.decode()),
            self._childinfo(name),
        )

    def _childinfo(self, name: bytes) -> bytes:
        """Return which selection options something below a name satisfies. RFC 9051 s. 6.3.9.6."""
        if not (self._is_recursive and self._chosen.has_below(name)):
            return b""
        return b' ("CHILDINFO" (%b))' % self._criteria
