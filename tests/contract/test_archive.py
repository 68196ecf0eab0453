"""The contract of Archive and ArchiveWriter: what every engine does alike."""

from __future__ import annotations

from hashlib import blake2b
from typing import TYPE_CHECKING

import pytest

from gateway.renderers import RENDERERS
from storage.errors import BadListName, NoSuchList, NoSuchMessage
from storage.facts import Facts, decode_facts
from storage.model import Entry, Link, Location, Page, Rendition
from storage.threads import Node
from tests.mail import NOW, Engine, done, fill, gathered, mail

if TYPE_CHECKING:
    from storage.archive import Archive


def rows(archive: Archive, name: str, first: int, last: int) -> dict[int, bytes]:
    found: dict[int, bytes] = {}
    for page in gathered(archive.pages(Rendition.OVERVIEW, name, first, last)):
        assert isinstance(page, Page)
        span = page.span(first, last)
        assert span.start < span.stop
        found.update(zip(page.numbers[span], page.rows[span], strict=True))
    assert list(found) == sorted(found)
    return found


def remove(engine: Engine, name: str, number: int) -> None:
    with engine.writer().batch() as batch:
        batch.remove(name, number)


def test_a_new_archive_has_no_lists(engine: Engine) -> None:
    assert engine.archive().lists() == []


def test_lists_come_by_name(engine: Engine) -> None:
    writer = engine.writer()
    for name in ("b", "a.z", "a", "c"):
        fill(writer, name, [mail("1")])
    assert [each.name for each in engine.archive().lists()] == ["a", "a.z", "b", "c"]


def test_an_empty_list_has_water_marks_that_rfc_3977_allows(engine: Engine) -> None:
    with engine.writer().batch() as batch:
        batch.mailing_list("l")
    record = engine.archive().mailing_list("l")
    assert (record.low, record.high, record.count) == (1, 0, 0)
    assert record.validity > 0
    assert record.created > 0


def test_a_name_that_cannot_be_a_newsgroup_is_refused(engine: Engine) -> None:
    with pytest.raises(BadListName), engine.writer().batch() as batch:
        batch.mailing_list("not a name")
    assert engine.archive().lists() == []


def test_numbers_ascend_from_one(engine: Engine) -> None:
    fill(engine.writer(), "l", [mail(str(n)) for n in range(1, 6)])
    archive = engine.archive()
    record = archive.mailing_list("l")
    assert (record.low, record.high, record.count) == (1, 5, 5)
    assert [done(archive.entry("l", n)).message_id for n in range(1, 6)] == [
        b"<%d@x.example>" % n for n in range(1, 6)
    ]


def test_an_entry_tells_what_is_known(engine: Engine) -> None:
    raw = mail("1", body="One.\nTwo.\n")
    fill(engine.writer(), "l", [raw])
    archive = engine.archive()
    entry = done(archive.entry("l", 1))
    served = done(archive.served("l", 1))
    assert entry.digest == blake2b(raw, digest_size=16).digest()
    assert (entry.sent, entry.received, entry.arrived) == (1072958400, 1072958400, NOW)
    assert entry.size == len(served.octets)
    assert served.octets == served.head + b"\r\n" + served.body
    assert entry.lines == 2
    assert 1 <= entry.revision <= archive.mailing_list("l").revision


def test_original_octets_are_kept_and_the_served_form_is_derived(engine: Engine) -> None:
    raw = mail("1", answers="0", body="A\0B\nC\rD")
    fill(engine.writer(), "l", [raw])
    archive = engine.archive()
    assert done(archive.raw("l", 1)) == raw
    served = done(archive.served("l", 1))
    whole = served.octets
    assert b"\0" not in whole
    assert whole.count(b"\r") == whole.count(b"\n") == whole.count(b"\r\n")


def test_what_is_not_there_is_named(engine: Engine) -> None:
    fill(engine.writer(), "l", [mail("1")])
    archive = engine.archive()
    for method in (archive.entry, archive.served, archive.raw, archive.thread):
        with pytest.raises(NoSuchList):
            done(method("none", 1))
        for number in (0, 2, -1, 2**40):
            with pytest.raises(NoSuchMessage):
                done(method("l", number))
    with pytest.raises(NoSuchList):
        archive.mailing_list("none")
    with pytest.raises(NoSuchList):
        archive.pages(Rendition.OVERVIEW, "none", 1, 1)
    with pytest.raises(NoSuchList):
        done(archive.first_arrived("none", 0))
    assert done(archive.find(b"<none@x.example>")) == []


def test_a_reader_sees_what_is_new_when_it_refreshes(engine: Engine) -> None:
    writer = engine.writer()
    archive = engine.archive()
    assert not archive.refresh()
    fill(writer, "l", [mail("1")])
    assert archive.refresh()
    before = archive.mailing_list("l")
    fill(writer, "l", [mail("2")], now=NOW + 1)
    assert archive.mailing_list("l") is before
    assert list(rows(archive, "l", 1, 99)) == [1]
    assert archive.refresh()
    assert not archive.refresh()
    assert archive.mailing_list("l").high == 2
    assert archive.mailing_list("l").revision > before.revision
    assert list(rows(archive, "l", 1, 99)) == [1, 2]
    assert done(archive.entry("l", 2)).message_id == b"<2@x.example>"


def test_pages_hold_the_rows_asked_for_and_stay_the_same_object_while_nothing_changes(
    engine: Engine,
) -> None:
    fill(engine.writer(), "l", [mail(str(n)) for n in range(1, 601)])
    archive = engine.archive()
    assert list(rows(archive, "l", 1, 600)) == list(range(1, 601))
    assert list(rows(archive, "l", 255, 257)) == [255, 256, 257]
    assert rows(archive, "l", 601, 700) == {}
    assert rows(archive, "l", 5, 4) == {}
    assert rows(archive, "l", 1, 2**40).keys() == rows(archive, "l", -3, 600).keys()
    assert b"<300@x.example>" in rows(archive, "l", 300, 300)[300]
    once = gathered(archive.pages(Rendition.OVERVIEW, "l", 1, 600))
    again = gathered(archive.pages(Rendition.OVERVIEW, "l", 1, 600))
    assert all(one is two for one, two in zip(once, again, strict=True))


def test_the_same_mail_is_found_in_every_list_it_was_sent_to(engine: Engine) -> None:
    writer = engine.writer()
    fill(writer, "b", [mail("0"), mail("1", "List-Id: <b>")])
    archive = engine.archive()
    assert gathered(archive.pages(Rendition.OVERVIEW, "b", 1, 9))[0].elsewhere == {}  # type: ignore[attr-defined]  # a page
    fill(writer, "a", [mail("1", "List-Id: <a>")])
    fill(writer, "c", [mail("2"), mail("3"), mail("1", "List-Id: <b>")])
    archive.refresh()
    assert done(archive.find(b"<1@x.example>")) == [
        Location("a", 1),
        Location("b", 2),
        Location("c", 3),
    ]
    (page,) = gathered(archive.pages(Rendition.OVERVIEW, "b", 1, 9))
    assert isinstance(page, Page)
    assert page.elsewhere == {2: [Location("a", 1), Location("c", 3)]}
    assert done(archive.raw("a", 1)) == mail("1", "List-Id: <a>")
    assert done(archive.raw("b", 2)) == done(archive.raw("c", 3)) == mail("1", "List-Id: <b>")


def test_a_removed_message_is_gone_and_its_number_and_id_never_return(engine: Engine) -> None:
    writer = engine.writer()
    mails = [mail(str(n)) for n in range(1, 6)]
    fill(writer, "l", mails)
    fill(writer, "m", [mails[2]])
    archive = engine.archive()
    for number, low, holes in ((3, 1, [3]), (1, 2, [3]), (2, 4, []), (5, 4, [5])):
        before = archive.mailing_list("l").revision
        remove(engine, "l", number)
        archive.refresh()
        record = archive.mailing_list("l")
        assert record.revision > before
        assert (record.low, record.high, [*record.holes]) == (low, 5, holes)
        assert not record.has(number)
        with pytest.raises(NoSuchMessage):
            done(archive.raw("l", number))
        assert number not in rows(archive, "l", 1, 9)
    assert archive.mailing_list("l").count == 1
    assert done(archive.find(b"<3@x.example>")) == [Location("m", 1)]
    assert done(archive.raw("m", 1)) == mails[2]
    (page,) = gathered(archive.pages(Rendition.OVERVIEW, "m", 1, 9))
    assert isinstance(page, Page)
    assert page.elsewhere == {}
    with pytest.raises(NoSuchMessage):
        remove(engine, "l", 3)

    summary = fill(writer, "l", [*mails, mail("6")], now=NOW + 9)
    assert (summary.added, summary.withheld, summary.duplicates) == (1, 4, 1)
    archive.refresh()
    assert archive.mailing_list("l").high == 6
    remove(engine, "l", 4)
    remove(engine, "l", 6)
    archive.refresh()
    record = archive.mailing_list("l")
    assert (record.low, record.high, record.count) == (7, 6, 0)


def test_first_arrived_finds_what_came_since(engine: Engine) -> None:
    writer = engine.writer()
    for day in range(5):
        fill(writer, "l", [mail(f"{day}-{n}") for n in range(3)], now=NOW + day)
    archive = engine.archive()
    found = [done(archive.first_arrived("l", NOW + day)) for day in range(-1, 7)]
    assert found == [1, 1, 4, 7, 10, 13, 16, 16]
    for number in (7, 8, 15):
        remove(engine, "l", number)
    archive.refresh()
    assert done(archive.first_arrived("l", NOW + 2)) == 9
    assert done(archive.first_arrived("l", NOW + 9)) == 16


def test_arrival_never_falls_even_if_the_clock_does(engine: Engine) -> None:
    writer = engine.writer()
    fill(writer, "l", [mail("1")], now=NOW)
    fill(writer, "l", [mail("2")], now=NOW - 50)
    archive = engine.archive()
    assert [done(archive.entry("l", n)).arrived for n in (1, 2)] == [NOW, NOW]


def test_a_thread_is_drawn_with_its_ghosts(engine: Engine) -> None:
    fill(
        engine.writer(),
        "l",
        [
            mail("c", answers="b", date="Fri, 2 Jan 2004 12:00:00 +0000"),
            mail("a", answers="ghost", date="Fri, 2 Jan 2004 11:00:00 +0000"),
            mail("b", answers="ghost", date="Fri, 2 Jan 2004 10:00:00 +0000"),
            mail("lone"),
        ],
    )
    archive = engine.archive()
    for number in (1, 2, 3):
        drawn = [
            (node.depth, node.message_id, node.number) for node in done(archive.thread("l", number))
        ]
        assert drawn == [
            (0, b"<ghost@x.example>", None),
            (1, b"<b@x.example>", 3),
            (2, b"<c@x.example>", 1),
            (1, b"<a@x.example>", 2),
        ]
    assert len(done(archive.thread("l", 4))) == 1
    remove(engine, "l", 3)
    archive.refresh()
    assert done(archive.thread("l", 1))[1].number is None


def test_a_batch_that_fails_leaves_nothing(engine: Engine) -> None:
    writer = engine.writer()
    fill(writer, "l", [mail("1")])

    def fail() -> None:
        with writer.batch() as batch:
            batch.remove("l", 1)
            batch.describe("l", description="changed")
            batch.mailing_list("m")
            batch.set_cursor("l", "s", b"c")
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        fail()
    archive = engine.archive()
    assert [each.name for each in archive.lists()] == ["l"]
    assert archive.mailing_list("l").count == 1
    assert archive.mailing_list("l").description == ""
    fill(writer, "l", [mail("2", answers="1")], now=NOW + 1)
    archive.refresh()
    assert len(done(archive.thread("l", 2))) == 2


def test_a_batch_sees_what_it_wrote(engine: Engine) -> None:
    writer = engine.writer()
    fill(writer, "l", [mail("1"), mail("2", "Message-ID: <again@x.example>")])
    with writer.batch() as batch:
        assert batch.next_number("l") == 3
        assert batch.raw("l", 1) == mail("1")
        assert b"X-Original-Message-ID" in batch.served("l", 2).head
        holder = batch.incumbent("l", b"<1@x.example>")
        assert holder is not None
        assert (holder.number, holder.removed) == (1, False)
        batch.remove("l", 1)
        holder = batch.incumbent("l", b"<1@x.example>")
        assert holder is not None
        assert (holder.number, holder.removed) == (1, True)
        assert batch.incumbent("l", b"<none@x.example>") is None
        assert [*batch.mailing_list("l").holes] == []
        assert batch.mailing_list("l").low == 2
        with pytest.raises(NoSuchMessage):
            batch.raw("l", 1)


def test_lists_are_described(engine: Engine) -> None:
    with engine.writer().batch() as batch:
        batch.describe("l", description="About it", address="l@x.example")
        batch.describe("l", description="About it all")
    record = engine.archive().mailing_list("l")
    assert (record.description, record.address) == ("About it all", "l@x.example")


def test_cursors_are_kept_by_list_and_source(engine: Engine) -> None:
    writer = engine.writer()
    with writer.batch() as batch:
        batch.set_cursor("l", "s", b"1")
        batch.set_cursor("m", "s", b"2")
        batch.set_cursor("l", "s", b"3")
    keys = ("l", "s"), ("m", "s"), ("l", "t"), ("none", "s")
    assert [writer.cursor(*key) for key in keys] == [b"3", b"2", b"", b""]
    assert "none" not in [each.name for each in engine.archive().lists()]


def entries(archive: Archive, name: str, first: int, last: int) -> list[Entry]:
    found: list[Entry] = []
    for batch in gathered(archive.entries(name, first, last)):
        assert isinstance(batch, list)
        assert batch
        found += batch
    return found


def links(archive: Archive, name: str) -> list[Link]:
    found: list[Link] = []
    for batch in gathered(archive.links(name)):
        assert isinstance(batch, list)
        assert batch
        found += batch
    return found


def test_entries_are_those_of_each_number(engine: Engine) -> None:
    fill(engine.writer(), "l", [mail(str(n), body="x\n" * (n % 7)) for n in range(1, 601)])
    remove(engine, "l", 300)
    archive = engine.archive()
    for first, last in ((1, 600), (-4, 2**40), (255, 258), (299, 301), (600, 600)):
        wanted = [n for n in range(max(first, 1), min(last, 600) + 1) if n != 300]
        found = entries(archive, "l", first, last)
        assert [entry.number for entry in found] == wanted
        assert found[::50] == [done(archive.entry("l", n)) for n in wanted[::50]]
    for first, last in ((300, 300), (601, 700), (5, 4)):
        assert entries(archive, "l", first, last) == []
    assert len(gathered(archive.entries("l", 1, 600))) > 1


def test_octets_are_those_of_the_messages_present(engine: Engine) -> None:
    writer = engine.writer()
    fill(writer, "l", [mail(str(n), body="x\n" * n) for n in range(1, 9)])
    archive = engine.archive()

    def octets() -> int:
        archive.refresh()
        record = archive.mailing_list("l")
        with writer.batch() as batch:
            assert batch.mailing_list("l").octets == record.octets
        return record.octets

    sizes = [entry.size for entry in entries(archive, "l", 1, 8)]
    assert octets() == sum(sizes)
    remove(engine, "l", 3)
    assert octets() == sum(sizes) - sizes[2]
    with writer.batch() as batch:
        batch.rerender("l", 4, sizes[3] + 5, 1, {})
    assert octets() == sum(sizes) - sizes[2] + 5
    with writer.batch() as batch:
        batch.rerender("l", 4, sizes[3], 4, {})
    fill(writer, "l", [mail("9")], now=NOW + 1)
    with writer.batch() as batch:
        batch.mailing_list("m")
        assert batch.mailing_list("m").octets == 0
    for number in (1, 2, 4, 5, 6, 7, 8, 9):
        remove(engine, "l", number)
    assert octets() == 0


def test_what_changed_and_what_was_removed_is_told_by_revision(engine: Engine) -> None:
    writer = engine.writer()
    archive = engine.archive()
    fill(writer, "l", [mail(str(n)) for n in range(1, 6)])
    archive.refresh()
    first = archive.mailing_list("l").revision
    assert [*done(archive.changed("l", 0))] == [1, 2, 3, 4, 5]
    assert [*done(archive.changed("l", first))] == []
    assert [*done(archive.changed("l", done(archive.entry("l", 4)).revision - 1))] == [4, 5]
    assert [*done(archive.removed("l", 0))] == []

    remove(engine, "l", 4)
    remove(engine, "l", 2)
    fill(writer, "l", [mail("6")], now=NOW + 1)
    with writer.batch() as batch:
        batch.rerender("l", 3, 1, 1, {})
    # None of it is told before the catalogue is read again.
    assert [*done(archive.changed("l", first))] == []
    assert [*done(archive.removed("l", 0))] == []
    archive.refresh()
    second = archive.mailing_list("l").revision
    assert [*done(archive.changed("l", first))] == [3, 6]
    assert [*done(archive.changed("l", 0))] == [1, 3, 5, 6]
    assert [*done(archive.removed("l", first))] == [2, 4]
    assert [*done(archive.removed("l", first + 1))] == [2]
    assert [*done(archive.changed("l", second))] == [*done(archive.removed("l", second))] == []
    entry = done(archive.entry("l", 3))
    assert first < entry.revision <= second


def test_links_are_the_forest_with_its_ghosts(engine: Engine) -> None:
    writer = engine.writer()
    fill(
        writer,
        "l",
        [
            mail("c", answers="b", date="Fri, 2 Jan 2004 12:00:00 +0000"),
            mail("a", answers="ghost", date="Fri, 2 Jan 2004 11:00:00 +0000"),
            mail("b", answers="ghost"),
            mail("lone", date="nonsense"),
        ],
    )
    fill(writer, "other", [mail("c", answers="x")])
    archive = engine.archive()
    by_node = {link.node: link for link in links(archive, "l")}
    assert len(by_node) == 5

    def above(number: int) -> Link | None:
        (own,) = [link for link in by_node.values() if link.number == number]
        return None if own.parent is None else by_node[own.parent]

    parents = [above(number) for number in (1, 2, 3, 4)]
    assert [each and each.number for each in parents] == [3, None, None, None]
    ghost = parents[1]
    assert ghost is not None
    assert ghost is parents[2]
    assert (ghost.parent, ghost.sent, parents[3]) == (None, 0, None)
    times = {link.number: link.sent for link in by_node.values() if link.number}
    expected = [done(archive.entry("l", n)) for n in (1, 2, 3, 4)]
    assert [times[entry.number] for entry in expected] == [
        entry.received if entry.sent is None else entry.sent for entry in expected
    ]
    assert {link.node for link in links(archive, "l")} == set(by_node)

    remove(engine, "l", 3)
    fill(writer, "l", [mail("new", answers="c")], now=NOW + 1)
    assert sorted(link.number for link in links(archive, "l") if link.number) == [1, 2, 4]
    archive.refresh()
    found = links(archive, "l")
    assert sorted(link.number for link in found if link.number) == [1, 2, 4, 5]
    assert len(found) == 6


def test_a_link_that_is_cut_is_none(engine: Engine) -> None:
    fill(engine.writer(), "l", [mail("a", answers="b"), mail("b", answers="a"), mail("c")])
    found = links(engine.archive(), "l")
    assert len(found) == 3
    assert sum(link.parent is not None for link in found) == 1


def test_links_of_many_come_in_batches(engine: Engine) -> None:
    count = 4500
    writer = engine.writer()
    with writer.batch() as batch:
        batch.mailing_list("empty")
        forest = batch.forest("l")
        for at in range(count):
            forest.put(Node(b"<%d@x.example>" % at))
    archive = engine.archive()
    assert len(gathered(archive.links("l"))) > 1
    assert len({link.node for link in links(archive, "l")}) == count
    assert links(archive, "empty") == []


def test_what_is_told_of_a_list_that_is_none(engine: Engine) -> None:
    archive = engine.archive()
    with pytest.raises(NoSuchList):
        archive.entries("none", 1, 2)
    with pytest.raises(NoSuchList):
        archive.links("none")
    with pytest.raises(NoSuchList):
        done(archive.changed("none", 0))
    with pytest.raises(NoSuchList):
        done(archive.removed("none", 0))


def test_a_batch_tells_what_is_known_of_its_messages(engine: Engine) -> None:
    writer = engine.writer()
    fill(writer, "l", [mail("1"), mail("2")])
    archive = engine.archive()
    with writer.batch() as batch:
        assert batch.entry("l", 2) == done(archive.entry("l", 2))
        for number in (0, 3):
            with pytest.raises(NoSuchMessage):
                batch.entry("l", number)


def test_facts_are_stored_and_what_nothing_makes_has_no_rows(engine: Engine) -> None:
    writer = engine.writer()
    fill(writer, "l", [mail("1"), mail("2", date="nonsense"), mail("3")])
    made = {renderer.kind for renderer in RENDERERS}
    archive = engine.archive()

    def facts() -> Facts:
        (page,) = gathered(archive.pages(Rendition.FACTS, "l", 1, 9))
        assert isinstance(page, Page)
        return decode_facts(page.rows)

    for remaining in ([1, 2, 3], [1, 3], []):
        known = entries(archive, "l", 1, 9)
        assert [entry.number for entry in known] == remaining
        if remaining:
            assert [*facts().received] == [entry.received for entry in known]
            assert [*facts().sent] == [
                entry.received if entry.sent is None else entry.sent for entry in known
            ]
            assert [*facts().size] == [entry.size for entry in known]
            assert [*facts().lines] == [entry.lines for entry in known]
        for kind in Rendition:
            pages = gathered(archive.pages(kind, "l", 1, 9))
            assert bool(pages) == (kind in made and bool(remaining))
        for number in [2] if 2 in remaining else remaining:
            remove(engine, "l", number)
        archive.refresh()
