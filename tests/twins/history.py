"""An origin with a past: mail that comes, goes, is replaced by better copies and rendered anew, in any order."""

from __future__ import annotations

import random
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from gateway.renderers import RENDERERS
from storage.ingest import ingest, rerender, versions
from storage.memory import MemoryWriter
from storage.message.fields import parse_header
from storage.model import Fidelity, Rendition
from storage.prepared import Renderer
from storage.sources.base import Incoming, Withdrawn
from storage.sqlite import SqliteWriter
from tests.edge_cases import cases
from tests.mail import NOW, MemoryEngine, SqliteEngine, done
from tests.synthetic import Generator, Options

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from storage.archive import Archive
    from storage.writer import ArchiveWriter
    from tests.mail import Engine

ALPHA, BETA, ODD = LISTS = "lists.alpha", "lists.beta", "lists.odd"

_KEPT_OF_A_PAGE: Final = {b"from", b"subject", b"date", b"message-id"}
_ANSWERS: Final = {b"references", b"in-reply-to"}

OLDER: Final[Sequence[Renderer]] = [
    each._replace(version=each.version - 1) if each.kind is Rendition.KEYS else each
    for each in RENDERERS
]
"""As if made before the keys were made as they are now."""


@dataclass(slots=True)
class Copies:
    """A source of messages, all equally near to what was sent."""

    mails: Sequence[bytes]
    name: str
    fidelity: Fidelity
    withdrawn: bool = False

    def messages(self, after: bytes) -> Iterator[Incoming | Withdrawn]:  # noqa: ARG002  the protocol's
        for at, raw in enumerate(self.mails, 1):
            place = f"{self.name}, {at}"
            if self.withdrawn:
                yield Withdrawn(raw, place, b"%d" % at, at)
            else:
                yield Incoming(raw, None, place, b"%d" % at, at, self.fidelity)

    @property
    def size(self) -> int:
        return len(self.mails)

    def changed(self, after: bytes) -> bool:  # noqa: ARG002  likewise
        return True

    def suggested_name(self) -> str | None:
        return None


@dataclass(slots=True)
class History:
    """What happens to an archive, by a seed; each step takes a while."""

    engine: Engine
    seed: int
    mails: dict[str, list[bytes]]
    now: int = NOW
    poorer: dict[str, list[bytes]] = field(default_factory=dict)
    steps: int = 0
    dice: random.Random = field(init=False)

    def __post_init__(self) -> None:
        self.dice = random.Random(self.seed)

    def add(self, name: str, count: int, *, share_poor: float = 0.4) -> None:
        """Add the next mails of a list; of some only what a page shows of them."""
        mails, self.mails[name] = self.mails[name][:count], self.mails[name][count:]
        while mails:
            some = max(int(self.dice.random() * count), 1)
            taken, mails = mails[:some], mails[some:]
            if self.dice.random() < share_poor:
                self.poorer.setdefault(name, []).extend(taken)
                pages = [poor(raw, with_answers=self.dice.random() < 0.5) for raw in taken]
                self._take(name, pages, Fidelity.PAGE)
            else:
                self._take(name, taken, Fidelity.FULL)

    def take_back(self, name: str, share: float) -> None:
        """Let the source take some messages back, and give half of them again, as others wrote them."""
        archive = self.archive()
        record = archive.mailing_list(name)
        present = [number for run in record.present(1, record.high) for number in run]
        chosen = [number for number in present if self.dice.random() < share]
        gone = [done(archive.raw(name, number)) for number in chosen]
        again = [raw + b"Edited.\n" for raw in gone if self.dice.random() < 0.5]
        self._take(name, gone, Fidelity.FULL, withdrawn=True)
        self._take(name, again, Fidelity.FULL)

    def improve(self, name: str, share: float) -> None:
        """Bring better copies of some that are poor."""
        waiting = self.poorer.get(name, [])
        better = [raw for raw in waiting if self.dice.random() < share]
        self.poorer[name] = [raw for raw in waiting if raw not in better]
        self._take(name, better, Fidelity.FULL)

    def remove(self, name: str, share: float) -> None:
        """Remove some of the messages."""
        record = self.archive().mailing_list(name)
        present = [number for run in record.present(1, record.high) for number in run]
        with self.engine.writer().batch(self._clock) as batch:
            for number in present:
                if self.dice.random() < share:
                    batch.remove(name, number)
        self._pass()

    def describe(self, name: str, text: str) -> None:
        """Describe a list."""
        with self.engine.writer().batch(self._clock) as batch:
            batch.describe(name, description=text, address=f"{text}@x.example")

    def rerender(self) -> None:
        """Make renditions anew of what older programs made."""
        for _ in rerender(self.engine.writer(), RENDERERS):
            self._pass()

    def archive(self) -> Archive:
        """Return what readers see now."""
        return self.engine.archive()

    def _take(
        self, name: str, mails: Sequence[bytes], fidelity: Fidelity, *, withdrawn: bool = False
    ) -> None:
        self.steps += 1
        source = Copies(mails, f"step {self.steps}", fidelity, withdrawn)
        is_old = self.dice.random() < 0.3
        writer = _older(self.engine) if is_old else self.engine.writer()
        ingest(writer, name, source, OLDER if is_old else RENDERERS, clock=self._clock)
        if self.dice.random() < 0.1:
            self._pass()

    def _clock(self) -> int:
        return self.now

    def _pass(self) -> None:
        self.now += self.dice.randrange(100_000)


def begun(engine: Engine, messages: int, seed: int = 1) -> History:
    """Return a history with two lists that share mail, and one of nasty messages, all still to come."""
    alpha, beta = written(messages, seed)
    odd = [case.data for case in cases() if case.file.startswith("eml/") and case.data]
    return History(engine, seed, {ALPHA: alpha, BETA: beta, ODD: odd})


def written(messages: int, seed: int) -> tuple[list[bytes], list[bytes]]:
    """Return the mail of two lists, with cross-posts and much that goes wrong."""
    generator = Generator(Options(messages=messages, lists=2, seed=seed, defects=10.0))
    names = [each.name.decode() for each in generator.lists]
    octets = bytearray(), bytearray()
    places: tuple[list[slice], list[slice]] = [], []
    generator.run(
        [each.extend for each in octets],
        lambda truth: places[names.index(truth.name)].append(
            slice(truth.offset, truth.offset + truth.length)
        ),
    )
    first, second = (
        [bytes(each[place]).partition(b"\n")[2].removesuffix(b"\n") for place in found]
        for each, found in zip(octets, places, strict=True)
    )
    return first, second


def poor(raw: bytes, *, with_answers: bool) -> bytes:
    """Return what a web page shows of a message."""
    header = parse_header(raw)
    wanted = _KEPT_OF_A_PAGE | _ANSWERS if with_answers else _KEPT_OF_A_PAGE
    kept = [raw[f.start : f.end] for f in header.fields if f.name.lower() in wanted]
    return b"".join(kept) + b"\n" + raw[header.body :]


def _older(engine: Engine) -> ArchiveWriter:
    if isinstance(engine, MemoryEngine):
        return MemoryWriter(engine._archive, versions(OLDER))
    assert isinstance(engine, SqliteEngine)
    writer = SqliteWriter(engine.directory, versions(OLDER))
    engine._opened.append(writer)
    return writer
