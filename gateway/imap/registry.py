"""The tables that commands, items, keys, options and capabilities put themselves in: the extension points of RFC 4466."""

from __future__ import annotations

import enum
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final, TypeAlias, TypeVar

if TYPE_CHECKING:
    from collections.abc import (
        AsyncIterator,
        Awaitable,
        Callable,
        Iterable,
        Iterator,
        Sequence,
    )

    from gateway.imap.forest import Forest
    from gateway.imap.grammar import Parser
    from gateway.imap.mailboxes import Tree
    from gateway.imap.opened import Opened
    from gateway.imap.ordering import Column
    from gateway.imap.results import Results
    from gateway.imap.rows import Rows
    from gateway.imap.searching import Keys
    from gateway.imap.session import Session
    from gateway.imap.threading import Threads
    from gateway.imap.view import View
    from storage.model import MailingList, Rendition
    from storage.query import Query

__all__ = [
    "ANY",
    "CAPABILITIES",
    "COMMANDS",
    "ENABLED",
    "FETCH_ITEMS",
    "FETCH_MODIFIERS",
    "LIST_RETURNS",
    "LIST_SELECTIONS",
    "LOGGED_IN",
    "SEARCH_JOINS",
    "SEARCH_KEYS",
    "SEARCH_RETURNS",
    "SELECT_PARAMETERS",
    "SELECT_RESPONSES",
    "SORT_KEYS",
    "STATUS_ITEMS",
    "THREAD_ALGORITHMS",
    "Algorithm",
    "Capability",
    "Command",
    "Criterion",
    "Fetch",
    "Item",
    "Join",
    "Later",
    "ListReturn",
    "ListSelection",
    "Request",
    "Return",
    "Run",
    "SortKey",
    "State",
    "capability",
    "command",
    "entry",
    "fetch_item",
]

T = TypeVar("T")


class State(enum.IntEnum):
    """How far a conversation has come; several are told by their sum. RFC 9051 s. 3."""

    NOT_AUTHENTICATED = 1
    AUTHENTICATED = 2
    SELECTED = 4


LOGGED_IN: Final = State.AUTHENTICATED + State.SELECTED
ANY: Final = State.NOT_AUTHENTICATED + LOGGED_IN


@dataclass(slots=True)
class Request:
    """A command as it came: ``parser`` stands behind its name. ``by_uid`` tells whether ``UID`` stood before it.

    ``code`` and ``text`` are what its tagged OK will say; without a text, that the command is completed.
    """

    tag: bytes
    name: bytes
    by_uid: bool
    parser: Parser
    code: bytes = b""
    text: str = ""


Run: TypeAlias = "Callable[[Session, Request], AsyncIterator[bytes]]"
"""Yields the untagged responses to a command, each piece whole; may raise ``ImapError`` between them."""

Capability: TypeAlias = "Callable[[Session], bytes | None]"
"""Returns a capability, or None where it would not be true of the session now."""


@dataclass(frozen=True, slots=True)
class Command:
    """A command: in which states it works, what runs it.

    ``with_uid`` tells whether ``UID`` may stand before it. One that ``keeps_msns`` answers or takes message sequence
    numbers, so that no EXPUNGE may come before its end (RFC 9051 s. 7.5.1).
    """

    states: int
    run: Run
    with_uid: bool = False
    keeps_msns: bool = False


COMMANDS: Final[dict[bytes, Command]] = {}
CAPABILITIES: Final[list[Capability]] = []

ENABLED: Final[dict[bytes, tuple[bytes, ...]]] = {}
"""What ENABLE can switch on, and what else that switches on. RFC 5161."""


def command(
    name: bytes, states: int, *, with_uid: bool = False, keeps_msns: bool = False
) -> Callable[[Run], Run]:
    """Register a command."""

    def register(run: Run) -> Run:
        COMMANDS[name] = Command(states, run, with_uid, keeps_msns)
        return run

    return register


def capability(offer: Capability | bytes) -> Capability:
    """Register a capability that depends on the session's state, or one that is always there after logging in."""
    row = offer if callable(offer) else _constant(offer)
    CAPABILITIES.append(row)
    return row


def _constant(name: bytes) -> Capability:
    return lambda _: name


@dataclass(frozen=True, slots=True, eq=False)
class Item:
    r"""Something that FETCH gives of each message. RFC 9051 s. 7.5.2.

    ``form`` is how it stands in the response, with one ``%`` conversion for its value. ``column`` makes the values of
    many messages at once from their rows: of the renditions ``kinds`` and, with ``with_entries``, of what the archive
    knows. ``part`` makes the value from a message's octets instead, in pieces, and ``form``
    ends with it. One that ``sees`` sets \Seen. ``kept_as`` tells one whose values depend on nothing but the messages'
    numbers, rows and flags from all other items; it is empty where they depend on more.
    """

    form: bytes
    column: Callable[[Rows], Iterable[object]] | None = None
    kinds: tuple[Rendition, ...] = ()
    with_entries: bool = False
    part: Callable[[Opened], Sequence[bytes]] | None = None
    sees: bool = False
    switching_on: bytes = b""
    kept_as: bytes = b""


@dataclass(slots=True)
class Fetch:
    """What a FETCH asks for: the items, and what its modifiers say.

    ``runs`` are the numbers of the messages; modifiers may lessen them. ``asked`` are the numbers as they were asked
    for, of messages or not; ``since`` is the mod-sequence after which something must have changed. What is in
    ``before`` is sent first.
    """

    items: list[Item]
    runs: Sequence[range]
    asked: Sequence[range] = ()
    since: int | None = None
    before: list[bytes] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class ListSelection:
    """A selection option of LIST. RFC 9051 s. 6.3.9.1.

    ``choose`` returns the names that satisfy it, None where it lessens nothing. ``implies`` is the return option that
    comes with it.
    """

    choose: Callable[[Session], Tree] | None = None
    implies: bytes | None = None


@dataclass(frozen=True, slots=True)
class ListReturn:
    """What a return option of LIST adds. RFC 9051 s. 6.3.9.2.

    ``attribute`` returns what it says of a name in its LIST response, which may be nothing; ``response`` what is sent
    behind that of a mailbox.
    """

    attribute: Callable[[bytes], bytes] | None = None
    response: Callable[[MailingList], Awaitable[bytes]] | None = None


ReadListReturn: TypeAlias = "Callable[[Session, Parser], ListReturn]"
"""Reads what follows the name of a return option of LIST."""

ReadItem: TypeAlias = "Callable[[Parser], Item]"
"""Reads what follows an item's name; equal octets make equal items."""

ReadModifier: TypeAlias = "Callable[[Session, Parser], Modify]"
"""Reads what follows a modifier's name."""

Modify: TypeAlias = "Callable[[Session, Request, Fetch], Awaitable[None]]"
"""Does to a FETCH what its modifier says."""

ReadParameter: TypeAlias = "Callable[[Session, Parser], Parameter]"
"""Reads what follows the name of a parameter of SELECT; refuses it before anything is selected."""

Parameter: TypeAlias = "Callable[[Session], AsyncIterator[bytes]]"
"""Yields what a parameter adds to the responses of a SELECT, once the mailbox is selected."""

Describe: TypeAlias = "Callable[[MailingList], bytes]"
"""Returns a response that tells what a mailbox is when it is selected."""

CountStatus: TypeAlias = "Callable[[Session, MailingList], Awaitable[bytes]]"
"""Returns the value of a status item."""


@dataclass(frozen=True, slots=True)
class Later:
    """A condition of a search that means another thing in each mailbox, and to each who searches."""

    bind: Callable[[Session, View], Awaitable[Query]]


Criterion: TypeAlias = "Query | Later"
"""What a search key says."""

ReadKey: TypeAlias = "Callable[[Keys], Criterion]"
"""Reads what follows a search key's name."""


@dataclass(frozen=True, slots=True)
class Join:
    """A search key that is about so many others that follow it.

    ``made`` returns what becomes of them together, ``each`` what becomes of every condition in them.
    """

    count: int
    made: Callable[[Sequence[Query]], Query]
    each: Callable[[Criterion], Criterion] | None = None


@dataclass(frozen=True, slots=True)
class Return:
    """A result option of SEARCH or SORT. RFC 4466 s. 2.6.1.

    ``data`` yields what it adds to the ESEARCH response, in pieces; None is nothing. ``part`` is what of the results,
    in their order, it is about; None is all of them. One that tells a part of what another would tell all
    of ``replaces`` that, and cannot stand beside it. One that ``scores`` needs the relevancy of what is found, and the
    search key FUZZY.
    """

    data: Callable[[Results], Iterator[bytes]] | None = None
    part: slice | None = None
    replaces: bytes = b""
    scores: bool = False


ReadReturn: TypeAlias = "Callable[[Parser], Return]"
"""Reads what follows a result option's name."""


@dataclass(frozen=True, slots=True)
class SortKey:
    """What SORT can sort by: ``take`` adds the values of some rows to a column. RFC 5256 s. 3.

    The rows have the rendition ``kind``. One that ``scores`` needs the relevancy of what is found, and the search key
    FUZZY.
    """

    take: Callable[[Rows, Results, Column], None]
    kind: Rendition | None = None
    scores: bool = False


@dataclass(frozen=True, slots=True)
class Algorithm:
    """An algorithm of THREAD, which makes the threads and yields pauses. RFC 5256 s. 3.

    Unless it is ``with_forest``, the forest it gets is empty.
    """

    make: Callable[[Threads, Forest], Iterator[bytes]]
    with_forest: bool = True


FETCH_ITEMS: Final[dict[bytes, ReadItem]] = {}
FETCH_MODIFIERS: Final[dict[bytes, ReadModifier]] = {}
LIST_SELECTIONS: Final[dict[bytes, ListSelection]] = {}
LIST_RETURNS: Final[dict[bytes, ReadListReturn]] = {}
SELECT_PARAMETERS: Final[dict[bytes, ReadParameter]] = {}
SELECT_RESPONSES: Final[list[Describe]] = []
STATUS_ITEMS: Final[dict[bytes, CountStatus]] = {}
SEARCH_KEYS: Final[dict[bytes, ReadKey]] = {}
SEARCH_JOINS: Final[dict[bytes, Join]] = {}
SEARCH_RETURNS: Final[dict[bytes, ReadReturn]] = {}
SORT_KEYS: Final[dict[bytes, SortKey]] = {}
THREAD_ALGORITHMS: Final[dict[bytes, Algorithm]] = {}


def entry(table: dict[bytes, T], name: bytes) -> Callable[[T], T]:
    """Register in a table under a name."""

    def register(row: T) -> T:
        table[name] = row
        return row

    return register


def fetch_item(name: bytes, item: Item) -> Item:
    """Register an item of FETCH that is its name and nothing more."""
    FETCH_ITEMS[name] = lambda _: item
    return item
