"""A pull, step by step: what it asks, what it does not ask twice, and what it makes of an origin that is not itself."""

from __future__ import annotations

from contextlib import closing, suppress
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, Final

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gateway.access import Policy
from gateway.mirror import twin as pulling
from gateway.mirror.nntp_client import Response
from gateway.nntp.commands import twin as command
from gateway.nntp.records import RecordWriter
from gateway.renderers import RENDERERS
from storage import replica as wire_form
from storage.check import check
from storage.errors import ArchiveDamaged, NoSuchMessage, SourceError
from storage.ingest import derive_again
from storage.model import Fidelity
from storage.replica import (
    Change,
    DayPlace,
    ListState,
    Mark,
    Record,
    Replica,
    Rooted,
    Tombstone,
)
from storage.sqlite.schema import FILE
from storage.threads import Evidence, Node
from tests.days import calendar
from tests.mail import NOW, MemoryEngine, SqliteEngine, done, fill, gathered, mail
from tests.nntp.world import build
from tests.twins.compare import alike
from tests.twins.history import ALPHA, LISTS, begun
from tests.twins.records import RECORDS
from tests.twins.wire import Wire, pull, pulled

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence
    from pathlib import Path

    from gateway.mirror.nntp_client import Request
    from gateway.mirror.url import PeerUrl
    from storage.archive import Archive

NAMES: Final = "lists.alpha", "lists.beta"


def grown(engine: MemoryEngine, *names: str) -> Archive:
    fill(engine.writer(), "l", map(mail, names))
    return engine.archive()


def test_what_is_pulled_is_asked_for_once() -> None:
    engine, twin = MemoryEngine(), MemoryEngine()
    origin = grown(engine, *map(str, range(600)))
    wires: list[Wire] = []
    first = pull(twin.writer(), "l", origin, notice=wires.append)
    again = pull(twin.writer(), "l", origin, notice=wires.append)
    assert first is not None
    assert again is not None
    assert (first.read, first.added, first.octets) == (
        600,
        600,
        sum(len(mail(str(n))) for n in range(600)),
    )
    assert (again.read, again.added, again.octets) == (0, 0, 0)
    assert [wire.asked for wire in wires] == [
        [
            b"XTWIN l",
            b"XTWIN l MESSAGES 1 256",
            b"XTWIN l MESSAGES 257 512",
            b"XTWIN l MESSAGES 513 600",
            b"XTWIN l NODES 600 -1 999999999999999999 600",
        ],
        [b"XTWIN l"],
    ]


def test_only_what_changed_is_asked_for() -> None:
    engine, twin = MemoryEngine(), MemoryEngine()
    origin = grown(engine, *map(str, range(20)))
    pull(twin.writer(), "l", origin)
    with engine.writer().batch() as batch:
        batch.remove("l", 3)
        derive_again(batch, "l", batch.entry("l", 7), RENDERERS)
    fill(engine.writer(), "l", [mail("new")], now=NOW + 1)
    wires: list[Wire] = []
    summary = pull(twin.writer(), "l", origin, notice=wires.append)
    assert summary is not None
    assert (summary.added, summary.withdrawn, summary.improved) == (1, 1, 0)
    assert wires[0].asked == [
        b"XTWIN l",
        b"XTWIN l MESSAGES 21 21",
        b"XTWIN l CHANGES 23 20 2147483647 20",
        b"XTWIN l NODES 23 20 999999999999999999 20",
    ]
    alike(origin, twin.archive())


def test_progress_is_told_by_batch(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pulling, "BATCH_MESSAGES", 10)
    told: list[tuple[int, int]] = []
    origin = grown(MemoryEngine(), *map(str, range(25)))
    pull(
        MemoryEngine().writer(),
        "l",
        origin,
        progress=lambda octets, summary: told.append((octets, summary.added)),
    )
    assert [added for _, added in told] == [10, 20, 25, 25]
    assert all(octets > 100 for octets, _ in told)


def test_answers_that_end_early_are_asked_on(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(command, "MOST_OCTETS", 500)
    monkeypatch.setattr(command, "MOST_RECORDS", 7)
    monkeypatch.setattr(command, "_AT_ONCE", 3)
    monkeypatch.setattr(pulling, "BATCH_MESSAGES", 3)
    engine, twin = MemoryEngine(), MemoryEngine()
    history = begun(engine, 120)
    for name in LISTS:
        history.add(name, 30)
    history.remove(ALPHA, 0.2)
    for name in LISTS:
        pull(twin.writer(), name, history.archive())
    history.improve(ALPHA, 1.0)
    history.remove(ALPHA, 0.3)
    history.add(ALPHA, 20)
    for name in LISTS:
        pull(twin.writer(), name, history.archive())
    alike(history.archive(), twin.archive())


def test_readers_see_the_list_as_it_was_until_all_is_there() -> None:
    engine, twin = MemoryEngine(), MemoryEngine()
    history = begun(engine, 120)
    history.add(ALPHA, 30, share_poor=0.0)
    pull(twin.writer(), ALPHA, history.archive())
    archive = twin.archive()
    before = archive.mailing_list(ALPHA)
    links = gathered(archive.links(ALPHA))
    history.remove(ALPHA, 0.3)
    history.add(ALPHA, 30, share_poor=0.0)
    for cut in range(3):
        with pytest.raises(ConnectionError):
            pull(twin.writer(), ALPHA, history.archive(), cut=cut)
        archive.refresh()
        assert archive.mailing_list(ALPHA) == before
    assert len(gathered(archive.links(ALPHA))) == len(links)
    pull(twin.writer(), ALPHA, history.archive())
    alike(history.archive(), twin.archive())


def test_a_twin_has_twins() -> None:
    engine, middle, last = MemoryEngine(), MemoryEngine(), MemoryEngine()
    history = begun(engine, 300)
    for step in range(3):
        for name in LISTS:
            history.add(name, 20)
        history.remove(ALPHA, 0.2)
        history.improve(ALPHA, 0.5)
        for name in LISTS:
            pull(middle.writer(), name, history.archive())
            if step != 1:
                with suppress(ConnectionError):
                    pull(middle.writer(), name, history.archive(), cut=1)
            pull(last.writer(), name, middle.archive())
    alike(history.archive(), last.archive())


def test_either_of_two_origins_will_do() -> None:
    engine, middle, twin = MemoryEngine(), MemoryEngine(), MemoryEngine()
    origin = grown(engine, "1")
    pull(middle.writer(), "l", origin)
    fill(engine.writer(), "l", [mail("2")], now=NOW + 1)
    pull(twin.writer(), "l", origin)
    behind = pull(twin.writer(), "l", middle.archive(), host="other.example")
    assert behind is not None
    assert behind.read == 0
    pull(middle.writer(), "l", origin)
    fill(engine.writer(), "l", [mail("3")], now=NOW + 2)
    pull(middle.writer(), "l", origin)
    pull(twin.writer(), "l", middle.archive(), host="other.example")
    assert twin.archive().mailing_list("l").origin == "nntp://other.example/l"
    alike(origin, twin.archive())


def test_two_pulls_at_once_do_not_harm_each_other() -> None:
    engine, twin = MemoryEngine(), MemoryEngine()
    origin = grown(engine, "1", "2")

    class Overtaken(Wire):
        """While it is asked for something, another pull does all of it."""

        def run(self, requests: Iterable[bytes | Request], window: int) -> Iterator[Response]:
            for request in requests:
                command = request if isinstance(request, bytes) else request.command
                if when in command and twin.writer().has("l"):
                    fill(engine.writer(), "l", [mail(when.decode())], now=NOW + len(when))
                    pull(twin.writer(), "l", origin)
                yield from super().run([request], window)

    for when in (b"MESSAGES", b"NODES"):
        fill(engine.writer(), "l", [mail(f"before {when.decode()}")], now=NOW + 1 + len(when) * 9)
        origin.refresh()
        with pytest.raises(SourceError, match=r"l was pulled from elsewhere .* nothing is lost"):
            pulled(twin.writer(), "l", lambda url: Overtaken(url, origin))
        alike(origin, twin.archive())


def test_lists_that_may_not_be_read_are_not_there() -> None:
    origin = build(MemoryEngine())
    with pytest.raises(
        SourceError, match=r"^nntp://origin.example/lists.secret: it has no such list"
    ):
        pull(
            MemoryEngine().writer(), "lists.secret", origin, policy=Policy({"lists.secret": ["x"]})
        )
    with pytest.raises(SourceError, match=r"it wants a login: put user:password@"):
        pull(MemoryEngine().writer(), "l", origin, policy=Policy(login_needed=True))


def test_a_list_with_mail_of_its_own_is_left_to_others() -> None:
    twin = MemoryEngine()
    grown(twin, "own")
    assert pull(twin.writer(), "l", grown(MemoryEngine(), "1")) is None
    assert twin.archive().mailing_list("l").count == 1


class Other(Wire):
    """A news server that is no listgate, or another one."""

    def __init__(self, url: PeerUrl, archive: Archive, label: tuple[bytes, ...] | None) -> None:
        super().__init__(url, archive)
        del self.capabilities[b"XTWIN"]
        if label is not None:
            self.capabilities[b"XTWIN"] = label


def test_a_server_that_is_no_listgate() -> None:
    twin, origin = MemoryEngine(), grown(MemoryEngine(), "1")
    assert pulled(twin.writer(), "l", lambda url: Other(url, origin, None)) is None
    assert not twin.writer().has("l")
    pull(twin.writer(), "l", origin)
    with pytest.raises(SourceError, match=r"no listgate any more.*listgate mirror remove l nntp:"):
        pulled(twin.writer(), "l", lambda url: Other(url, origin, None))
    with pytest.raises(SourceError, match="a listgate of another version"):
        pulled(twin.writer(), "l", lambda url: Other(url, origin, (b"3", b"4")))


PLACED_OCTETS: Final = 16


def speak_first_format(monkeypatch: pytest.MonkeyPatch) -> None:
    """Have origins tell neither days nor places."""
    for record in (Replica, Tombstone):
        kind, write = wire_form._WRITERS[record]
        monkeypatch.setitem(wire_form._WRITERS, record, (kind, partial(_without_place, write)))


def _without_place(write: Callable[[Record], bytes], record: Record) -> bytes:
    return write(record)[:-PLACED_OCTETS]


def test_an_origin_of_the_first_format_is_followed_still(monkeypatch: pytest.MonkeyPatch) -> None:
    """The twin gives places by itself, and takes over its origin's when that tells them."""
    engine, twin = MemoryEngine(), MemoryEngine()
    origin = grown(engine, *"abcdef")
    for number in (2, 5):
        with engine.writer().batch() as batch:
            batch.remove("l", number)
    origin.refresh()
    with monkeypatch.context() as earlier:
        speak_first_format(earlier)
        for more in ("g", "h"):
            pulled(twin.writer(), "l", lambda url: Other(url, origin, (b"1",)))
            day = done(origin.entry("l", 1)).day
            archive = twin.archive()
            numbers = [1, 3, 4, *range(6, archive.mailing_list("l").high + 1)]
            assert done(archive.on_day("l", day)) == [*enumerate(numbers, 1)]
            assert len(done(calendar(archive, "l"))) == len(numbers)
            fill(engine.writer(), "l", [mail(more)], now=NOW + 1 + len(numbers))
            origin.refresh()
    wires: list[Wire] = []
    for _ in range(2):
        pull(twin.writer(), "l", origin, notice=wires.append)
        alike(origin, twin.archive())
    assert b"XTWIN l PLACES 1" in wires[0].asked
    assert wires[1].asked == [b"XTWIN l"]
    assert gathered(check(twin.archive(), twin.writer(), RENDERERS, repair=False)) == []


def test_places_are_brought_to_the_origins_where_nothing_else_is_new(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(command, "MOST_RECORDS", 3)
    monkeypatch.setattr(command, "_AT_ONCE", 2)
    engine = MemoryEngine()
    with closing(SqliteEngine(tmp_path)) as twin:
        origin = grown(engine, *"abcdefgh")
        with engine.writer().batch() as batch:
            batch.remove("l", 2)
        origin.refresh()
        with monkeypatch.context() as earlier:
            speak_first_format(earlier)
            pulled(twin.writer(), "l", lambda url: Other(url, origin, (b"1",)))
        wires: list[Wire] = []
        pull(twin.writer(), "l", origin, notice=wires.append)
        alike(origin, twin.archive())
        asked = [each for each in wires[0].asked if b"PLACES" in each]
        assert asked == [b"XTWIN l PLACES %d" % first for first in (1, 5)]
        assert gathered(check(twin.archive(), twin.writer(), RENDERERS, repair=False)) == []
        fill(engine.writer(), "l", [mail("new")], now=NOW + 1)
        pull(twin.writer(), "l", origin)
        alike(origin, twin.archive())


def test_an_origin_with_other_numbers() -> None:
    twin = MemoryEngine()
    pull(twin.writer(), "l", grown(MemoryEngine(), "1", "2"))
    other = MemoryEngine()
    fill(other.writer(), "l", [mail("2")], now=1_800_000_000)
    with pytest.raises(SourceError, match=r"UIDVALIDITY 1800000000, not 1700000000.*another name"):
        pull(twin.writer(), "l", other.archive())
    with pytest.raises(SourceError, match="less than its twin, as if restored from a backup"):
        pull(twin.writer(), "l", grown(MemoryEngine(), "1"))
    assert twin.archive().mailing_list("l").count == 2


# An origin that says what it likes

STATE: Final = ListState("l", "", "", 5, 6, 2, 9)
NODES: Final = [Node(b"<%d@x.example>" % n, n, n) for n in (1, 2)]
MESSAGES: Final = [
    Replica(n, n, 7, n, n, Fidelity.FULL, mail(str(n)), None, Rooted(node, n))
    for n, node in enumerate(NODES, 1)
]


class Liar(Wire):
    """Answers each kind of question with these records."""

    def __init__(self, url: PeerUrl, says: Callable[[bytes], Sequence[Record] | Response]) -> None:
        super().__init__(url, MemoryEngine().archive())
        self._says = says

    def run(self, requests: Iterable[bytes | Request], window: int) -> Iterator[Response]:
        for request in requests:
            if isinstance(request, bytes):
                yield from super().run([request], window)
                continue
            said = self._says(request.command)
            if isinstance(said, Response):
                yield said
                continue
            writer = RecordWriter()
            lines = [line for record in said for line in writer.write(record)]
            body = b"".join([*lines, writer.end()])
            undotted = body.replace(b"\r\n.", b"\r\n")
            yield Response(280, b"", undotted.removeprefix(b"."))


def honest(question: bytes) -> Sequence[Record]:
    """Say what an origin with two messages says."""
    if b"MESSAGES" in question:
        first, last = map(int, question.split()[-2:])
        return [STATE, *MESSAGES[first - 1 : last], Mark(0, last + 1)]
    if b"NODES" in question:
        return [STATE, *(Rooted(node, 1) for node in NODES), Mark(11, 0)]
    if b"CHANGES" in question:
        return [STATE, Mark(11, 0)]
    return [STATE, Mark(0, 0)]


def test_the_liar_can_be_honest() -> None:
    twin = MemoryEngine()
    summary = pulled(twin.writer(), "l", lambda url: Liar(url, honest))
    assert summary is not None
    assert summary.added == 2


@pytest.mark.parametrize(
    ("where", "said", "why"),
    [
        (b"", [], "an answer without an end"),
        (b"", [STATE], "an answer without an end"),
        (b"", [Mark(0, 0), Mark(0, 0)], "an answer without a beginning"),
        (b"", [STATE, STATE], "an answer without an end"),
        (b"", Response(280, b"", b"nothing\r\n"), "damaged"),
        (b"", Response(280, b"", too_large=True), "a message is too large"),
        (b"", Response(280, b""), "it refuses: 280"),
        (b"", Response(403, b"not \x07now"), "it refuses: 403 not  now"),
        (b"MESSAGES", [STATE, Mark(0, 3)], "an answer that leads nowhere"),
        (b"MESSAGES", [STATE, MESSAGES[1], Mark(0, 3)], "not number 1"),
        (b"MESSAGES", [STATE, *MESSAGES, MESSAGES[1], Mark(0, 3)], "not number 3"),
        (b"MESSAGES", [STATE, Mark(0, 1), Mark(0, 1)], "not number 1"),
        (b"MESSAGES", [replace(STATE, validity=8), *MESSAGES, Mark(0, 1)], "another list"),
        (b"NODES", [STATE, MESSAGES[0], Mark(10, 0)], "not a node"),
        (b"NODES", [STATE, Mark(0, 0)], None),
    ],
)
def test_an_origin_that_says_what_is_no_list(
    where: bytes, said: Sequence[Record] | Response, why: str | None
) -> None:
    twin = MemoryEngine()

    def say(question: bytes) -> Sequence[Record] | Response:
        is_asked = where in question if where else b" " not in question.removeprefix(b"XTWIN ")
        if is_asked and not (why is None and b" 0 0 " in question):
            return said
        return honest(question)

    if why is None:  # more is to come, and comes
        assert pulled(twin.writer(), "l", lambda url: Liar(url, say)) is not None
        return
    with pytest.raises(SourceError, match=f"^nntp://origin.example/l: .*{why}"):
        pulled(twin.writer(), "l", lambda url: Liar(url, say))
    assert not twin.writer().has("l") or twin.archive().mailing_list("l").high == 0


PLACES: Final = [DayPlace(1, 3, 4), DayPlace(2, 3, 9)]


@pytest.mark.parametrize(
    ("said", "why"),
    [
        ([], "an answer without an end"),
        ([Mark(0, 1)], "leads nowhere"),
        ([PLACES[0], Mark(0, 1)], "leads nowhere"),
        ([*PLACES, PLACES[1], Mark(0, 3)], "not the place of 3 or a later one"),
        ([*PLACES, Mark(0, 2)], "not the place of 2 or a later one"),
        ([Mark(0, 2), Mark(0, 3)], "leads nowhere"),
        ([Mark(0, 3)], None),
        ([*PLACES, Mark(0, 3)], None),
        ([*PLACES, DayPlace(7, 1, 1), Mark(0, 9)], None),
    ],
)
def test_an_origin_that_says_what_is_no_place(said: Sequence[Record], why: str | None) -> None:
    twin = MemoryEngine()

    def connect(url: PeerUrl, *label: bytes) -> Wire:
        wire = Liar(url, lambda ask: [STATE, *said] if b"PLACES" in ask else honest(ask))
        wire.capabilities[b"XTWIN"] = label
        return wire

    pulled(twin.writer(), "l", lambda url: connect(url, b"1"))
    if why is not None:
        with pytest.raises(SourceError, match=why):
            pulled(twin.writer(), "l", lambda url: connect(url, b"2"))
        return
    pulled(twin.writer(), "l", lambda url: connect(url, b"2"))
    places = [4, 9] if len(said) > 1 else [1, 2]
    assert [done(twin.archive().entry("l", number)).place for number in (1, 2)] == places


@pytest.mark.parametrize(
    ("said", "why"),
    [
        ([STATE, *(Rooted(node, 1) for node in NODES), Mark(10, 0)], "not a change that was asked"),
        ([STATE, Mark(9, 0)], "leads nowhere"),
        ([STATE, Change(1, 10, b"d" * 16, Fidelity.FULL), Mark(11, 0)], None),
        ([STATE, Change(99, 10, b"d" * 16, Fidelity.FULL), Mark(11, 0)], "was asked for"),
        ([STATE, Tombstone(99, 10, None, b""), Mark(11, 0)], "not a change that was asked"),
    ],
)
def test_an_origin_that_says_what_is_no_change(said: Sequence[Record], why: str | None) -> None:
    twin = MemoryEngine()
    pulled(twin.writer(), "l", lambda url: Liar(url, honest))
    before = twin.archive().mailing_list("l")

    def later(question: bytes) -> Sequence[Record]:
        _, *rest = said if b"CHANGES" in question else honest(question)
        return [replace(STATE, revision=10), *rest]

    if why is None:
        pulled(twin.writer(), "l", lambda url: Liar(url, later))
        return
    with pytest.raises(SourceError, match=why):
        pulled(twin.writer(), "l", lambda url: Liar(url, later))
    assert twin.archive().mailing_list("l") == before


@pytest.mark.parametrize(
    ("said", "why"),
    [
        ([STATE, Mark(0, 2)], "leads nowhere"),
        ([STATE, MESSAGES[0], MESSAGES[1], Mark(0, 2)], "leads nowhere"),
        ([STATE, MESSAGES[1], Mark(0, 2)], "not number 1"),
        ([STATE, STATE, Mark(0, 2)], "not number 1"),
        ([STATE, Tombstone(1, 11, None, b""), Mark(0, 2)], None),
    ],
)
def test_an_origin_whose_better_copy_is_none(said: Sequence[Record], why: str | None) -> None:
    twin = MemoryEngine()
    pulled(twin.writer(), "l", lambda url: Liar(url, honest))

    def later(question: bytes) -> Sequence[Record]:
        rest = honest(question)[1:]
        if b"CHANGES" in question:
            rest = [Change(1, 10, b"d" * 16, Fidelity.FULL), Mark(11, 0)]
        elif b"MESSAGES 1 1" in question:
            rest = said[1:]
        return [replace(STATE, revision=10), *rest]

    if why is None:  # removed since: of a revision that the next run is told of
        pulled(twin.writer(), "l", lambda url: Liar(url, later))
        assert twin.archive().mailing_list("l").count == 2
        return
    with pytest.raises(SourceError, match=why):
        pulled(twin.writer(), "l", lambda url: Liar(url, later))
    assert twin.archive().mailing_list("l").revision == 9


def test_changes_without_end_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pulling, "MAX_SPOOL", 100)
    with pytest.raises(SourceError, match="more than 100 octets of changes"):
        pulled(MemoryEngine().writer(), "l", lambda url: Liar(url, honest))


@settings(max_examples=300, deadline=None)
@given(st.lists(st.lists(RECORDS, max_size=4), min_size=1, max_size=8), st.booleans())
def test_no_origin_makes_more_than_a_refusal(answers: list[list[Record]], ends: bool) -> None:
    engine = MemoryEngine()
    pulled(engine.writer(), "l", lambda url: Liar(url, honest))
    left = iter(answers)

    def say(question: bytes) -> Sequence[Record]:
        said = next(left, None)
        if said is None:
            return honest(question)
        first, *_, last = honest(question)
        return [replace(STATE, revision=10), *said, last] if ends else [first, *said]

    with suppress(SourceError):
        pulled(engine.writer(), "l", lambda url: Liar(url, say))
    archive = engine.archive()
    record = archive.mailing_list("l")
    for run in record.present(1, record.high):
        for number in run:
            done(archive.served("l", number))
            with suppress(NoSuchMessage):
                done(archive.thread("l", number))


@pytest.mark.parametrize("kind", ["memory", "sqlite"])
def test_a_loop_of_nodes_is_damage(kind: str, tmp_path: Path) -> None:
    one, two = (
        Rooted(replace(node, parent=other.message_id, evidence=Evidence.REFERENCES), 1)
        for node, other in zip(NODES, NODES[::-1], strict=True)
    )

    def say(question: bytes) -> Sequence[Record]:
        return [STATE, one, two, Mark(11, 0)] if b"NODES" in question else honest(question)

    engine = MemoryEngine() if kind == "memory" else SqliteEngine(tmp_path / "twin")
    pulled(engine.writer(), "l", lambda url: Liar(url, say))
    archive = engine.archive()
    for number in (1, 2):
        with pytest.raises(ArchiveDamaged, match="has no beginning; run 'listgate check --repair'"):
            done(archive.thread("l", number))
    if isinstance(engine, SqliteEngine):
        engine.close()


def test_a_damaged_message_leaves_a_hole(tmp_path: Path) -> None:
    import sqlite3  # noqa: PLC0415

    engine, twin = SqliteEngine(tmp_path / "origin"), MemoryEngine()
    fill(engine.writer(), "l", [mail("1"), mail("2", body="x" * 70_000), mail("3")])
    with sqlite3.connect(tmp_path / "origin" / FILE) as connection:
        connection.execute(
            "UPDATE block SET data = x'00' WHERE id = (SELECT block FROM message WHERE number = 2)"
        )
        connection.execute("DELETE FROM message WHERE number = 3")
    pull(twin.writer(), "l", engine.archive())
    record = twin.archive().mailing_list("l")
    assert (record.high, next(iter(record.present(1, 3)))) == (3, range(1, 2))
    assert 3 in record.holes
    engine.close()


def test_check_finds_nothing_wrong_with_a_twin(tmp_path: Path) -> None:
    origin, twin = SqliteEngine(tmp_path / "origin"), SqliteEngine(tmp_path / "twin")
    history = begun(origin, 200)
    for name in LISTS:
        history.add(name, 60)
        history.remove(name, 0.1)
    history.improve(ALPHA, 0.5)
    with suppress(ConnectionError):
        pull(twin.writer(), ALPHA, history.archive(), cut=1)
    for _ in range(2):
        found = gathered(check(twin.archive(), twin.writer(), RENDERERS, repair=False))
        assert found == []
        for name in LISTS:
            pull(twin.writer(), name, history.archive())
    repaired = gathered(check(twin.archive(), twin.writer(), RENDERERS, repair=True))
    assert repaired == []
    history.rerender()
    for name in LISTS:
        pull(twin.writer(), name, history.archive())
    alike(history.archive(), twin.archive())
    origin.close()
    twin.close()
