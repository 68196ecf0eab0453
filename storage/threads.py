"""Who answers whom: each message's parent, decided from the strongest evidence there is.

Theory of operation
-------------------
A *forest* holds one node for each Message-ID of a list: of a message, or of a *ghost* that messages refer to but that
never came. Every node has at most one chosen parent. The choice is the maximum over all the evidence seen for that
node, ordered by (kind, weight, Message-ID), so it does not depend on the order of arrival:

1. ``REFERENCES``: the last sound id of the message's own References.
2. ``IN_REPLY_TO``: the one id of its own In-Reply-To.
3. ``CONVERSATION``: the message whose Thread-Index is this one's less its last block.
4. ``MENTION``: another message's References name the parent right before this id; the more ids stand before,
   the less was cut off there, so the deeper mention weighs more.
5. ``SUBJECT``: a reply-marked subject, and a message with that subject sent before it within a window; only where the
   operator wants it.

Choices made one by one can close a loop. Loops are disjoint, since a node has one parent, and each is opened by
severing the one node that is least in (evidence, time sent, Message-ID): again no matter what came first. A severed
node keeps its choice, so that the loop can be closed again, and opened elsewhere, when one of its nodes changes.

Besides its place, which may change, a node has the name of a *thread*, which may not: it is given when the node is new.
That is its parent's, if it has one then, or else its own. Threads that are joined later keep the names they had.

Nothing here recurses: a thread may be as deep as its archive is long. What only mail made to hurt would have (a loop of
thousands, thousands that wait for one) is looked at up to a limit.
"""

from __future__ import annotations

import enum
from dataclasses import dataclass
from hashlib import blake2b
from typing import TYPE_CHECKING, Final, Protocol

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

__all__ = [
    "THREAD_OCTETS",
    "Evidence",
    "Forest",
    "Node",
    "Note",
    "Ties",
    "ancestors",
    "mended",
    "own_thread",
    "place",
    "remember",
    "uproot",
    "withdraw",
]

MAX_ANCESTORS: Final = 60
"""How many ids a mended References holds; the first and the last ones are kept (RFC 5537 s. 3.4.4)."""

KEPT_FIRST: Final = 3

MAX_CLIMB: Final = 2000
"""How far up a thread is looked, for its root or for a loop: what is built to be deeper is not worth more time."""

MAX_WAITING: Final = 1000
"""How many messages that wait for the same one are told when it comes."""

THREAD_OCTETS: Final = 8
"""Octets of a thread's name. Who makes two threads' names meet has won no more than by answering to both."""

_CONVERSATION: Final = b"c"
_SUBJECT: Final = b"s"
"""What keys of notes begin with, by what follows: a Thread-Index, or the subject itself."""

_NEVER: Final = 1 << 62


class Evidence(enum.IntEnum):
    """The kinds of evidence for a parent, weaker to stronger."""

    NONE = 0
    SUBJECT = 1
    MENTION = 2
    CONVERSATION = 3
    IN_REPLY_TO = 4
    REFERENCES = 5


@dataclass(slots=True)
class Node:
    """One Message-ID of a list's forest; a ghost while ``number`` is None.

    ``parent`` is the chosen parent's Message-ID; ``severed`` tells that the link to it is cut because it would close
    a loop. ``sent`` orders siblings. ``thread`` is what the thread is called that the node was first seen in.
    """

    message_id: bytes
    number: int | None = None
    sent: int = 0
    parent: bytes | None = None
    evidence: Evidence = Evidence.NONE
    weight: int = 0
    severed: bool = False
    thread: bytes = b""

    def __post_init__(self) -> None:
        self.thread = self.thread or own_thread(self.message_id)

    @property
    def above(self) -> bytes | None:
        """The Message-ID this node hangs under, or None for a root."""
        return None if self.severed else self.parent


@dataclass(frozen=True, slots=True)
class Note:
    """That a message can be found, or waits to be answered for, under a key that is not a Message-ID."""

    message_id: bytes
    sent: int
    waits: bool


@dataclass(frozen=True, slots=True)
class Ties:
    """What one message says of its place: sound ids only, oldest first.

    ``conversation`` and ``conversation_parent`` come from Thread-Index; ``subject`` is the base subject, ``is_reply``
    tells whether it was marked as a reply's. ``sent`` is the time sent or, where unknown, received.
    """

    message_id: bytes
    sent: int
    references: Sequence[bytes] = ()
    in_reply_to: Sequence[bytes] = ()
    conversation: bytes | None = None
    conversation_parent: bytes | None = None
    subject: bytes = b""
    is_reply: bool = False

    @property
    def parent(self) -> bytes | None:
        """The parent that the message itself names by its id, if it does."""
        ids = [each for each in self.references if each != self.message_id]
        answered = [each for each in self.in_reply_to if each != self.message_id]
        if ids:
            return ids[-1]
        return answered[0] if len(answered) == 1 else None


class Forest(Protocol):
    """Where the nodes of one list are kept."""

    def node(self, message_id: bytes) -> Node | None:
        """Return the node of this Message-ID, the same object each time, or None."""
        ...

    def put(self, node: Node) -> None:
        """Keep a node that is new or was changed."""
        ...

    def note(self, key: bytes, note: Note) -> None:
        """Keep a note under a key; keeping the same one twice is keeping it once."""
        ...

    def notes(
        self,
        key: bytes,
        *,
        waits: bool,
        since: int,
        until: int,
        most: int,
        newest_first: bool = False,
    ) -> Sequence[Note]:
        """Return at most ``most`` notes under a key with ``since <= sent <= until``, by (sent, Message-ID).

        With ``newest_first`` those sent last come first; among those sent at once the Message-IDs still ascend.
        """
        ...

    def drop_notes(self, kind: bytes, message_id: bytes) -> None:
        """Drop a message's notes under all keys that begin with this octet."""
        ...


def own_thread(message_id: bytes) -> bytes:
    """Return what a thread is called that begins with this Message-ID, in every list alike."""
    return blake2b(message_id, digest_size=THREAD_OCTETS).digest()


def place(forest: Forest, ties: Ties, number: int, *, subject_window: int | None = None) -> Node:
    """Give a message its place in the forest, and those that waited for it theirs.

    Returns the message's node. ``subject_window`` is in seconds; None leaves subjects out of it.
    """
    own = ties.message_id
    ids = [each for each in ties.references if each != own]
    for at, newer in enumerate(ids):
        mentioned = forest.node(newer)
        leaf = mentioned is None
        if mentioned is None:
            mentioned = _known(forest, newer)
        if at and mentioned.evidence <= Evidence.MENTION:
            _weigh(forest, mentioned, ids[at - 1], Evidence.MENTION, at, leaf=leaf)

    node = forest.node(own)
    leaf = node is None
    if node is None:
        node = Node(own)
    _set_number(forest, node, number, ties.sent)

    if ties.parent is not None:
        evidence = Evidence.REFERENCES if ids else Evidence.IN_REPLY_TO
        _weigh(forest, node, ties.parent, evidence, 0, leaf=leaf)
    else:
        _seek_conversation(forest, node, ties, leaf=leaf)
        if subject_window is not None and ties.is_reply:
            _seek_subject(forest, node, ties, subject_window, leaf=leaf)
    _answer_conversation(forest, ties)
    if subject_window is not None and not ties.is_reply:
        _answer_subject(forest, ties, subject_window)
    return node


def remember(forest: Forest, ties: Ties, *, subject_window: int | None = None) -> None:
    """Note how a message can be found whose place is known already, and what it waits for, as ``place`` does."""
    own, index, parent_index = ties.message_id, ties.conversation, ties.conversation_parent
    if ties.parent is None and parent_index is not None and parent_index != index:
        forest.note(_CONVERSATION + parent_index, Note(own, 0, waits=True))
    if index is not None:
        forest.note(_CONVERSATION + index, Note(own, 0, waits=False))
    if subject_window is not None:
        forest.drop_notes(_SUBJECT, own)
        if ties.subject and not (ties.is_reply and ties.parent is not None):
            forest.note(_SUBJECT + ties.subject, Note(own, ties.sent, waits=ties.is_reply))


def withdraw(forest: Forest, message_id: bytes) -> None:
    """Make a ghost of a removed message: its answers stay together, and nothing of what it said stays."""
    forest.drop_notes(_SUBJECT, message_id)
    node = forest.node(message_id)
    if node is not None:
        _set_number(forest, node, None, node.sent)


def uproot(forest: Forest, message_id: bytes) -> None:
    """Forget which parent was chosen for a message, so that it can be placed anew."""
    node = _known(forest, message_id)
    _join(forest, _loop_through(forest, node))
    node.parent, node.evidence, node.weight = None, Evidence.NONE, 0
    forest.put(node)


def ancestors(forest: Forest, message_id: bytes) -> list[bytes]:
    """Return the Message-IDs above this one, oldest first; the middle is left out where there are too many."""
    chain = [node.message_id for node in _upward(forest, message_id)][1:]
    chain.reverse()
    if len(chain) > MAX_ANCESTORS:
        chain[KEPT_FIRST : len(chain) - (MAX_ANCESTORS - KEPT_FIRST)] = []
    return chain


def mended(
    forest: Forest, node: Node, visible: Sequence[bytes], *, has_field: bool
) -> list[bytes] | None:
    """Return the References to serve in place of the message's own, or None where these are right.

    ``visible`` are the ids a standard client reads out of the original field, ``has_field`` whether there is one. A
    client hangs a message under the last id (RFC 5322 s. 3.6.4); where that is the parent, the original stays.
    """
    above = node.above
    if above is None:
        # A root by our lights: only a field that names the message itself leads a client astray.
        return [] if has_field and visible and visible[-1] == node.message_id else None
    if visible and visible[-1] == above:
        return None
    return ancestors(forest, node.message_id)


def _set_number(forest: Forest, node: Node, number: int | None, sent: int) -> None:
    """Make a node a message's, or a ghost; a loop it is part of is opened anew, because that changes its strength."""
    loop = _loop_through(forest, node)
    _join(forest, loop)
    node.number, node.sent = number, sent
    forest.put(node)
    _sever(forest, loop)


def _known(forest: Forest, message_id: bytes) -> Node:
    """Return the node of a Message-ID, a new ghost if there was none."""
    node = forest.node(message_id)
    if node is None:
        node = Node(message_id)
        forest.put(node)
    return node


def _weigh(
    forest: Forest,
    node: Node,
    parent: bytes,
    evidence: Evidence,
    weight: int,
    *,
    leaf: bool = False,
) -> None:
    """Choose ``parent`` for a node if the evidence is better than what it has.

    A ``leaf`` is new and has nothing below it, so that no loop can run through it and none needs to be looked for.
    Such a one is of its parent's thread.
    """
    have = (node.evidence, node.weight)
    if (evidence, weight) < have:
        return
    if (evidence, weight) == have and node.parent is not None and parent >= node.parent:
        return
    if not leaf:
        _join(forest, _loop_through(forest, node))
    above = _known(forest, parent)
    node.parent, node.evidence, node.weight = parent, evidence, weight
    if leaf:
        node.thread = above.thread
    forest.put(node)
    if not leaf:
        _sever(forest, _loop_through(forest, node))


def _loop_through(forest: Forest, start: Node) -> list[Node]:
    """Return the nodes of the loop of chosen parents that ``start`` is part of, or none."""
    if start.parent is None:
        return []
    seen = {start.message_id}
    loop = [start]
    parent: bytes | None = start.parent
    while parent is not None and parent not in seen and len(loop) < MAX_CLIMB:
        node = _known(forest, parent)
        seen.add(parent)
        loop.append(node)
        parent = node.parent
    return loop if parent == start.message_id else []


def _join(forest: Forest, loop: Sequence[Node]) -> None:
    """Join a loop again where it was severed."""
    for node in loop:
        if node.severed:
            node.severed = False
            forest.put(node)


def _sever(forest: Forest, loop: Sequence[Node]) -> None:
    """Open a loop at the one link that is missed least."""
    if loop:
        weakest = min(loop, key=_strength)
        weakest.severed = True
        forest.put(weakest)


def _strength(node: Node) -> tuple[int, int, bytes]:
    """Order the nodes of a loop by how well their links would be missed: a ghost's time is unknown, so never first."""
    return node.evidence, _NEVER if node.number is None else node.sent, node.message_id


def _upward(forest: Forest, message_id: bytes) -> Iterator[Node]:
    """Yield a node and those above it, as far as ``MAX_CLIMB``."""
    above: bytes | None = message_id
    for _ in range(MAX_CLIMB):
        if above is None:
            return
        node = _known(forest, above)
        yield node
        above = node.above


def _seek_conversation(forest: Forest, node: Node, ties: Ties, *, leaf: bool) -> None:
    """Look for the message this one answers by Thread-Index, and wait for a better one."""
    if ties.conversation_parent is None or ties.conversation_parent == ties.conversation:
        return
    key = _CONVERSATION + ties.conversation_parent
    forest.note(key, Note(node.message_id, 0, waits=True))
    for found in forest.notes(key, waits=False, since=0, until=0, most=1):
        _weigh(forest, node, found.message_id, Evidence.CONVERSATION, 0, leaf=leaf)


def _answer_conversation(forest: Forest, ties: Ties) -> None:
    """Be found by Thread-Index, if no other message with this one has a lesser Message-ID."""
    if ties.conversation is None:
        return
    key = _CONVERSATION + ties.conversation
    forest.note(key, Note(ties.message_id, 0, waits=False))
    least = forest.notes(key, waits=False, since=0, until=0, most=1)
    if least[0].message_id != ties.message_id:
        return
    for waiting in forest.notes(key, waits=True, since=0, until=0, most=MAX_WAITING):
        node = _known(forest, waiting.message_id)
        _weigh(forest, node, ties.message_id, Evidence.CONVERSATION, 0)


def _seek_subject(forest: Forest, node: Node, ties: Ties, window: int, *, leaf: bool) -> None:
    """Look for the last message with this subject sent before, and wait for a later one."""
    if not ties.subject:
        return
    key = _SUBJECT + ties.subject
    forest.note(key, Note(node.message_id, ties.sent, waits=True))
    since = ties.sent - window
    for found in forest.notes(
        key, waits=False, since=since, until=ties.sent, most=1, newest_first=True
    ):
        _weigh(forest, node, found.message_id, Evidence.SUBJECT, found.sent, leaf=leaf)


def _answer_subject(forest: Forest, ties: Ties, window: int) -> None:
    """Be found by subject by the replies sent within the window after, and before the next such message."""
    if not ties.subject:
        return
    key = _SUBJECT + ties.subject
    forest.note(key, Note(ties.message_id, ties.sent, waits=False))
    until = ties.sent + window
    for later in forest.notes(key, waits=False, since=ties.sent + 1, until=until, most=1):
        until = later.sent - 1
    for waiting in forest.notes(key, waits=True, since=ties.sent, until=until, most=MAX_WAITING):
        node = _known(forest, waiting.message_id)
        _weigh(forest, node, ties.message_id, Evidence.SUBJECT, ties.sent)
