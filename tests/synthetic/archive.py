"""The archive itself: messages one after the other, written as mboxrd."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from tests.synthetic.bodies import Bodies
from tests.synthetic.damage import Damage, Draft, in_reply_to
from tests.synthetic.dates import PACIFIC, moment
from tests.synthetic.dice import Dice
from tests.synthetic.heads import Heads, MadeList
from tests.synthetic.people import People, Style
from tests.synthetic.texts import Texts
from tests.synthetic.threads import Node, Role, Threads, thread_sizes

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from tests.synthetic.options import Options
    from tests.synthetic.threads import Step

__all__ = ["Generator", "Truth"]

MAX_REFERENCES: Final = 24
"""Ids after which a program shortens References to the first one and the last 18."""


@dataclass(frozen=True, slots=True)
class Truth:
    """What is true of a record: where it lies, which thread it is of, what it answers.

    ``number`` counts from 1 in the list's mbox, ``offset`` and ``length`` are octets in it. ``parent`` is the
    Message-ID of what it answers, ``-`` for nothing, ``?`` for what was never archived; ``own`` is ``-`` without one.
    """

    name: str
    number: int
    offset: int
    length: int
    thread: int
    parent: bytes
    own: bytes
    flags: str

    def line(self) -> str:
        """Return the record as a line of ``truth.tsv``."""
        ids = self.parent.decode("latin-1"), self.own.decode("latin-1")
        place = f"{self.number}\t{self.offset}\t{self.length}\t{self.thread}"
        return "\t".join([self.name, place, *ids, self.flags]) + "\n"


class Generator:
    """Makes one archive; ``numbers`` and ``octets`` count what was written to each list."""

    def __init__(self, options: Options) -> None:
        self._options = options
        self._dice = Dice(options.seed)
        texts = Texts(self._dice.source, options.pool)
        self._people = People(self._dice.source)
        sizes = thread_sizes(self._dice.source)
        self._bodies = Bodies(self._dice, texts, self._people, options.mime)
        self._threads = Threads(options, self._dice, texts, self._people, sizes)
        self._heads = Heads(self._dice)
        self._rates = options.rates()
        self._damage = Damage(self._dice, self._rates)
        self.lists = [_made_list(at) for at in range(options.lists)]
        self.numbers = [0] * options.lists
        self.octets = [0] * options.lists
        self._written = 0

    def run(
        self,
        write: Sequence[Callable[[bytes], object]],
        tell: Callable[[Truth], object] | None = None,
    ) -> None:
        """Write every record to its list's function, and tell the truth about it."""
        sequence = 0
        while self._written < self._options.messages:
            step = self._threads.next()
            draft = self._draft(step)
            self._write(draft, sequence, write, tell)
            sequence += 1
            self._remember(draft, sequence)
            self._threads.go_on(step, sequence)

    def _draft(self, step: Step) -> Draft:
        """Return the message that a step asks for, with whatever goes wrong with it."""
        style = step.author.style
        if step.role in (Role.PATCH, Role.COVER) and style is not Style.OUTLOOK:
            style = Style.SEND_EMAIL
        now = int(step.now)
        dated = self._dated(step, now)
        when = moment(dated, step.zone)
        own = self._heads.message_id(style, step.author, when)
        body = self._bodies.write(step, self._threads)
        sender, subject = step.author.sender, step.subject
        draft = Draft(step, style, now, dated, when, own, body, sender, when.date, subject)
        draft.flags = body.flag
        if step.parent is not None:
            _answer(draft, step.parent)
        if self._options.defects > 0:
            self._damage.harm(draft)
        if step.author.is_foreign or step.thread.is_foreign:
            draft.flags += "r"
        if self._options.defects > 0:
            self._damage.harm_rest(draft)
        return draft

    def _dated(self, step: Step, now: int) -> int:
        """Return the time of the Date field: a little earlier than the message comes, now and then far off."""
        dice = self._dice
        if dice.chance() < 0.99:
            late = self._threads.interval() * (1 if step.thread.in_series else 6)
        else:
            late = self._threads.interval() * 1800
        dated = now - int(late)
        if dice.chance() < self._rates["wild_date"]:
            chance = dice.chance()
            if chance < 0.8:
                dated = now - int((dice.chance() - 0.05) * 200000)
            elif chance < 0.98:
                dated = now - int(dice.chance() * 4e7)
            else:
                dated = now + int(dice.chance() * 4e6)
        return dated

    def _write(
        self,
        draft: Draft,
        sequence: int,
        write: Sequence[Callable[[bytes], object]],
        tell: Callable[[Truth], object] | None,
    ) -> None:
        """Write a message to each of its lists, and to the first one again where it is doubled."""
        lists = draft.step.thread.lists
        common, above = self._common_fields(draft)
        copies = (*lists, lists[0]) if draft.is_doubled else lists
        for copy, at in enumerate(copies):
            made = self.lists[at]
            trace = self._heads.trace(made, draft.step.author, sequence, draft.now)
            subject, body = _as_the_list_has_it(draft, made)
            head = (_separator(draft), trace, common, subject, above, made.fields(), b"\n")
            record = b"".join((*head, _escaped(body), b"\n"))
            self._written += 1
            if self._written > self._options.skip:
                self.numbers[at] += 1
                write[at](record)
                if tell is not None:
                    flags = draft.flags + "x" * (0 < copy < len(lists)) + "d" * (copy >= len(lists))
                    tell(self._truth(draft, at, len(record), flags))
                self.octets[at] += len(record)
            if self._written >= self._options.messages:
                break

    def _common_fields(self, draft: Draft) -> tuple[bytes, bytes]:
        """Return the fields before the subject and those after it, the same in every list."""
        dice, step, style = self._dice, draft.step, draft.style
        first = self.lists[step.thread.lists[0]].address
        dice.hex(10)  # of no use any more, but what follows is to stay the same
        signature, program = self._heads.of_program(
            style, step.author, draft.dated, draft.now, refers=draft.references != b""
        )
        hops = self._heads.hops(style, step.author, first, draft.now)
        to, *copied = step.thread.cc
        if step.role is Role.ANSWER and step.parent is not None:
            to = step.parent.author
        addresses = [person.sender for person in copied]
        addresses += [self.lists[at].address for at in step.thread.lists]
        before = (
            signature,
            hops,
            b"From: %b\nTo: %b\n" % (draft.sender, to.sender),
            b"Cc: %b\n" % b",\n\t".join(addresses),
        )
        name = b"Message-ID" if style is not Style.SEND_EMAIL else b"Message-Id"
        types = draft.body.content_type + draft.body.transfer_encoding
        after = (
            b"" if draft.date is None else b"Date: %b\n" % draft.date,
            b"%b: %b\n" % (name, draft.own) if draft.own else b"",
            b"References: %b\n" % draft.references if draft.references else b"",
            draft.answer,
            program,
            b"MIME-Version: 1.0\n" + types if types else b"",
        )
        return b"".join(before), b"".join(after)

    def _truth(self, draft: Draft, at: int, length: int, flags: str) -> Truth:
        return Truth(
            self.lists[at].name.decode(),
            self.numbers[at],
            self.octets[at],
            length,
            draft.step.thread.number,
            draft.parent,
            draft.own or b"-",
            flags or "-",
        )

    def _remember(self, draft: Draft, sequence: int) -> None:
        """Keep a message so that it can be answered, with what is quoted of those above it, three deep."""
        parent = draft.step.parent
        if parent is not None and parent.parent is not None and parent.parent.parent is not None:
            parent.parent.parent.parent = None
        if not draft.own:
            return
        step = draft.step
        node = Node(
            draft.own,
            step.author,
            draft.body.blocks,
            step.base,
            parent,
            draft.when.date,
            draft.references,
        )
        step.thread.nodes.append(node)
        if not sequence & 31:
            self._damage.remember(draft.own)


def _made_list(at: int) -> MadeList:
    name = f"list-{chr(97 + at)}" if at < 26 else f"list-{at}"
    return MadeList(name.encode(), f"{name}@lists.example.org".encode(), at % 3 == 1)


def _answer(draft: Draft, parent: Node) -> None:
    """Refer to what is answered, as RFC 5322 s. 3.6.4 has it."""
    draft.parent = parent.own
    references = b"%b\n %b" % (parent.references, parent.own) if parent.references else parent.own
    if references.count(b"<") > MAX_REFERENCES:
        ids = references.split()
        references = b"\n ".join(ids[:1] + ids[-18:])
    draft.references = references
    draft.answer = in_reply_to(parent.own)


def _separator(draft: Draft) -> bytes:
    when = moment(draft.now, PACIFIC)
    address = draft.step.author.address
    return b"From %b %b%b%b\n" % (address, when.day.separator, when.clock, when.day.year)


def _as_the_list_has_it(draft: Draft, made: MadeList) -> tuple[bytes, bytes]:
    """Return the Subject field and the body as a list sends them on."""
    subject, body = draft.subject, draft.body.octets
    if made.is_mailman:
        if subject is not None and subject[:4].lower() == b"re: ":
            subject = b"Re: [%b] %b" % (made.name, subject[4:])
        elif subject is not None:
            subject = b"[%b] %b" % (made.name, subject)
        if not draft.body.flag:
            body += made.footer()
    field = b"" if subject is None else b"Subject: %b\n" % subject
    return field, body if body.endswith(b"\n") else body + b"\n"


def _escaped(body: bytes) -> bytes:
    """Return a body as mboxrd has it: ``>`` in front of each line that is ``From `` after any number of them."""
    if b"From " not in body:
        return body
    lines = body.split(b"\n")
    return b"\n".join(
        b">" + line if line.lstrip(b">").startswith(b"From ") else line for line in lines
    )
