"""The tables that commands, items, keys, options and capabilities put themselves in: the extension points of RFC 4466."""

from __future__ import annotations

import enum
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final, TypeAlias, TypeVar

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Sequence

    from gateway.imap.grammar import Parser
    from gateway.imap.rows import Rows
    from gateway.imap.session import Session
    from storage.model import MailingList, Rendition, Served

__all__ = [
    "ANY",
    "CAPABILITIES",
    "COMMANDS",
    "ENABLED",
    "FETCH_ITEMS",
    "FETCH_MODIFIERS",
    "LOGGED_IN",
    "SELECT_PARAMETERS",
    "STATUS_ITEMS",
    "Capability",
    "Command",
    "Fetch",
    "Item",
    "Request",
    "Run",
    "State",
    "capability",
    "command",
    "entry",
    "fetch_item",
]

T = TypeVar("T")


class State(enum.Flag):
    """How far a conversation has come. RFC 9051 s. 3."""

    NOT_AUTHENTICATED = enum.auto()
    AUTHENTICATED = enum.auto()
    SELECTED = enum.auto()


ANY: Final = State.NOT_AUTHENTICATED | State.AUTHENTICATED | State.SELECTED
LOGGED_IN: Final = State.AUTHENTICATED | State.SELECTED


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

    states: State
    run: Run
    with_uid: bool = False
    keeps_msns: bool = False


COMMANDS: Final[dict[bytes, Command]] = {}
CAPABILITIES: Final[list[Capability]] = []

ENABLED: Final[dict[bytes, tuple[bytes, ...]]] = {}
"""What ENABLE can switch on, and what else that switches on. RFC 5161."""


def command(
    name: bytes, states: State, *, with_uid: bool = False, keeps_msns: bool = False
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


@dataclass(frozen=True, slots=True)
class Item:
    r"""Something that FETCH gives of each message. RFC 9051 s. 7.5.2.

    ``form`` is how it stands in the response, with one ``%`` conversion for its value. ``column`` makes the values of
    many messages at once from their rows: of the renditions ``kinds`` and, with ``with_entries``, of what the archive
    knows. ``part`` makes the value from a message's octets instead. One that ``sees`` sets \Seen.
    """

    form: bytes
    column: Callable[[Rows], Iterable[object]] | None = None
    kinds: tuple[Rendition, ...] = ()
    with_entries: bool = False
    part: Callable[[Served], bytes] | None = None
    sees: bool = False
    switching_on: bytes = b""


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

CountStatus: TypeAlias = "Callable[[Session, MailingList], Awaitable[bytes]]"
"""Returns the value of a status item."""

FETCH_ITEMS: Final[dict[bytes, ReadItem]] = {}
FETCH_MODIFIERS: Final[dict[bytes, ReadModifier]] = {}
SELECT_PARAMETERS: Final[dict[bytes, ReadParameter]] = {}
STATUS_ITEMS: Final[dict[bytes, CountStatus]] = {}


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
