"""A twin answers as its origin does, octet for octet, whatever happened there and when it looked."""

from __future__ import annotations

import random
from contextlib import suppress
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import pytest

from tests.mail import MemoryEngine, SqliteEngine, done
from tests.twins import answers
from tests.twins.compare import alike
from tests.twins.history import ALPHA, BETA, LISTS, ODD, History, begun
from tests.twins.wire import pull

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from storage.archive import Archive
    from tests.mail import Engine

SEEDS = range(12)


@pytest.fixture(params=["memory", "sqlite"])
def other(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Engine]:
    """Every storage engine in turn, for the twin."""
    if request.param == "memory":
        yield MemoryEngine()
        return
    made = SqliteEngine(tmp_path / "twin")
    yield made
    made.close()


def test_everything_that_can_be_asked_is() -> None:
    assert answers.missing() == set()


def test_twins_of_an_origin_that_changes_between_the_pulls(engine: Engine, other: Engine) -> None:
    history = begun(engine, 300)
    for step in range(4):
        happen(history, step)
        for name in LISTS:
            pull(other.writer(), name, history.archive())
    alike(history.archive(), other.archive())


def happen(history: History, step: int) -> None:
    """Let mail come, most of it poor at first, and go: of all there is a tenth."""
    for name in LISTS:
        history.add(name, 40)
    if step == 1:
        history.describe(ALPHA, "All about alpha")
        history.improve(ALPHA, 0.5)
        history.rerender()
    for name in LISTS:
        history.remove(name, 0.1)
        history.take_back(name, 0.05)
    if step > 1:
        history.improve(BETA, 0.4)
        history.improve(ODD, 0.4)


@dataclass(slots=True)
class Client:
    """A mail program that goes now to the one, now to the other, and asks what changed since. RFC 7162 s. 6."""

    name: str
    revision: int = 0
    known: dict[int, bytes] = field(default_factory=dict)

    def look(self, archive: Archive) -> None:
        """Learn what is new; where the server knows less than before, begin anew."""
        record = archive.mailing_list(self.name)
        if record.revision < self.revision:
            self.known.clear()
            self.revision = 0
        for number in done(archive.removed(self.name, self.revision)):
            self.known.pop(number, None)
        for number in done(archive.changed(self.name, self.revision)):
            entry = done(archive.entry(self.name, number))
            assert entry.revision <= record.revision
            self.known[number] = entry.digest
        self.revision = record.revision


def befall(history: History, name: str, dice: random.Random) -> None:
    """Let something happen to a list."""
    match dice.choice(["add", "add", "remove", "improve", "describe", "rerender", "take back"]):
        case "add":
            history.add(name, dice.randrange(15))
        case "remove":
            history.remove(name, dice.random() * 0.3)
        case "take back":
            history.take_back(name, dice.random() * 0.2)
        case "improve":
            history.improve(name, dice.random())
        case "describe":
            history.describe(name, "x" * dice.randrange(9))
        case _:
            history.rerender()


@pytest.mark.parametrize("seed", SEEDS)
def test_twins_whatever_happens_and_wherever_a_pull_is_cut_off(seed: int) -> None:
    dice = random.Random(seed)
    origin, twin = MemoryEngine(), MemoryEngine()
    history = begun(origin, 150, seed)
    clients = [Client(name) for name in LISTS]
    for name in LISTS:
        history.add(name, 5)
        pull(twin.writer(), name, history.archive())
    for _ in range(20):
        name = dice.choice(LISTS)
        if dice.random() < 0.3:
            with suppress(ConnectionError):
                pull(twin.writer(), name, history.archive(), cut=dice.randrange(8))
        else:
            befall(history, name, dice)
        for client in clients:
            client.look(dice.choice([history.archive(), twin.archive()]))
    for client in clients:
        pull(twin.writer(), client.name, history.archive())
        client.look(twin.archive())
        afresh = Client(client.name)
        afresh.look(history.archive())
        assert client == afresh
    alike(history.archive(), twin.archive())
