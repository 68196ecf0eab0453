"""Who writes next, to what: threads that begin and go on."""

from __future__ import annotations

import enum
import heapq
import math
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from tests.synthetic.dates import ZONES
from tests.synthetic.words import FOREIGN_SUBJECTS, encoded_word

if TYPE_CHECKING:
    from random import Random

    from tests.synthetic.dice import Dice
    from tests.synthetic.options import Options
    from tests.synthetic.people import People, Person
    from tests.synthetic.texts import Texts

__all__ = ["Node", "Role", "Step", "Thread", "Threads", "thread_sizes"]

CROSS_POSTED: Final = 0.15
"""How many of the threads go to two lists."""

_DAY: Final = 86400.0
_MOST: Final = 900  # messages in a thread
_REMEMBERED: Final = 60  # messages of a thread that are still answered


class Role(enum.IntEnum):
    """What a message is for; the first three are also what a thread is for."""

    PATCH = 0
    DISCUSSION = 1
    BOT = 2
    COVER = 3
    ANSWER = 4


@dataclass(slots=True, eq=False)
class Node:
    """A message that can be answered: ``base`` is its subject without marks, ``blocks`` is its own text."""

    own: bytes
    author: Person
    blocks: list[int]
    base: bytes
    parent: Node | None
    date: bytes
    references: bytes


@dataclass(slots=True, eq=False)
class Thread:
    """A conversation in some lists; ``patches`` is how many a series has behind its cover letter."""

    number: int
    left: int
    role: Role
    version: int
    patches: int
    topic: bytes
    lists: tuple[int, ...]
    author: Person
    cc: list[Person]
    is_foreign: bool
    zone: int
    sent: int = 0
    nodes: list[Node] = field(default_factory=list)

    @property
    def in_series(self) -> bool:
        """Tell whether the next message belongs to the series it begins with."""
        return bool(self.patches) and self.sent <= self.patches


@dataclass(frozen=True, slots=True)
class Step:
    """The next message: when it comes, in which thread, by whom, as what, answering what."""

    now: float
    thread: Thread
    role: Role
    author: Person
    subject: bytes
    base: bytes
    zone: int
    parent: Node | None


class Threads:
    """All threads that go on, and when each does."""

    def __init__(
        self, options: Options, dice: Dice, texts: Texts, people: People, sizes: list[int]
    ) -> None:
        self._dice, self._texts, self._people = dice, texts, people
        self._lists = options.lists
        self._sizes = sizes
        self._gap = sum(sizes) / len(sizes) / (options.rate / _DAY * options.lists)
        self._intervals = dice.intervals()
        self._delays = dice.delays()
        self._next_new = float(options.start)
        self._running: list[tuple[float, int, Thread]] = []
        self._count = 0

    def next(self) -> Step:
        """Return what is written next."""
        if self._running and self._running[0][0] <= self._next_new:
            now, _, thread = heapq.heappop(self._running)
        else:
            now = self._next_new
            self._next_new += self.interval() * self._gap
            thread = self._new_thread()
        if thread.sent == 0:
            return self._opening(now, thread)
        if thread.in_series:
            return self._patch(now, thread)
        return self._answer(now, thread)

    def interval(self) -> float:
        """Return an interval; the mean is 1."""
        return self._intervals[self._dice.bits(14)]

    def go_on(self, step: Step, sequence: int) -> None:
        """Count a message that was written, and let its thread go on if it is not at its end."""
        thread = step.thread
        before = thread.sent
        thread.sent += 1
        thread.left -= 1
        if thread.left <= 0 or not thread.nodes:
            return
        if len(thread.nodes) > _REMEMBERED:
            del thread.nodes[20:30]
        if before < thread.patches:
            when = step.now + 0.3 + self.interval() * 2
        else:
            when = step.now + self._delays[self._dice.bits(14)]
        heapq.heappush(self._running, (when, sequence, thread))

    def topic(self) -> bytes:
        """Return something to write about."""
        return self._dice.pick(self._texts.topics)

    def _new_thread(self) -> Thread:
        dice = self._dice
        self._count += 1
        size = self._sizes[dice.bits(14)]
        chance = dice.chance()
        lists = self._some_lists()
        role = Role.PATCH if chance < 0.5 else Role.DISCUSSION if chance < 0.93 else Role.BOT
        version, patches = self._series(size) if role is Role.PATCH else (0, 0)
        is_foreign = dice.chance() < 0.03
        topic = encoded_word(*dice.pick(FOREIGN_SUBJECTS)) if is_foreign else self.topic()
        copied = 3 + dice.bits(2) + (dice.bits(3) + dice.bits(3) if dice.bits(1) else 0)
        cc = [self._people.somebody() for _ in range(copied)]
        author = self._people.somebody()
        zone = dice.pick(ZONES)
        return Thread(
            self._count,
            size,
            role,
            version,
            patches,
            topic,
            lists,
            author,
            cc,
            is_foreign,
            zone,
        )

    def _some_lists(self) -> tuple[int, ...]:
        """Return the lists a thread goes to; the first one is the busiest."""
        dice, count = self._dice, self._lists
        if count == 1:
            return (0,)
        if dice.chance() < CROSS_POSTED:
            one = dice.below(count)
            return one, (one + 1 + dice.below(count - 1)) % count
        return (min(dice.below(count), dice.below(count)),)

    def _series(self, size: int) -> tuple[int, int]:
        """Return a patch's version, and how many there are in its series, 0 for one by itself."""
        dice = self._dice
        version = 1 if dice.chance() < 0.6 else 1 + int(self.interval() * 1.8)
        if dice.chance() < 0.42 or size < 3:
            return version, 0
        return version, min(2 + int(self.interval() * 5), max(2, size - 1))

    def _opening(self, now: float, thread: Thread) -> Step:
        role, subject = thread.role, thread.topic
        if role is Role.PATCH:
            subject = _patch_mark(thread, b"0") + subject
            if thread.patches:
                role = Role.COVER
        elif role is Role.BOT:
            part = self._dice.pick(self._texts.files).split("/")[1].encode()
            subject = b"[syzbot] [%b?] BUG: %b" % (part, subject)
        return Step(now, thread, role, thread.author, subject, subject, thread.zone, None)

    def _patch(self, now: float, thread: Thread) -> Step:
        subject = _patch_mark(thread, b"%d" % thread.sent) + self.topic()
        return Step(
            now,
            thread,
            Role.PATCH,
            thread.author,
            subject,
            subject,
            thread.zone,
            thread.nodes[0],
        )

    def _answer(self, now: float, thread: Thread) -> Step:
        dice = self._dice
        parent = self._answered(thread)
        own_thread = dice.chance() < 0.3 and parent.author is not thread.author
        author = thread.author if own_thread else self._people.somebody()
        base = parent.base
        chance = dice.chance()
        if chance < 0.004:
            base = b"%b (was: %b)" % (self.topic(), base)
        mark = b"Re: "
        if chance > 0.985:
            mark = b"RE: "
        elif chance > 0.975:
            mark = b"Re: Re: "
        elif chance > 0.97:
            mark = b"AW: "
        zone = ZONES[(author.address[0] * 7 + len(author.address)) % len(ZONES)]
        return Step(now, thread, Role.ANSWER, author, mark + base, base, zone, parent)

    def _answered(self, thread: Thread) -> Node:
        """Return what is answered: mostly one of the last, else one of the series."""
        nodes, dice = thread.nodes, self._dice
        chance = dice.chance()
        if chance < 0.46:
            return nodes[-1]
        if chance < 0.72:
            return dice.pick(nodes)
        if chance < 0.86 and len(nodes) > 2:
            return nodes[-2]
        return nodes[dice.below(1 + (thread.patches if thread.patches < len(nodes) else 0))]


def thread_sizes(source: Random) -> list[int]:
    """Return a table of thread sizes: a third are single messages, few are long, some very long."""
    table = []
    for _ in range(1 << 14):
        chance = source.random()
        if chance < 0.30:
            table.append(1)
        elif chance < 0.45:
            table.append(2)
        else:
            size = int(math.exp(source.gauss(1.75, 1.0))) + 2
            if source.random() < 0.02:
                size = int(30 * source.paretovariate(1.4))
            table.append(min(size, _MOST))
    return table


def _patch_mark(thread: Thread, place: bytes) -> bytes:
    version = b" v%d" % thread.version if thread.version > 1 else b""
    if thread.patches:
        return b"[PATCH%b %b/%d] " % (version, place, thread.patches)
    return b"[PATCH%b] " % version
