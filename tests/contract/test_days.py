"""Days, places, hashes and hidden messages: what every engine does alike."""

from __future__ import annotations

import base64
from dataclasses import replace
from hashlib import sha1
from typing import TYPE_CHECKING

import pytest

from gateway.renderers import RENDERERS
from storage.check import check
from storage.days import MAX_DAY, DayCount, Placed, day_of, id_sha1
from storage.errors import NoSuchList, NoSuchMessage, Removed
from storage.ingest import derive_again
from storage.model import MAX_NUMBER, Fidelity
from storage.sources.base import Incoming
from storage.threads import Node
from storage.writer import NewMessage
from tests.mail import NOW, Engine, Items, done, fill, gathered, mail, take

if TYPE_CHECKING:
    from collections.abc import Sequence

    from storage.archive import Archive

DAY_1 = 12_418  # 2004-01-01
MESSAGE = NewMessage(
    b"<odd@x>", b"x", b"d" * 16, None, plain=False, dotted=False, sent=None, received=1, size=1, lines=1
)  # fmt: skip


def on(day: int, own: str, *fields: str) -> bytes:
    """Return a mail of the given day of January 2004."""
    return mail(own, *fields, date=f"{day} Jan 2004 23:59:59 +0000")


def placed(archive: Archive, name: str, numbers: Sequence[int]) -> list[tuple[int, int]]:
    """Return the days (1 is 2004-01-01) and places of messages."""
    entries = [done(archive.entry(name, number)) for number in numbers]
    return [(entry.day - DAY_1 + 1, entry.place) for entry in entries]


def days(archive: Archive, name: str) -> list[tuple[int, int]]:
    return [(each.day - DAY_1 + 1, each.count) for each in done(archive.days(name))]


def remove(engine: Engine, name: str, number: int) -> None:
    with engine.writer().batch() as batch:
        batch.remove(name, number)


def test_places_are_given_in_the_order_of_arrival(engine: Engine) -> None:
    writer = engine.writer()
    fill(writer, "l", [on(2, "a"), on(1, "b"), on(2, "c")])
    fill(writer, "m", [on(2, "other"), on(2, "a")])
    fill(writer, "l", [on(1, "d"), on(2, "e"), on(2, "a")], now=NOW + 1)
    archive = engine.archive()
    assert placed(archive, "l", range(1, 6)) == [(2, 1), (1, 1), (2, 2), (1, 2), (2, 3)]
    assert placed(archive, "m", [1, 2]) == [(2, 1), (2, 2)]
    assert done(archive.days("l")) == [DayCount(DAY_1, 2), DayCount(DAY_1 + 1, 3)]
    assert done(archive.on_day("l", DAY_1)) == [Placed(1, 2), Placed(2, 4)]
    assert done(archive.on_day("l", DAY_1 + 1)) == [Placed(1, 1), Placed(2, 3), Placed(3, 5)]
    for number in range(1, 6):
        entry = done(archive.entry("l", number))
        assert done(archive.at_place("l", entry.day, entry.place)) == number
    with engine.writer().batch() as batch:
        assert batch.entry("l", 4) == done(archive.entry("l", 4))


def test_the_day_is_utc(engine: Engine) -> None:
    early = mail("1", date="2 Jan 2004 00:59:59 +0100")
    late = mail("2", date="1 Jan 2004 23:00:00 -0100")
    fill(engine.writer(), "l", [early, late])
    assert placed(engine.archive(), "l", [1, 2]) == [(1, 1), (2, 1)]


def test_the_place_of_a_removed_message_is_empty_for_ever(engine: Engine) -> None:
    writer = engine.writer()
    fill(writer, "l", [on(1, "a"), on(1, "b"), on(1, "c"), on(2, "d")])
    for number in (2, 3, 4):
        remove(engine, "l", number)
    archive = engine.archive()
    assert days(archive, "l") == [(1, 1)]
    assert done(archive.on_day("l", DAY_1)) == [Placed(1, 1)]
    assert done(archive.on_day("l", DAY_1 + 1)) == []
    for day, place in ((DAY_1, 2), (DAY_1, 3), (DAY_1 + 1, 1)):
        with pytest.raises(Removed):
            done(archive.at_place("l", day, place))
    fill(writer, "l", [on(2, "e"), on(1, "f")], now=NOW + 1)
    archive.refresh()
    assert placed(archive, "l", [5, 6]) == [(2, 2), (1, 4)]
    assert days(archive, "l") == [(1, 2), (2, 1)]


def test_where_no_message_came_is_none(engine: Engine) -> None:
    fill(engine.writer(), "l", [on(1, "a")])
    archive = engine.archive()
    odd = (-1, 0, DAY_1 - 1, DAY_1 + 1, MAX_DAY, 2**63, 10**30)
    for day, place in [(DAY_1, n) for n in (-1, 0, 2, MAX_NUMBER, 2**63, 10**30)] + [
        (day, 1) for day in odd
    ]:
        with pytest.raises(NoSuchMessage) as raised:
            done(archive.at_place("l", day, place))
        assert not isinstance(raised.value, Removed)
    for day in odd:
        assert done(archive.on_day("l", day)) == []


def test_what_changes_a_message_leaves_its_day_and_place(engine: Engine) -> None:
    writer = engine.writer()
    poor = Incoming(on(1, "a"), None, "page", b"1", 1, Fidelity.PAGE)
    take(writer, "l", Items([poor], "pages"))
    fill(writer, "l", [on(1, "b")])
    better = Incoming(on(3, "a"), None, "mail", b"1", 1)
    summary = take(writer, "l", Items([better], "mails"), now=NOW + 1)
    assert summary.improved == 1
    archive = engine.archive()
    assert day_of(done(archive.entry("l", 1)).received) == DAY_1 + 2
    assert placed(archive, "l", [1, 2]) == [(1, 1), (1, 2)]
    with writer.batch() as batch:
        derive_again(batch, "l", batch.entry("l", 1), RENDERERS)
    gathered(check(archive, writer, RENDERERS, repair=True))
    archive.refresh()
    assert placed(archive, "l", [1, 2]) == [(1, 1), (1, 2)]
    assert days(archive, "l") == [(1, 2)]
    remove(engine, "l", 1)
    archive.refresh()
    assert days(archive, "l") == [(1, 1)]
    with pytest.raises(Removed):
        done(archive.at_place("l", DAY_1, 1))


def test_which_ids_were_removed(engine: Engine) -> None:
    fill(engine.writer(), "l", [on(1, "a"), on(1, "b", "References: <ghost@x.example>")])
    fill(engine.writer(), "m", [on(1, "a")])
    remove(engine, "l", 1)
    archive = engine.archive()
    asked = (("l", "a"), ("l", "b"), ("l", "ghost"), ("l", "none"), ("m", "a"))
    told = [done(archive.was_removed(name, f"<{own}@x.example>".encode())) for name, own in asked]
    assert told == [True, False, False, False, False]
    with pytest.raises(NoSuchList):
        done(archive.was_removed("none", b"<a@x.example>"))


@pytest.mark.parametrize("received", [-(2**62), -1, 0, 86_399, 86_400, 2**40, 2**62])
def test_a_time_that_no_calendar_has_is_of_its_first_or_last_day(
    engine: Engine, received: int
) -> None:
    with engine.writer().batch() as batch:
        batch.forest("l").put(Node(MESSAGE.message_id, 1))
        batch.add("l", replace(MESSAGE, received=received))
    archive = engine.archive()
    day = min(max(received // 86_400, 0), MAX_DAY)
    assert done(archive.days("l")) == [DayCount(day, 1)]
    assert done(archive.at_place("l", day, 1)) == 1


def test_a_batch_that_fails_gives_no_places(engine: Engine) -> None:
    writer = engine.writer()
    fill(writer, "l", [on(1, "a")])

    def fail() -> None:
        with writer.batch() as batch:
            batch.forest("l").put(Node(MESSAGE.message_id, 2))
            batch.add("l", replace(MESSAGE, received=DAY_1 * 86_400))
            batch.remove("l", 1)
            batch.hide("l", [2])
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        fail()
    fill(writer, "l", [on(1, "b")], now=NOW + 1)
    archive = engine.archive()
    assert placed(archive, "l", [1, 2]) == [(1, 1), (1, 2)]
    assert days(archive, "l") == [(1, 2)]
    assert list(archive.mailing_list("l").hidden) == []


def test_a_reader_sees_what_its_catalogue_knows_and_no_more(engine: Engine) -> None:
    writer = engine.writer()
    fill(writer, "l", [on(1, "a"), on(1, "b")])
    archive = engine.archive()
    fill(writer, "l", [on(1, "c"), on(2, "d")], now=NOW + 1)
    for _ in range(2):
        assert days(archive, "l") == [(1, 2)]
    assert done(archive.on_day("l", DAY_1)) == [Placed(1, 1), Placed(2, 2)]
    assert done(archive.hashed("l", id_sha1(b"<c@x.example>"))) == []
    for day, place in ((DAY_1, 3), (DAY_1 + 1, 1)):
        with pytest.raises(NoSuchMessage) as raised:
            done(archive.at_place("l", day, place))
        assert not isinstance(raised.value, Removed)
    archive.refresh()
    assert days(archive, "l") == [(1, 3), (2, 1)]
    assert done(archive.at_place("l", DAY_1 + 1, 1)) == 4


def test_a_message_is_found_by_what_mailman_calls_it(engine: Engine) -> None:
    writer = engine.writer()
    fill(writer, "l", [on(1, "a"), on(1, "b")])
    fill(writer, "m", [on(1, "z"), on(1, "a")])
    archive = engine.archive()
    digest = base64.b32decode("46APVCKKQNFLD3LNSJBJ3RUTYWB32BAA")  # of a@x.example
    assert digest == sha1(b"a@x.example", usedforsecurity=False).digest()
    assert [*done(archive.hashed("l", digest))] == [1]
    assert [*done(archive.hashed("m", digest))] == [2]
    for other in (digest[:-1] + b"?", digest[:8], b"", b"\0" * 20, digest + b"?"):
        assert [*done(archive.hashed("l", other))] == []
    remove(engine, "l", 1)
    archive.refresh()
    assert [*done(archive.hashed("l", digest))] == []
    assert [*done(archive.hashed("l", id_sha1(b"<b@x.example>")))] == [2]


def test_hidden_messages_are_of_the_catalogue_and_change_nothing_else(engine: Engine) -> None:
    writer = engine.writer()
    fill(writer, "l", [on(1, "a"), on(1, "b"), on(2, "c")])
    fill(writer, "m", [on(1, "a")])
    archive = engine.archive()
    before, other = archive.mailing_list("l"), archive.mailing_list("m")
    entries = [done(archive.entry("l", number)) for number in (1, 2, 3)]
    assert [DayCount(DAY_1, 2), DayCount(DAY_1 + 1, 1)] == done(archive.days("l"))
    with writer.batch() as batch:
        batch.hide("l", [3, 1])
        assert list(batch.mailing_list("l").hidden) == [1, 3]
    assert not before.is_hidden(1)
    assert archive.refresh()
    assert not archive.refresh()
    record = archive.mailing_list("l")
    assert list(record.hidden) == [1, 3]
    assert [record.is_hidden(number) for number in range(5)] == [False, True, False, True, False]
    assert replace(record, hidden=[], holes=[]) == replace(before, hidden=[], holes=[])
    assert archive.mailing_list("m") == other
    assert [done(archive.entry("l", number)) for number in (1, 2, 3)] == entries
    assert done(archive.days("l")) == [DayCount(DAY_1, 2, 1), DayCount(DAY_1 + 1, 1, 1)]
    assert len(done(archive.on_day("l", DAY_1))) == 2

    with writer.batch() as batch:
        batch.unhide("l", [1, 2, 99])
    assert archive.refresh()
    assert list(archive.mailing_list("l").hidden) == [3]
    assert archive.mailing_list("l").revision == record.revision
    remove(engine, "l", 3)
    archive.refresh()
    assert list(archive.mailing_list("l").hidden) == []


@pytest.mark.parametrize("number", [0, 2, 4, 99])
def test_only_a_message_that_is_there_is_hidden(engine: Engine, number: int) -> None:
    writer = engine.writer()
    fill(writer, "l", [on(1, "a"), on(1, "b"), on(1, "c")])
    remove(engine, "l", 2)
    with pytest.raises(NoSuchMessage), writer.batch() as batch:
        batch.hide("l", [1, number])
    assert list(engine.archive().mailing_list("l").hidden) == []


def test_a_better_copy_of_a_hidden_message_is_hidden(engine: Engine) -> None:
    writer = engine.writer()
    take(writer, "l", Items([Incoming(on(1, "a"), None, "page", b"1", 1, Fidelity.PAGE)], "pages"))
    with writer.batch() as batch:
        batch.hide("l", [1])
    take(writer, "l", Items([Incoming(on(1, "a"), None, "mail", b"1", 1)], "mails"), now=NOW + 1)
    archive = engine.archive()
    assert done(archive.entry("l", 1)).fidelity is Fidelity.FULL
    assert list(archive.mailing_list("l").hidden) == [1]


def test_a_list_that_is_not_there_is_named(engine: Engine) -> None:
    archive = engine.archive()
    for asked in (
        archive.days("none"),
        archive.on_day("none", 1),
        archive.at_place("none", 1, 1),
        archive.hashed("none", b""),
    ):
        with pytest.raises(NoSuchList):
            done(asked)
