"""What every engine does with a list that is another's twin."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Final

import pytest

from gateway.renderers import RENDERERS
from storage.adopt import adopt
from storage.days import DayCount
from storage.errors import IsTwin, NoSuchMessage, NotEmpty, Removed, SourceError
from storage.ingest import ingest, store
from storage.model import Fidelity, Location, Page, Rendition
from storage.replica import (
    BadReplica,
    Change,
    DayPlace,
    ListState,
    Mark,
    Replica,
    Rooted,
    Tombstone,
)
from storage.sources.base import Incoming
from storage.threads import Evidence, Node
from storage.writer import NewMessage
from tests.days import calendar
from tests.mail import NOW, Engine, Given, MemoryEngine, done, fill, gathered, mail

if TYPE_CHECKING:
    from storage.archive import Archive
    from storage.writer import ArchiveWriter

ORIGIN: Final = "nntp://origin.example/l"
STATE: Final = ListState("l", "About l", "l@x.example", 1234, 1000, 3, 77)
MESSAGE: Final = NewMessage(
    b"<1@x>",
    b"x",
    b"d" * 16,
    None,
    plain=False,
    dotted=False,
    sent=None,
    received=1,
    size=1,
    lines=1,
)


def replica(number: int, own: str | None = None, **fields: object) -> Replica:
    """Return a message as its origin tells of it."""
    name = own or str(number)
    node = Node(f"<{name}@x.example>".encode(), number, 50 + number)
    made = Replica(
        number, 10 * number, 5000 + number, 50, 60, Fidelity.FULL, mail(name), None, Rooted(node, 9)
    )
    return replace(made, **fields)  # type: ignore[arg-type]  # whatever a test says


def give(writer: ArchiveWriter, *records: Replica | Tombstone, name: str = "l") -> None:
    """Give a twin numbers."""
    with writer.batch() as batch:
        twin = batch.twin(name, ORIGIN)
        for record in records:
            if isinstance(record, Tombstone):
                twin.bury(record)
            else:
                adopt(batch, twin, name, record, RENDERERS)


def settle(writer: ArchiveWriter, state: ListState = STATE, name: str = "l") -> None:
    with writer.batch() as batch:
        batch.twin(name, ORIGIN).settle(state)


def pages(archive: Archive, name: str = "l") -> list[Page]:
    found = gathered(archive.pages(Rendition.OVERVIEW, name, 1, 999))
    return [each for each in found if isinstance(each, Page)]


STONE: Final = Tombstone(2, 20, b"<2@x.example>", b"d" * 16)


def test_a_twin_is_what_it_is_told(engine: Engine) -> None:
    writer = engine.writer()
    give(writer, replica(1), STONE, replica(3))
    settle(writer)
    archive = engine.archive()
    record = archive.mailing_list("l")
    assert (record.description, record.address) == ("About l", "l@x.example")
    assert (record.validity, record.created, record.revision) == (1234, 1000, 77)
    assert (record.low, record.high, list(record.holes)) == (1, 3, [2])
    assert record.origin == ORIGIN
    entries = [done(archive.entry("l", number)) for number in (1, 3)]
    assert [(each.revision, each.arrived) for each in entries] == [(10, 5001), (30, 5003)]
    assert [(each.sent, each.received) for each in entries] == [(50, 60), (50, 60)]
    assert record.octets == sum(each.size for each in entries)
    assert list(done(archive.removed("l", 19))) == [2]
    assert list(done(archive.removed("l", 20))) == []
    assert list(done(archive.changed("l", 10))) == [3]


def test_nothing_is_seen_before_it_is_settled(engine: Engine) -> None:
    writer = engine.writer()
    fill(writer, "other", [mail("1")])
    give(writer, replica(1), STONE)
    archive = engine.archive()
    record = archive.mailing_list("l")
    assert (record.low, record.high, record.count, record.octets) == (1, 0, 0, 0)
    for method in (archive.entry, archive.served, archive.raw, archive.thread):
        with pytest.raises(NoSuchMessage):
            done(method("l", 1))
    assert done(archive.find(b"<1@x.example>")) == [Location("other", 1)]
    assert pages(archive) == []
    assert gathered(archive.entries("l", 1, 9)) == []
    assert gathered(archive.replicas("l", 1, 9)) == []
    assert done(archive.changes("l", Mark(-1, 0), 99, 99)) == []
    assert list(done(archive.removed("l", 0))) == []
    assert done(archive.in_thread("l", replica(1).rooted.node.thread)) == []
    assert not done(archive.served("other", 1)).elsewhere
    assert pages(archive, "other")[0].elsewhere == {}


def test_copies_know_of_each_other_when_both_are_seen(engine: Engine) -> None:
    writer = engine.writer()
    fill(writer, "other", [mail("1")])
    give(writer, replica(1), name="another")
    settle(writer, replace(STATE, high=1), name="another")
    give(writer, replica(1))
    archive = engine.archive()
    before = pages(archive, "another")[0]
    assert before.elsewhere == {1: [Location("other", 1)]}
    settle(writer, replace(STATE, high=1))
    assert archive.refresh()
    assert archive.mailing_list("another").revision == 77
    assert pages(archive, "another")[0].elsewhere == {1: [Location("l", 1), Location("other", 1)]}
    assert pages(archive, "l")[0].elsewhere == {1: [Location("another", 1), Location("other", 1)]}
    assert pages(archive, "other")[0].elsewhere == {1: [Location("another", 1), Location("l", 1)]}


@pytest.mark.parametrize("first", ["l", "other"])
def test_octets_that_two_lists_share_stay_for_the_one_that_has_them(
    engine: Engine, first: str
) -> None:
    writer = engine.writer()
    if first == "l":
        give(writer, replica(1))
    fill(writer, "other", [mail("1")])
    if first == "other":
        give(writer, replica(1))
    with writer.batch() as batch:
        batch.remove("other", 1)
    settle(writer, replace(STATE, high=1))
    archive = engine.archive()
    assert done(archive.raw("l", 1)) == mail("1")
    give(writer, replace(STONE, number=1, message_id=b"<1@x.example>"))
    settle(writer, replace(STATE, high=1, revision=78))
    archive.refresh()
    with pytest.raises(NoSuchMessage):
        done(archive.raw("l", 1))


def test_numbers_come_in_their_order(engine: Engine) -> None:
    writer = engine.writer()
    with pytest.raises(ValueError, match="2 in place of 1"):
        give(writer, replica(2))
    give(writer, replica(1))
    for record in (replica(3), replace(STONE, number=3)):
        with pytest.raises(ValueError, match="3 in place of 2"):
            give(writer, record)
    with pytest.raises(ValueError, match="up to 3"):
        settle(writer)
    with writer.batch() as batch:
        assert batch.twin("l", ORIGIN).next_number == 2


def test_what_was_settled_may_be_given_again(engine: Engine) -> None:
    writer = engine.writer()
    give(writer, replica(1, fidelity=Fidelity.PAGE), replica(2), replica(3))
    settle(writer)
    archive = engine.archive()
    better = replica(1, raw=mail("1", body="Better.\n"), received=61, revision=99, arrived=1)
    give(writer, better, STONE)
    archive.refresh()
    entry = done(archive.entry("l", 1))
    assert (entry.revision, entry.arrived, entry.received) == (10, 5001, 61)
    assert entry.fidelity is Fidelity.FULL
    assert done(archive.raw("l", 1)) == better.raw
    with writer.batch() as batch:
        twin = batch.twin("l", ORIGIN)
        kept = twin.kept(1)
        assert kept is not None
        assert (kept.revision, kept.digest, kept.fidelity) == (10, entry.digest, Fidelity.FULL)
        assert twin.kept(2) is twin.kept(4) is None
        twin.restamp(1, 78)
        twin.restamp(2, 78)
        twin.bury(replace(STONE, revision=79))
        twin.settle(replace(STATE, revision=79))
    archive.refresh()
    record = archive.mailing_list("l")
    assert (record.revision, list(record.holes)) == (79, [2])
    assert done(archive.entry("l", 1)).revision == 78
    assert list(done(archive.removed("l", 78))) == [2]
    assert record.octets == sum(done(archive.entry("l", n)).size for n in (1, 3))


def test_a_node_is_what_it_is_told_to_be(engine: Engine) -> None:
    writer = engine.writer()
    give(writer, replica(1), replica(2), replica(3))
    root = b"<root@x.example>"
    nodes = [
        Node(b"<1@x.example>", None, 7, b"<2@x.example>", Evidence.MENTION, 3, thread=b"threadid"),
        Node(b"<2@x.example>", 3, 8, root, Evidence.REFERENCES, 1, severed=True),
        Node(b"<ghost@x.example>", 1, 0, b"<1@x.example>", Evidence.SUBJECT, 0),
    ]
    with writer.batch() as batch:
        twin = batch.twin("l", ORIGIN)
        for at, node in enumerate(nodes):
            twin.plant(Rooted(node, 40 + at))
        twin.settle(STATE)
    told = done(engine.archive().rooted("l", Mark(-1, 0), 99, 99))
    by_id = {each.node.message_id: each for each in told}
    numbers = (1, 2, None)  # the messages are where they are, whatever is said
    for at, (node, number) in enumerate(zip(nodes, numbers, strict=True)):
        assert by_id[node.message_id] == Rooted(replace(node, number=number), 40 + at)
    assert by_id[root].node == Node(root)
    assert set(by_id) == {root, b"<3@x.example>", *(node.message_id for node in nodes)}


def test_a_twin_takes_nothing_else(engine: Engine) -> None:
    writer = engine.writer()
    give(writer, replica(1, fidelity=Fidelity.PAGE))
    settle(writer, replace(STATE, high=1))
    refusal = f"l is a twin of {ORIGIN} .*listgate mirror remove l"
    with pytest.raises(IsTwin, match=refusal), writer.batch() as batch:
        batch.remove("l", 1)
    with pytest.raises(IsTwin, match=refusal), writer.batch() as batch:
        batch.add("l", MESSAGE)
    with pytest.raises(IsTwin, match=refusal), writer.batch() as batch:
        batch.replace("l", 1, MESSAGE)
    with pytest.raises(SourceError, match="given: l is a twin of"):
        ingest(writer, "l", Given([mail("new")]), RENDERERS)
    mails = [(name, Incoming(mail("new"), None, "handed in", b"", 0)) for name in ("l", "other")]
    refused, added = store(writer, mails, RENDERERS, clock=lambda: NOW)
    assert [why for _, why in refused.rejected] == [str(IsTwin("l", ORIGIN))]
    assert (refused.added, added.added, added.rejected) == (0, 1, [])
    assert engine.archive().mailing_list("l").high == 1


def test_renditions_made_anew_are_no_revision_of_a_twin(engine: Engine) -> None:
    writer = engine.writer()
    give(writer, replica(1))
    settle(writer, replace(STATE, high=1))
    archive = engine.archive()
    assert pages(archive)[0].rows[0] != b"new"
    with writer.batch() as batch:
        batch.rerender("l", 1, 5, 6, {Rendition.OVERVIEW: b"new"})
    assert archive.refresh()
    record = archive.mailing_list("l")
    assert (record.revision, record.octets) == (77, 5)
    entry = done(archive.entry("l", 1))
    assert (entry.revision, entry.size, entry.lines) == (10, 5, 6)
    assert pages(archive)[0].rows == [b"new"]
    with writer.batch() as batch:
        batch.forgo("l", 1)
    archive.refresh()
    assert archive.mailing_list("l").revision == 77


def test_only_a_list_without_messages_becomes_a_twin(engine: Engine) -> None:
    writer = engine.writer()
    fill(writer, "l", [mail("own")])
    with pytest.raises(NotEmpty, match="l has messages of its own"):
        give(writer, replica(1))
    with writer.batch() as batch:
        batch.mailing_list("empty")
    give(writer, replica(1), name="empty")
    assert engine.archive().mailing_list("empty").origin == ORIGIN


def test_a_twin_that_is_released_is_a_list_of_its_own(engine: Engine) -> None:
    writer = engine.writer()
    give(writer, replica(1), STONE)
    settle(writer, replace(STATE, high=2))
    give(writer, replica(3, revision=90), Tombstone(4, 95, b"<4@x.example>", b"d" * 16))
    for _ in range(2):
        with writer.batch() as batch:
            batch.release("l")
            batch.release("other")
    archive = engine.archive()
    record = archive.mailing_list("l")
    assert (record.origin, record.high, list(record.holes)) == ("", 4, [2, 4])
    assert record.revision > 95
    summary = fill(writer, "l", [mail("2"), mail("4"), mail("5", answers="3")])
    assert (summary.withheld, summary.added) == (2, 1)
    archive.refresh()
    assert done(archive.entry("l", 5)).message_id == b"<5@x.example>"
    assert [(n.depth, n.number) for n in done(archive.thread("l", 5))] == [(0, 3), (1, 5)]
    assert done(archive.entry("l", 5)).revision > record.revision
    with pytest.raises(NotEmpty):
        give(writer, replica(6))


def test_a_released_twin_joins_replies_by_thread_index(engine: Engine) -> None:
    parent = "Thread-Index: AQHaPAAAAAAAAAAAAAAAAAAAAAAAAA=="
    answer = "Thread-Index: AQHaPAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"
    writer = engine.writer()
    give(writer, replica(1, raw=mail("1", parent)))
    with writer.batch() as batch:
        batch.release("l")
    fill(writer, "l", [mail("2", answer)])
    nodes = done(engine.archive().thread("l", 1))
    assert [node.number for node in nodes] == [1, 2]


def test_what_may_not_be_served_is_made_anew(engine: Engine) -> None:
    bad = [
        b"Subject: x\r\n",
        b"Message-ID: <2@x.example>\r\n",
        b"Message-ID: <1@x.example>\r\nXref: a b:1\r\n",
        b"Message-ID: <1@x.example>\r\nA: \nb\r\n",
        b"Message-ID: <1@x.example>\r\nA: \0\r\n",
        b"Message-ID: <1@x.example>",
        b"",
    ]
    for at, head in enumerate(bad):
        name = f"l{at}"
        give(engine.writer(), replica(1, head=head), name=name)
        settle(engine.writer(), replace(STATE, high=1), name=name)
    good = b"Message-ID: <1@x.example>\r\nReferences: <0@x.example>\r\n"
    give(engine.writer(), replica(1, head=good))
    settle(engine.writer(), replace(STATE, high=1))
    archive = engine.archive()
    for at in range(len(bad)):
        served = done(archive.served(f"l{at}", 1)).octets
        assert served == mail("1").replace(b"\n", b"\r\n"), bad[at]
    assert done(archive.served("l", 1)).head == good


def test_no_two_numbers_have_one_message_id(engine: Engine) -> None:
    writer = engine.writer()
    give(writer, replica(1), replica(2))
    with pytest.raises(BadReplica, match="2 has the Message-ID of 1"):
        give(writer, replica(2, "1"))
    with pytest.raises(BadReplica, match="1 has the Message-ID of 2"):
        give(writer, replica(1, "2"))
    with pytest.raises(BadReplica, match="1 has the Message-ID of None"):
        give(writer, replica(1, "new"))


def test_a_list_tells_what_it_is_by_revision(engine: Engine) -> None:
    writer = engine.writer()
    fill(writer, "l", [mail(str(n), answers="0") for n in range(1, 6)])
    with writer.batch() as batch:
        batch.remove("l", 2)
    archive = engine.archive()
    until = archive.mailing_list("l").revision
    told = done(archive.changes("l", Mark(0, 0), until, 99))
    assert [each.number for each in told] == [1, 3, 4, 5, 2]
    assert [type(each) for each in told] == [Change] * 4 + [Tombstone]
    assert [each.revision for each in told] == sorted(each.revision for each in told)
    one_by_one: list[Change | Tombstone] = []
    mark = Mark(0, 0)
    while found := done(archive.changes("l", mark, until, 1)):
        one_by_one += found
        mark = Mark(found[0].revision, found[0].number)
    assert one_by_one == told
    assert done(archive.changes("l", Mark(0, 0), told[1].revision, 99)) == told[:2]

    nodes = done(archive.rooted("l", Mark(-1, 0), until, 99))
    assert {each.node.message_id for each in nodes} == {b"<%d@x.example>" % n for n in range(6)}
    one_by_one_nodes: list[Rooted] = []
    mark = Mark(-1, 0)
    while rooted := done(archive.rooted("l", mark, until, 1)):
        one_by_one_nodes += rooted
        mark = Mark(rooted[0].revision, rooted[0].key)
    assert one_by_one_nodes == nodes
    changed = done(archive.rooted("l", Mark(told[-2].revision, 1 << 40), until, 99))
    assert [(each.node.message_id, each.node.number) for each in changed] == [
        (b"<2@x.example>", None)
    ]


def test_numbers_that_are_not_there_are_told_as_lost(engine: Engine) -> None:
    fill(engine.writer(), "l", [mail("1")])
    told = gathered(engine.archive().replicas("l", -3, 9))
    assert [each.number for each in told] == [1]  # type: ignore[attr-defined]


def test_a_message_that_goes_while_it_is_told_is_a_tombstone(engine: Engine) -> None:
    fill(engine.writer(), "l", [mail("1"), mail("2")])

    async def told() -> list[Replica | Tombstone]:
        found = []
        async for each in engine.archive().replicas("l", 1, 2):
            found.append(each)
            if each.number == 1:
                with engine.writer().batch() as batch:
                    batch.remove("l", 2)
        return found

    first, second = done(told())
    assert isinstance(first, Replica)
    assert isinstance(second, Tombstone) or isinstance(engine, MemoryEngine)
    assert second.number == 2


def test_a_copy_that_its_source_took_back_gives_way_to_another(engine: Engine) -> None:
    writer = engine.writer()
    give(writer, replica(1), replica(2))
    settle(writer, replace(STATE, high=2))
    archive = engine.archive()
    again = replica(3, "1", raw=mail("1", body="Again.\n"))
    give(writer, again)
    stone = Tombstone(1, 71, b"<1@x.example>", b"e" * 16, withdrawn=True)
    with writer.batch() as batch:
        twin = batch.twin("l", ORIGIN)
        twin.bury(stone)
        twin.settle(STATE)
    archive.refresh()
    record = archive.mailing_list("l")
    assert (record.low, record.high, list(record.holes)) == (2, 3, [])
    assert done(archive.find(b"<1@x.example>")) == [Location("l", 3)]
    assert done(archive.raw("l", 3)) == again.raw
    assert record.octets == sum(done(archive.entry("l", n)).size for n in (2, 3))
    assert gathered(archive.replicas("l", 1, 1)) == [replace(stone, place=1)]
    with writer.batch() as batch:
        batch.twin("l", ORIGIN).bury(replace(stone, number=3, revision=78))
        batch.twin("l", ORIGIN).settle(replace(STATE, revision=78))
        batch.release("l")
        holder = batch.incumbent("l", b"<1@x.example>")
        assert holder is not None
        assert (holder.number, holder.removed, holder.withdrawn) == (3, True, True)
    summary = fill(writer, "l", [mail("1", body="Once more.\n")])
    assert (summary.added, summary.withheld) == (1, 0)


def test_a_twin_has_the_days_and_places_that_it_is_told(engine: Engine) -> None:
    writer = engine.writer()
    give(
        writer,
        replica(1, day=3, place=2),
        replace(STONE, day=3, place=5),
        replica(3, day=3, place=6),
    )
    give(writer, replica(4, day=4, place=1))
    archive = engine.archive()
    assert done(archive.days("l")) == []
    with pytest.raises(NoSuchMessage):
        done(archive.at_place("l", 3, 2))
    settle(writer)
    archive.refresh()
    assert done(calendar(archive, "l")) == {(3, 2): 1, (3, 6): 3}
    assert done(archive.days("l")) == [DayCount(3, 2)]
    assert done(archive.places("l", 1, 99)) == [
        DayPlace(1, 3, 2),
        DayPlace(2, 3, 5),
        DayPlace(3, 3, 6),
    ]
    assert done(archive.places("l", 2, 1)) == [DayPlace(2, 3, 5)]
    told = gathered(archive.replicas("l", 1, 3))
    assert [(each.day, each.place) for each in told] == [(3, 2), (3, 5), (3, 6)]  # type: ignore[attr-defined]

    with writer.batch() as batch:
        twin = batch.twin("l", ORIGIN)
        twin.bury(replace(STONE, number=1, message_id=b"<1@x.example>", day=9, place=9))
        twin.bury(replace(STONE, day=8, place=8))
        twin.settle(replace(STATE, high=4, revision=78))
    archive.refresh()
    assert done(calendar(archive, "l")) == {(3, 6): 3, (4, 1): 4}
    assert [(each.number, each.day, each.place) for each in done(archive.places("l", 1, 2))] == [
        (1, 3, 2),
        (2, 3, 5),
    ]
    give(writer, replica(3, raw=mail("3", body="Better.\n"), day=7, place=7))
    archive.refresh()
    assert done(archive.entry("l", 3)).place == 6
    with writer.batch() as batch:
        batch.release("l")
        assert batch.recount("l", repair=False) == []
    fill(writer, "l", [mail("9", date="4 Jan 1970 12:00:00 +0000")])
    archive.refresh()
    assert not list(writer.damage())


def test_a_twin_that_is_told_no_places_gives_them(engine: Engine) -> None:
    writer = engine.writer()
    day = 86_400
    give(writer, replica(1, received=5 * day), STONE, replica(3, received=6 * day - 1))
    give(writer, replica(4, day=5, place=2), replica(5, day=5, place=7), replica(6, day=5, place=7))
    settle(writer, replace(STATE, high=6))
    archive = engine.archive()
    wanted = {(5, 1): 1, (5, 2): 3, (5, 3): 4, (5, 7): 5, (5, 8): 6}
    assert done(calendar(archive, "l")) == wanted
    assert [each.number for each in done(archive.places("l", 1, 99))] == [1, 3, 4, 5, 6]

    give(writer, replica(7, day=5, place=9))
    told = [DayPlace(1, 5, 4), DayPlace(2, 5, 6), DayPlace(3, 6, 1), DayPlace(4, 6, 2)]
    told += [DayPlace(5, 6, 3), DayPlace(6, 6, 4), DayPlace(99, 6, 5)]
    with writer.batch() as batch:
        twin = batch.twin("l", ORIGIN)
        twin.put_places(iter(told))
        twin.settle(replace(STATE, high=7, revision=78))
    archive.refresh()
    wanted = {(5, 4): 1, (6, 1): 3, (6, 2): 4, (6, 3): 5, (6, 4): 6, (5, 9): 7}
    assert done(calendar(archive, "l")) == wanted
    assert done(archive.places("l", 2, 1)) == [DayPlace(2, 5, 6)]
    with pytest.raises(NoSuchMessage) as raised:
        done(archive.at_place("l", 6, 5))
    assert not isinstance(raised.value, Removed)
    with writer.batch() as batch:
        batch.twin("l", ORIGIN).put_places([])
        batch.twin("l", ORIGIN).settle(replace(STATE, high=7, revision=79))
    archive.refresh()
    assert done(calendar(archive, "l")) == wanted
    assert [each.number for each in done(archive.places("l", 1, 99))] == [1, 3, 4, 5, 6, 7]
    with writer.batch() as batch:
        assert batch.recount("l", repair=False) == []


def test_messages_of_a_twin_may_be_hidden(engine: Engine) -> None:
    writer = engine.writer()
    give(writer, replica(1), replica(2), replica(3))
    settle(writer, replace(STATE, high=2))
    with pytest.raises(NoSuchMessage), writer.batch() as batch:
        batch.hide("l", [3])  # which no reader sees yet
    with writer.batch() as batch:
        batch.hide("l", [1, 2])
    archive = engine.archive()
    record = archive.mailing_list("l")
    assert (list(record.hidden), record.revision) == ([1, 2], 77)
    with writer.batch() as batch:
        batch.twin("l", ORIGIN).bury(STONE)
        batch.twin("l", ORIGIN).settle(replace(STATE, revision=78))
    archive.refresh()
    assert list(archive.mailing_list("l").hidden) == [1]
    assert [each.hidden for each in done(archive.days("l"))] == [1]
