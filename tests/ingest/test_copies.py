"""Better copies that take the place of poorer ones, and messages that their source takes back."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from gateway.renderers import RENDERERS
from storage.check import check
from storage.errors import NoSuchMessage
from storage.message.copies import copy_field
from storage.model import Fidelity, Location, Rendition
from storage.query import Text
from storage.search import search
from storage.sources.base import Incoming, Item, Withdrawn
from tests.mail import NOW, Items, SqliteEngine, done, fill, gathered, mail, take

if TYPE_CHECKING:
    from pathlib import Path

    from storage.archive import Archive
    from storage.ingest import Summary
    from tests.mail import Engine

NAME = "l"
POOR = mail("2", answers="wrong", subject="[l] Topic", body="Somewhat unique.\n").replace(
    b"a@x.example>\nSubject", b"a@...xample>\nSubject"
)
FULL = mail("2", "X-More: field", answers="1", subject="Topic", body="Quite singular.\n")


def copy(raw: bytes, fidelity: Fidelity, *, received: int | None = None) -> Incoming:
    return Incoming(raw, received, "here", b"1", 1, fidelity)


def back(raw: bytes) -> Withdrawn:
    return Withdrawn(raw, "here", b"1", 1)


def put(engine: Engine, *items: Item, name: str = NAME, source: str = "s") -> Summary:
    return take(engine.writer(), name, Items(list(items), source))


def found(archive: Archive, name: str, needle: str) -> list[int]:
    record = archive.mailing_list(name)
    batches = gathered(search(archive, name, Text(needle), 1, record.high))
    return [number for batch in batches for number in batch]  # type: ignore[attr-defined]  # of ints


@pytest.mark.parametrize("fidelity", [Fidelity.PAGE, Fidelity.TEXT])
def test_a_better_copy_takes_the_place_of_a_poorer_one(engine: Engine, fidelity: Fidelity) -> None:
    fill(engine.writer(), NAME, [mail("wrong"), mail("1")])
    put(engine, copy(POOR, fidelity, received=1_072_958_400))
    fill(engine.writer(), NAME, [mail("3", answers="2")], now=NOW + 1)
    before = engine.archive()
    old, record = done(before.entry(NAME, 3)), before.mailing_list(NAME)
    assert old.fidelity is fidelity
    assert [node.depth for node in done(before.thread(NAME, 1))] == [0, 1, 2]

    summary = put(engine, copy(FULL, Fidelity.FULL, received=1_072_958_460), source="t")
    assert (summary.read, summary.added, summary.improved, summary.duplicates) == (1, 0, 1, 0)
    archive = engine.archive()
    entry, now = done(archive.entry(NAME, 3)), archive.mailing_list(NAME)
    assert done(archive.raw(NAME, 3)) == FULL
    assert done(archive.served(NAME, 3)).octets == FULL.replace(b"\n", b"\r\n")
    assert (entry.fidelity, entry.received) == (Fidelity.FULL, 1_072_958_460)
    assert (entry.message_id, entry.arrived, entry.thread) == (
        old.message_id,
        old.arrived,
        old.thread,
    )
    assert entry.revision > record.revision >= old.revision
    assert (now.high, now.count, now.validity) == (record.high, record.count, record.validity)
    assert now.octets == record.octets + entry.size - old.size
    assert [*done(archive.changed(NAME, record.revision))] == [3]
    assert not done(archive.removed(NAME, 0))
    assert done(archive.find(b"<2@x.example>")) == [Location(NAME, 3)]
    assert [node.number for node in done(archive.thread(NAME, 2))] == [2, 3, 4]
    assert [node.number for node in done(archive.thread(NAME, 1))] == [1]
    assert found(archive, NAME, "singular") == [3]
    assert found(archive, NAME, "unique") == []
    rows = [
        page.rows[page.span(3, 3)]  # type: ignore[attr-defined]  # of pages
        for page in gathered(archive.pages(Rendition.OVERVIEW, NAME, 3, 3))
    ]
    assert b"[l] Topic" not in rows[0][0]
    assert gathered(check(archive, engine.writer(), RENDERERS, repair=False)) == []


def test_what_others_say_of_its_place_stays(engine: Engine) -> None:
    poor = POOR.replace(b"References: <wrong@x.example>\n", b"")
    full = FULL.replace(b"References: <1@x.example>\n", b"")
    knows = mail("3", "References: <1@x.example> <2@x.example>")
    fill(engine.writer(), NAME, [mail("1"), knows])
    put(engine, copy(poor, Fidelity.PAGE), copy(full, Fidelity.FULL))
    archive = engine.archive()
    drawn = [(node.depth, node.number) for node in done(archive.thread(NAME, 1))]
    assert drawn == [(0, 1), (1, 3), (2, 2)]
    assert gathered(check(archive, engine.writer(), RENDERERS, repair=False)) == []


def test_a_poorer_or_equal_copy_changes_nothing(engine: Engine) -> None:
    put(engine, copy(FULL, Fidelity.TEXT))
    revision = engine.archive().mailing_list(NAME).revision
    summary = put(engine, copy(POOR, Fidelity.PAGE), copy(FULL, Fidelity.TEXT), source="t")
    assert (summary.duplicates, summary.improved, summary.added) == (2, 0, 0)
    assert engine.archive().mailing_list(NAME).revision == revision


def test_another_mail_with_the_id_of_a_poor_copy_is_another(engine: Engine) -> None:
    other = mail("2", subject="Something else", date="Fri, 2 Jan 2004 12:00:00 +0000")
    put(engine, copy(POOR, Fidelity.PAGE))
    summary = put(engine, copy(other, Fidelity.FULL), source="t")
    assert (summary.added, summary.renamed, summary.improved) == (1, 1, 0)
    assert done(engine.archive().raw(NAME, 1)) == POOR


def test_a_mark_makes_a_copy_poor_whichever_way_it_comes(engine: Engine) -> None:
    marked = POOR.replace(b"\n\n", b"\n%b\n" % copy_field(Fidelity.PAGE), 1)
    put(engine, copy(marked, Fidelity.FULL))
    assert done(engine.archive().entry(NAME, 1)).fidelity is Fidelity.PAGE
    summary = put(engine, copy(FULL, Fidelity.FULL), source="t")
    assert (summary.improved, summary.added) == (1, 0)
    assert put(engine, copy(marked, Fidelity.FULL), source="u").duplicates == 1


def test_texts_that_differ_are_of_two_mails(engine: Engine) -> None:
    again = copy(FULL + b"More.\n", Fidelity.TEXT)
    summary = put(engine, copy(FULL, Fidelity.TEXT), again)
    assert (summary.added, summary.renamed) == (2, 1)


def test_copies_in_one_batch(engine: Engine) -> None:
    summary = put(
        engine, copy(POOR, Fidelity.PAGE), copy(POOR, Fidelity.TEXT), copy(FULL, Fidelity.FULL)
    )
    assert (summary.added, summary.improved) == (1, 2)
    archive = engine.archive()
    assert done(archive.raw(NAME, 1)) == FULL
    assert found(archive, NAME, "unique") == []
    assert found(archive, NAME, "singular") == [1]


def test_who_knew_where_the_poorer_copy_lay_reads_the_better_one(tmp_path: Path) -> None:
    """Also where that came a moment ago, and lies in another block."""
    engine = SqliteEngine(tmp_path)
    put(engine, copy(POOR, Fidelity.TEXT))
    filling = [mail(f"f{n}", body=f"{n} word " * 5000) for n in range(4)]
    fill(engine.writer(), NAME, filling)
    archive = engine.archive()
    for _ in range(2):  # asked for twice, its neighbours are looked up with it
        done(archive.thread(NAME, 1))
    put(engine, copy(FULL, Fidelity.FULL), source="t")
    assert done(archive.raw(NAME, 1)) == FULL
    assert done(archive.served(NAME, 1)).octets == FULL.replace(b"\n", b"\r\n")
    engine.close()


def test_each_list_has_its_own_copy(engine: Engine) -> None:
    for name in ("a", "b"):
        put(engine, copy(POOR, Fidelity.PAGE), name=name)
    put(engine, copy(FULL, Fidelity.FULL), name="a", source="t")
    archive = engine.archive()
    assert (done(archive.raw("a", 1)), done(archive.raw("b", 1))) == (FULL, POOR)
    put(engine, copy(FULL, Fidelity.FULL), name="b", source="t")
    archive = engine.archive()
    assert (done(archive.raw("a", 1)), done(archive.raw("b", 1))) == (FULL, FULL)
    assert done(archive.served("a", 1)).elsewhere == [Location("b", 1)]
    with engine.writer().batch() as batch:
        batch.remove("a", 1)
    assert done(engine.archive().raw("b", 1)) == FULL
    assert gathered(check(engine.archive(), engine.writer(), RENDERERS, repair=False)) == []


def test_what_a_source_takes_back_is_removed(engine: Engine) -> None:
    summary = put(engine, copy(FULL, Fidelity.FULL), copy(mail("3"), Fidelity.FULL), back(FULL))
    assert (summary.read, summary.added, summary.withdrawn) == (2, 2, 1)
    archive = engine.archive()
    record = archive.mailing_list(NAME)
    assert (record.low, record.high, record.count) == (2, 2, 1)
    with pytest.raises(NoSuchMessage):
        done(archive.entry(NAME, 1))
    again = put(engine, copy(FULL, Fidelity.FULL), back(FULL), source="t")
    assert (again.withheld, again.withdrawn) == (1, 0)


def test_after_a_mail_was_taken_back_another_copy_may_come(engine: Engine) -> None:
    edited = FULL + b"Edited.\n"
    items: list[Item] = [copy(FULL, Fidelity.FULL), back(FULL), copy(edited, Fidelity.FULL)]
    summary = put(engine, *items, copy(mail("3", answers="2"), Fidelity.FULL))
    assert (summary.added, summary.withdrawn, summary.renamed) == (3, 1, 0)
    archive = engine.archive()
    assert done(archive.raw(NAME, 2)) == edited
    assert [node.number for node in done(archive.thread(NAME, 3))][1:] == [2, 3]
    assert gathered(check(archive, engine.writer(), RENDERERS, repair=False)) == []
    put(engine, back(edited), source="t")
    summary = put(engine, copy(edited, Fidelity.FULL), source="u")
    assert (summary.withheld, summary.added) == (1, 0)


def test_what_came_after_a_mail_was_taken_back_stays_when_all_is_read_again(engine: Engine) -> None:
    """Also where it is a copy of the same mail, and where that copy is taken back in its turn."""
    again = FULL.replace(b"X-More: field", b"X-More: other")
    items: list[Item] = [copy(FULL, Fidelity.FULL), back(FULL), copy(again, Fidelity.FULL)]
    put(engine, *items)
    summary = put(engine, *items, source="t")
    assert (summary.withheld, summary.withdrawn, summary.duplicates) == (1, 0, 1)
    assert done(engine.archive().raw(NAME, 2)) == again
    items.append(back(again))
    put(engine, *items, source="u")
    summary = put(engine, *items, source="v")
    assert (summary.added, summary.withheld, summary.withdrawn) == (0, 2, 0)


def test_what_a_source_took_back_stays_away_though_another_copy_was_here(engine: Engine) -> None:
    other = FULL.replace(b"X-More: field", b"X-More: other")
    put(engine, copy(other, Fidelity.FULL))
    assert put(engine, back(FULL), source="t").withdrawn == 1
    summary = put(engine, copy(FULL, Fidelity.FULL), source="u")
    assert (summary.added, summary.withheld) == (0, 1)


def test_a_mail_is_not_doubled_when_the_one_that_had_its_id_is_taken_back(engine: Engine) -> None:
    other = copy(mail("2", body="Another.\n"), Fidelity.FULL)
    put(engine, copy(FULL, Fidelity.FULL), other, back(FULL))
    summary = put(engine, other, source="t")
    assert (summary.added, summary.duplicates) == (0, 1)


def test_what_an_operator_removed_stays_away_in_any_copy(engine: Engine) -> None:
    put(engine, copy(FULL, Fidelity.FULL))
    with engine.writer().batch() as batch:
        batch.remove(NAME, 1)
    summary = put(engine, copy(FULL + b"Edited.\n", Fidelity.FULL), source="t")
    assert (summary.withheld, summary.added) == (1, 0)


def test_only_the_very_mail_is_taken_back(engine: Engine) -> None:
    other = mail("2", body="Another.\n")
    put(engine, copy(FULL, Fidelity.FULL), copy(other, Fidelity.FULL))
    put(engine, back(mail("2", body="A third.\n")), back(mail("9")), source="t")
    assert engine.archive().mailing_list(NAME).count == 2
    put(engine, back(other), source="u")
    archive = engine.archive()
    assert archive.mailing_list(NAME).count == 1
    assert done(archive.raw(NAME, 1)) == FULL
