"""The algorithms of THREAD: from who answers whom, when and on what, to the threads as they are sent. RFC 5256.

Messages are told by their ranks, and so are *dummies* (see ``gateway.imap.forest``): a message that is not among those
searched, or not in the archive, and of which several hang that are. Every order is made of ranks: whoever hangs
somewhere is put there in their order. Only roots are dummies, and each has two children at least.

A million messages take seconds, and no step of that may take long: all this yields pauses, ``b""``. What is known of
messages stands in columns, so that each costs some tens of octets, all told.
"""

from __future__ import annotations

from array import array
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, TypeAlias

from gateway.imap.forest import NONE, steps
from gateway.imap.ordering import Column, order

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from gateway.imap.forest import Forest

__all__ = ["Searched", "Shown", "Threads", "ordered_subject", "references", "refs"]

_END: Final = -2
"""No rank: on the stack, that a thread is ended."""

_HEADS: Final = 64
"""Threads put together between two pauses."""

_PIECE_PARTS: Final = 4096
"""Parts of threads that are sent in one piece."""


@dataclass(slots=True)
class Searched:
    """The messages to thread, ascending by number, in columns.

    ``sent`` is when each was sent, or else received; ``subjects`` are the same number where base subjects are the same
    text, 0 of the empty one; ``replies`` tell which were marked as replies or forwards.
    """

    numbers: array[int]
    sent: Column
    subjects: array[int]
    replies: bytearray


Shown: TypeAlias = "Callable[[Sequence[int]], Sequence[int]]"
"""Makes of numbers, ascending, what is sent of them."""


def refs(threads: Threads, forest: Forest) -> Iterator[bytes]:
    """Make the threads of THREAD=REFS: the forest as it is, the thread with the latest message last; yield pauses.

    draft-ietf-morg-inthread s. 3.
    """
    yield from threads.hang(forest)
    yield from threads.sort_by_latest()


def references(threads: Threads, forest: Forest) -> Iterator[bytes]:
    """Make the threads of THREAD=REFERENCES; yield pauses. RFC 5256 s. 3.

    Its steps 1 and 2 were done when the messages arrived: the forest is what came of it.
    """
    yield from threads.hang(forest)
    yield from threads.merge()


def ordered_subject(threads: Threads, _forest: Forest) -> Iterator[bytes]:
    """Make the threads of THREAD=ORDEREDSUBJECT; yield pauses. RFC 5256 s. 3."""
    yield from threads.hang_by_subject()


class Threads:
    """Threads, which an algorithm makes of the messages searched.

    ``ranks`` are those of the messages by number; what else is kept is by rank. Of what hangs below, ``first`` is the
    first; ``behind`` is what comes behind another there.
    """

    def __init__(self, searched: Searched) -> None:
        self.searched = searched
        self.numbers = searched.numbers
        self.count = len(searched.numbers)
        self.ranks = array("i", bytes(4 * self.count))
        self.subjects = array("i", bytes(4 * self.count))
        self.replies = bytearray(self.count)
        self.above = array("i", [NONE]) * self.count
        self.roots = array("i")
        self.first = array("i")
        self.behind = array("i")
        self._told: dict[bool, array[int]] = {}  # what is sent of each, by rank

    def forget(self) -> None:
        """Let go of what is needed only while threads are made."""
        self.searched = Searched(self.numbers, Column(), array("i"), bytearray())
        self.subjects, self.above, self.replies = array("i"), array("i"), bytearray()

    # What hangs where

    def hang_by_subject(self) -> Iterator[bytes]:
        """Hang each message under the first one of its subject."""
        yield from self._rank()
        heads: dict[int, int] = {}
        for start, stop in steps(self.count):
            for rank in range(start, stop):
                head = heads.setdefault(self.subjects[rank], rank)
                if head != rank:
                    self.above[rank] = head
            yield b""
        yield from self._grow(0)

    def hang(self, forest: Forest) -> Iterator[bytes]:
        """Hang each message as it is in the forest, without what is not of use. RFC 5256 s. 3, steps 3 and 4.

        A message hangs under the nearest one above it that is searched; where none is, under the topmost ghost, if
        others do so as well.
        """
        yield from self._rank()
        numbers = self.numbers
        if not numbers:
            return
        first = numbers[0]
        ranks = array("i", [NONE]) * (numbers[-1] - first + 1)
        for start, stop in steps(self.count):
            for number, rank in zip(numbers[start:stop], self.ranks[start:stop], strict=True):
                ranks[number - first] = rank
            yield b""
        ghosts = yield from forest.hang(ranks, first, self.above)
        yield from self._open_loops()
        yield from self._grow(ghosts)

    def children(self, rank: int) -> list[int]:
        """Return what hangs below, in order."""
        found = []
        child = self.first[rank]
        while child >= 0:
            found.append(child)
            child = self.behind[child]
        return found

    def _rank(self) -> Iterator[bytes]:
        """Give each message its rank, and note by rank what is known of it."""
        passed = 0
        subjects, replies = self.searched.subjects, self.searched.replies
        for places in order([self.searched.sent]):
            for rank, place in enumerate(places, passed):
                self.ranks[place] = rank
                self.subjects[rank] = subjects[place]
                self.replies[rank] = replies[place]
            passed += len(places)
            yield b""

    def _grow(self, ghosts: int) -> Iterator[bytes]:
        """Make lists of children of what each hangs under, in the order of ranks, and find the roots.

        A ghost with one child is of no use: the child is a root.
        """
        count = self.count + ghosts
        self.first = array("i", [NONE]) * count
        self.behind = array("i", [NONE]) * count
        last = array("i", [NONE]) * count
        for start, stop in steps(self.count):
            for rank, parent in enumerate(self.above[start:stop], start):
                if parent < 0:
                    self.roots.append(rank)
                elif last[parent] >= 0:
                    self.behind[last[parent]] = rank
                    last[parent] = rank
                else:
                    self.first[parent] = last[parent] = rank
                    if parent >= self.count:
                        self.roots.append(parent)
            yield b""
        for start, stop in steps(len(self.roots)):
            for at, root in enumerate(self.roots[start:stop], start):
                if root >= self.count and self.behind[self.first[root]] < 0:
                    self.roots[at] = self.first[root]
                    self.above[self.first[root]] = NONE
            yield b""

    def _open_loops(self) -> Iterator[bytes]:
        """Make a root of one message of each loop, as links may show that are told of in the middle of a change.

        What hangs under a message of a lower rank cannot close one.
        """
        above = self.above
        is_safe = bytearray(self.count)
        for start, stop in steps(self.count):
            for rank in range(start, stop):
                if not rank <= above[rank] < self.count:
                    continue
                path = set()
                node = rank
                while 0 <= node < self.count and not is_safe[node] and node not in path:
                    path.add(node)
                    node = above[node]
                if node in path:
                    above[node] = NONE
                for passed in path:
                    is_safe[passed] = 1
            yield b""

    # The order of the roots

    def sort_by_latest(self) -> Iterator[bytes]:
        """Put the roots in the order of the latest message in each thread."""
        top = array("i", [NONE]) * len(self.first)
        latest = array("i", [NONE]) * len(self.first)
        for start, stop in steps(self.count):
            for rank in range(start, stop):
                path = []
                node = rank
                while top[node] < 0:
                    path.append(node)
                    if node >= self.count or self.above[node] < 0:
                        top[node] = node
                    else:
                        node = self.above[node]
                for passed in path:
                    top[passed] = top[node]
                latest[top[node]] = rank
            yield b""
        yield from self._sort_roots(latest.__getitem__)

    def merge(self) -> Iterator[bytes]:
        """Put threads of one base subject together, and the roots in order. RFC 5256 s. 3, steps 5 and 6."""
        heads: dict[int, int] = {}
        for start, stop in steps(len(self.roots)):
            for root in self.roots[start:stop]:
                subject = self._subject(root)
                if subject and self._heads(root, heads.get(subject)):
                    heads[subject] = root
            yield b""
        merged: dict[int, list[int]] = {}
        gone: set[int] = set()
        for start, stop in steps(len(self.roots)):
            for root in self.roots[start:stop]:
                self._put_to_its_head(root, heads, merged, gone)
            yield b""
        for at, (head, children) in enumerate(merged.items()):
            self._hang_below(head, children)
            if at % _HEADS == 0:
                yield b""
        left = array("i")
        for start, stop in steps(len(self.roots)):
            left.extend([root for root in self.roots[start:stop] if root not in gone])
            yield b""
        self.roots = left
        yield from self._sort_roots(self._first_message)

    def _put_to_its_head(
        self, root: int, heads: dict[int, int], merged: dict[int, list[int]], gone: set[int]
    ) -> None:
        """Put a thread to the one that takes those of its subject. RFC 5256 s. 3, step 5.C."""
        subject = self._subject(root)
        head = heads.get(subject, root)
        if head == root or root in gone:
            return
        if head < self.count and (self.replies[head] or not self.replies[root]):
            dummy = len(self.first)
            self.first.append(head)
            self.behind.append(NONE)
            self.roots.append(dummy)
            merged[dummy] = [head]
            gone.add(head)
            head = heads[subject] = dummy
        if head not in merged:
            merged[head] = self.children(head)
        merged[head] += [root] if root < self.count else self.children(root)
        gone.add(root)

    def _hang_below(self, head: int, children: list[int]) -> None:
        """Have these be what hangs below."""
        children.sort()
        self.first[head] = children[0]
        for child, other in zip(children, [*children[1:], NONE], strict=True):
            self.behind[child] = other

    def _first_message(self, root: int) -> int:
        """Return a root that is a message, or the first message of a dummy."""
        return root if root < self.count else self.first[root]

    def _subject(self, root: int) -> int:
        return self.subjects[self._first_message(root)]

    def _heads(self, root: int, head: int | None) -> bool:
        """Tell whether a thread is to take the others of its subject, rather than ``head``. RFC 5256 s. 3, step 5.B.iv."""
        if head is None or head >= self.count:
            return head is None
        return root >= self.count or bool(self.replies[head] and not self.replies[root])

    def _sort_roots(self, by: Callable[[int], int]) -> Iterator[bytes]:
        """Put the roots in the order of something."""
        column = Column()
        for start, stop in steps(len(self.roots)):
            column.extend([by(root) for root in self.roots[start:stop]])
            yield b""
        roots = array("i")
        for places in order([column]):
            roots.extend([self.roots[place] for place in places])
            yield b""
        self.roots = roots

    # How they are sent

    def rendered(self, shown: Shown, *, by_uid: bool) -> Iterator[bytes]:
        """Yield threads as they are sent, in pieces; ``shown`` makes UIDs or not. RFC 5256 s. 5, thread-list."""
        told = self._told.get(by_uid)
        if told is None:
            told = array("I", bytes(4 * self.count))
            for start, stop in steps(self.count):
                numbers = shown(self.numbers[start:stop])
                for number, rank in zip(numbers, self.ranks[start:stop], strict=True):
                    told[rank] = number
                yield b""
            self._told[by_uid] = told
        parts: list[bytes] = []
        for start, stop in steps(len(self.roots)):
            for root in self.roots[start:stop]:
                yield from self._render(root, told, parts)
            yield b"".join(parts)
            parts.clear()

    def _render(self, root: int, told: Sequence[int], parts: list[bytes]) -> Iterator[bytes]:
        """Add a thread to the parts; yield them when they are many."""
        first, behind, count = self.first, self.behind, self.count
        waiting = [root]
        while waiting:
            rank = waiting.pop()
            if rank == _END:
                parts.append(b")")
                continue
            parts.append(b"(%d" % told[rank] if rank < count else b"(")
            below = first[rank]
            while below >= 0 and behind[below] < 0:
                rank = below
                parts.append(b" %d" % told[rank])
                below = first[rank]
                if len(parts) >= _PIECE_PARTS:
                    yield b"".join(parts)
                    parts.clear()
            if below < 0:
                parts.append(b")")
                continue
            if rank < count:
                parts.append(b" ")
            waiting.append(_END)
            waiting += reversed(self.children(rank))
