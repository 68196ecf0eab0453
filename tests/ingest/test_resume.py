"""An import that is cut off goes on where it stopped, and what cannot be a message does not stop it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import pytest

import storage.ingest
from gateway.renderers import RENDERERS
from storage.errors import SourceError
from storage.ingest import Summary, ingest
from storage.sources.base import Incoming
from tests.mail import NOW, Given, done, fill, mail

if TYPE_CHECKING:
    from collections.abc import Iterator

    from storage.sources.base import Rejected
    from tests.mail import Engine

MAILS = [mail(str(n), answers=str(n - 1) if n else None) for n in range(25)]


@dataclass(slots=True)
class Breaking(Given):
    """A source that cannot be read any further after some records; it counts those it gave."""

    good: int = 0
    gave: int = 0

    def messages(self, after: bytes) -> Iterator[Incoming | Rejected]:
        start = int(after or b"0")
        for at, each in enumerate(Given.messages(self, after), start):
            if at == self.good:
                raise SourceError("the disk is gone")
            self.gave += 1
            yield each


@pytest.fixture(autouse=True)
def _small_batches(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(storage.ingest, "BATCH_MESSAGES", 10)


def order(engine: Engine) -> list[bytes]:
    archive = engine.archive()
    return [done(archive.raw("l", n)) for n in range(1, archive.mailing_list("l").high + 1)]


@pytest.mark.parametrize("good", [1, 10, 17, 20])
def test_what_came_before_stays_and_the_next_run_begins_behind_it(
    engine: Engine, good: int
) -> None:
    writer = engine.writer()
    with pytest.raises(SourceError):
        ingest(writer, "l", Breaking(MAILS, good=good), RENDERERS)
    assert order(engine) == MAILS[:good]
    source = Breaking(MAILS, good=99)
    assert ingest(writer, "l", source, RENDERERS).added == 25 - good
    assert source.gave == 25 - good
    assert order(engine) == MAILS
    assert len(done(engine.archive().thread("l", 1))) == 25


def test_a_source_that_cannot_be_read_makes_no_list(engine: Engine) -> None:
    writer = engine.writer()
    with pytest.raises(SourceError):
        ingest(writer, "l", Breaking(MAILS, good=0), RENDERERS)
    assert not writer.has("l")
    ingest(writer, "l", Given([]), RENDERERS)
    assert writer.has("l")


def test_what_comes_later_is_added_without_reading_the_rest_again(engine: Engine) -> None:
    writer = engine.writer()
    source = Given(MAILS[:12])
    assert ingest(writer, "l", source, RENDERERS).read == 12
    assert ingest(writer, "l", source, RENDERERS).read == 0
    source.mails.extend(MAILS[12:])
    assert ingest(writer, "l", source, RENDERERS).read == 13
    assert order(engine) == MAILS


def test_without_a_cursor_everything_is_read_and_nothing_is_added_twice(engine: Engine) -> None:
    writer = engine.writer()
    fill(writer, "l", MAILS)
    summary = fill(writer, "l", [*MAILS, mail("new")], now=NOW + 1)
    assert (summary.read, summary.added, summary.duplicates) == (26, 1, 25)
    assert order(engine) == [*MAILS, mail("new")]


def test_sources_and_lists_have_cursors_of_their_own(engine: Engine) -> None:
    writer = engine.writer()
    for name in ("l", "m"):
        assert ingest(writer, name, Given(MAILS), RENDERERS).added == 25
    assert ingest(writer, "l", Given(MAILS, name="another"), RENDERERS).duplicates == 25


def test_what_is_no_message_is_named_and_passed_over(engine: Engine) -> None:
    writer = engine.writer()
    source = Given([b"", *MAILS[:9], b"", *MAILS[9:20], b"", b""])
    summary = ingest(writer, "l", source, RENDERERS)
    assert (summary.read, summary.added) == (20, 20)
    assert summary.octets == sum(map(len, MAILS[:20]))
    assert summary.rejected == [(f"given, {at}", "empty") for at in (1, 11, 23, 24)]
    assert order(engine) == MAILS[:20]
    again = ingest(writer, "l", source, RENDERERS)
    assert (again.read, again.rejected) == (0, [])


def test_a_batch_of_refusals_only_moves_the_cursor(engine: Engine) -> None:
    writer = engine.writer()
    assert len(ingest(writer, "l", Given([b""] * 15), RENDERERS).rejected) == 15
    assert not ingest(writer, "l", Given([b""] * 15), RENDERERS).rejected
    assert engine.archive().mailing_list("l").count == 0


def test_an_empty_source_makes_the_list(engine: Engine) -> None:
    assert ingest(engine.writer(), "l", Given(), RENDERERS, clock=lambda: NOW) == Summary()
    assert [each.name for each in engine.archive().lists()] == ["l"]


def test_progress_is_told_after_each_batch(engine: Engine) -> None:
    told: list[tuple[int, int]] = []
    ingest(
        engine.writer(),
        "l",
        Given(MAILS),
        RENDERERS,
        progress=lambda done_, summary: told.append((done_, summary.added)),
    )
    assert told == [(10, 10), (20, 20), (25, 25)]


def test_a_batch_ends_when_it_has_enough_octets(
    engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(storage.ingest, "BATCH_OCTETS", 3 * len(MAILS[0]))
    told: list[int] = []
    ingest(
        engine.writer(),
        "l",
        Given([mail(str(n)) for n in range(7)]),
        RENDERERS,
        progress=lambda _, summary: told.append(summary.added),
    )
    assert told == [3, 6, 7]


def test_a_batch_ends_when_it_has_taken_long(
    engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(storage.ingest, "BATCH_SECONDS", 0.0)
    told: list[int] = []
    ingest(
        engine.writer(),
        "l",
        Given(MAILS[:3]),
        RENDERERS,
        progress=lambda _, summary: told.append(summary.added),
    )
    assert told == [1, 2, 3]
