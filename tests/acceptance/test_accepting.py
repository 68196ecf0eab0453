"""What becomes of mail handed in, on every engine, and where the archive cannot be written."""

from __future__ import annotations

import time
from contextlib import contextmanager
from typing import TYPE_CHECKING

import pytest

from gateway.acceptance import Outcome
from gateway.accepting import Handed, WriterAcceptor, store_group
from gateway.renderers import RENDERERS
from storage.errors import ArchiveUnavailable
from storage.model import Location
from tests.mail import NOW, done, mail

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from storage.writer import ArchiveWriter, Batch
    from tests.mail import Engine

ADDED, KNOWN, WITHHELD, REFUSED, UNAVAILABLE = Outcome


class Failing:
    """A writer that counts transactions, and fails as ``fails`` says by the raw octets stored in one."""

    def __init__(self, writer: ArchiveWriter, error: type[Exception], *poison: bytes) -> None:
        self._writer = writer
        self._error = error
        self._poison = poison
        self.transactions = 0

    @contextmanager
    def batch(self, clock: Callable[[], float] = time.time) -> Iterator[Batch]:
        self.transactions += 1
        with self._writer.batch(clock) as batch:
            yield batch
            if any(batch.incumbent("l", each) for each in self._poison):
                raise self._error("as told")


def given(writer: object, *handed: Handed) -> Sequence[Mapping[str, Outcome]]:
    return store_group(writer, handed, RENDERERS, clock=lambda: NOW)  # type: ignore[arg-type]  # as much of one as is asked for


def test_each_list_has_its_own_outcome(engine: Engine) -> None:
    writer = engine.writer()
    acceptor = WriterAcceptor(writer, RENDERERS, clock=lambda: NOW)
    assert done(acceptor.accept(["a", "b"], mail("1"))) == {"a": ADDED, "b": ADDED}
    with writer.batch() as batch:
        batch.remove("b", 1)
    outcomes = done(acceptor.accept(["c", "b", "a", "..", "c"], mail("1")))
    assert list(outcomes.items()) == [("c", ADDED), ("b", WITHHELD), ("a", KNOWN), ("..", REFUSED)]
    assert acceptor.pending() == 0
    archive = engine.archive()
    assert {each.name: each.count for each in archive.lists()} == {"a": 1, "b": 0, "c": 1}
    assert done(archive.find(b"<1@x.example>")) == [Location("a", 1), Location("c", 1)]
    assert done(archive.raw("a", 1)) == mail("1")


@pytest.mark.parametrize("raw", [b"", b"\0\r\n", b"text\n", b"<html>\n\nx: y\n"])
def test_what_is_no_mail_is_refused_and_makes_no_list(engine: Engine, raw: bytes) -> None:
    assert given(engine.writer(), Handed(["a", "b"], raw)) == [{"a": REFUSED, "b": REFUSED}]
    assert engine.archive().lists() == []


def test_a_group_is_one_transaction(engine: Engine) -> None:
    writer = Failing(engine.writer(), ArchiveUnavailable)
    outcomes = given(writer, *(Handed(["l", "m"], mail(str(n % 30))) for n in range(40)))
    assert outcomes == [{"l": ADDED, "m": ADDED}] * 30 + [{"l": KNOWN, "m": KNOWN}] * 10
    assert writer.transactions == 1
    assert done(engine.archive().entry("l", 30)).message_id == b"<29@x.example>"


@pytest.mark.parametrize("error", [ArchiveUnavailable, ValueError])
def test_a_mail_that_cannot_be_stored_keeps_no_other_from_it(
    engine: Engine, error: type[Exception], caplog: pytest.LogCaptureFixture
) -> None:
    writer = Failing(engine.writer(), error, b"<3@x.example>", b"<5@x.example>")
    outcomes = given(writer, *(Handed(["l", "m"], mail(str(n))) for n in range(7)))
    taken, left = {"l": ADDED, "m": ADDED}, {"l": UNAVAILABLE, "m": UNAVAILABLE}
    assert outcomes == [taken, taken, taken, left, taken, left, taken]
    assert [each.count for each in engine.archive().lists()] == [5, 5]
    assert "as told" in caplog.text


def test_where_nothing_can_be_written_not_everything_is_tried(engine: Engine) -> None:
    writer = Failing(
        engine.writer(), ArchiveUnavailable, *(b"<%d@x.example>" % n for n in range(9))
    )
    outcomes = given(writer, *(Handed(["l"], mail(str(n))) for n in range(9)))
    assert outcomes == [{"l": UNAVAILABLE}] * 9
    assert writer.transactions == 3
    assert engine.archive().lists() == []
    assert given(writer, Handed(["l"], mail("1"))) == [{"l": UNAVAILABLE}]
    assert writer.transactions == 4
