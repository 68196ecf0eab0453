"""Days and places, whatever happens to a list: given in order, once, never changed and never given again."""

from __future__ import annotations

import tempfile
from contextlib import closing, suppress
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING

from hypothesis import given, settings
from hypothesis import strategies as st

from storage.message.terms import NO_TERMS
from storage.threads import Node
from storage.writer import NewMessage
from tests.days import calendar
from tests.mail import Engine, MemoryEngine, SqliteEngine, done

if TYPE_CHECKING:
    from storage.writer import Batch

MESSAGE = NewMessage(
    b"", b"x", b"d" * 16, None, plain=False, dotted=False, sent=None, received=0, size=1, lines=1, terms=NO_TERMS
)  # fmt: skip

DAYS = st.integers(0, 2)
CHOICES = st.integers(0, 99)
STEPS = st.one_of(
    st.tuples(st.just("add"), DAYS),
    st.tuples(st.just("replace"), DAYS, CHOICES),
    st.tuples(st.sampled_from(["remove", "hide", "unhide"]), CHOICES),
)
BATCHES = st.lists(
    st.tuples(
        st.sampled_from("ab"),
        st.integers(0, 1),
        st.lists(STEPS, max_size=8),
        st.booleans() | st.just(False),
    ),
    max_size=8,
)


class Undone(Exception):
    """The batch is not to be kept."""


@dataclass
class Known:
    """What is to be so of a list."""

    high: int = 0
    given: dict[int, int] = field(default_factory=dict)
    places: dict[int, tuple[int, int]] = field(default_factory=dict)
    hidden: set[int] = field(default_factory=set)

    def copy(self) -> Known:
        return Known(self.high, dict(self.given), dict(self.places), set(self.hidden))

    def apply(self, batch: Batch, name: str, step: tuple[object, ...]) -> None:
        """Do something to the list and note what follows."""
        if step[0] == "add":
            day = step[1]
            assert isinstance(day, int)
            self.high += 1
            self.given[day] = self.given.get(day, 0) + 1
            self.places[self.high] = day, self.given[day]
            message = _message(name, self.high, day)
            batch.forest(name).put(Node(message.message_id, self.high))
            assert batch.add(name, message) == self.high
            return
        *_, choice = step
        assert isinstance(choice, int)
        if not self.places:
            return
        number = sorted(self.places)[choice % len(self.places)]
        if step[0] == "replace":
            assert isinstance(step[1], int)
            batch.replace(name, number, _message(name, number, step[1]))
        elif step[0] == "remove":
            batch.remove(name, number)
            del self.places[number]
            self.hidden.discard(number)
        elif step[0] == "hide":
            batch.hide(name, [number])
            self.hidden.add(number)
        else:
            batch.unhide(name, [number])
            self.hidden.discard(number)


def _message(name: str, number: int, day: int) -> NewMessage:
    own = f"<{name}-{number}@x>".encode()
    return replace(MESSAGE, message_id=own, received=day * 86_400 + number % 86_400)


def _run(engine: Engine, batches: list[tuple[str, int, list[tuple[object, ...]], bool]]) -> None:
    writers = engine.writer(), engine.writer()
    archive = engine.archive()
    lists: dict[str, Known] = {}
    for name, which, steps, fails in batches:
        known = lists.get(name, Known()).copy()
        with suppress(Undone), writers[which].batch() as batch:
            batch.mailing_list(name)
            for step in steps:
                known.apply(batch, name, step)
            assert set(batch.mailing_list(name).hidden) == known.hidden
            if fails:
                raise Undone
        if not fails:
            lists[name] = known
        archive.refresh()
    for name, known in lists.items():
        assert done(calendar(archive, name)) == {at: n for n, at in known.places.items()}
        assert list(archive.mailing_list(name).hidden) == sorted(known.hidden)
        with writers[0].batch() as batch:
            assert batch.recount(name, repair=False) == []
    assert list(writers[0].damage()) == []


@settings(deadline=None)
@given(BATCHES)
def test_places_are_as_the_order_of_arrival_makes_them(
    batches: list[tuple[str, int, list[tuple[object, ...]], bool]],
) -> None:
    _run(MemoryEngine(), batches)
    with tempfile.TemporaryDirectory() as folder, closing(SqliteEngine(Path(folder))) as engine:
        _run(engine, batches)
