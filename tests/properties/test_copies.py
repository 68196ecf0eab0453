"""Whatever comes, in better copies too, is taken back or removed, and in whatever batches: all engines hold the same."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, TypeAlias, cast

from hypothesis import given, settings
from hypothesis import strategies as st

from gateway.renderers import RENDERERS
from storage.check import check
from storage.errors import NoSuchMessage
from storage.model import Fidelity, Rendition
from storage.query import Text
from storage.replica import Mark
from storage.search import search
from storage.sources.base import Incoming, Withdrawn
from tests.mail import NOW, Items, MemoryEngine, SqliteEngine, done, gathered, mail, take

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from storage.archive import Archive
    from storage.model import Entry, Link, Page
    from storage.replica import Replica, Tombstone
    from storage.threads import Node
    from storage.writer import ArchiveWriter

LISTS = ("a", "b")
EVER = 1 << 31
Given: TypeAlias = Incoming | Withdrawn
WORDS = {text: " ".join(f"{text}word{n}" for n in range(9)) for text in ("one", "other")}


@st.composite
def raws(draw: st.DrawFn) -> bytes:
    """Return one of few mails: two with each Message-ID, some of them copies of each other."""
    own, text = draw(st.sampled_from("12")), draw(st.sampled_from([*WORDS]))
    answers = draw(st.sampled_from([None, None, "1", "2"]))
    return mail(own, answers=answers, subject=text, body=f"{WORDS[text]}\n")


@st.composite
def items(draw: st.DrawFn) -> Given:
    raw = draw(raws())
    if draw(st.integers(0, 2)) == 0:
        return Withdrawn(raw, "here", b"1", 1)
    return Incoming(raw, None, "here", b"1", 1, draw(st.sampled_from(Fidelity)))


Step: TypeAlias = "tuple[str, list[Given] | int]"
"""To a list: what a source gives in one batch, or the number that an operator removes."""

STEPS = st.lists(
    st.tuples(
        st.sampled_from(LISTS),
        st.one_of(st.lists(items(), min_size=1, max_size=5), st.integers(1, 4)),
    ),
    max_size=8,
)


def go(writer: ArchiveWriter, step: Step, at: int) -> object:
    """Do one thing; return what came of it."""
    name, what = step
    if isinstance(what, int):
        try:
            with writer.batch(lambda: NOW) as batch:
                batch.remove(name, what)
        except NoSuchMessage:
            return None
        return what
    summary = take(writer, name, Items(what, f"source {at}"))
    summary.seconds = 0
    return summary


def told(archive: Archive, name: str) -> list[object]:
    """Return all that an archive tells of a list but for revisions, which engines count each in their own way."""
    record = archive.mailing_list(name)
    numbers = [number for run in record.present(1, EVER) for number in run]
    batches = cast("list[list[Entry]]", gathered(archive.entries(name, 1, EVER)))
    entries = [entry for batch in batches for entry in batch]
    assert [entry.number for entry in entries] == numbers
    assert sum(entry.size for entry in entries) == record.octets
    answers: list[object] = [record.low, record.high, record.octets, list(record.holes)]
    for entry in entries:
        served = done(archive.served(name, entry.number))
        answers += [
            (entry.message_id, entry.digest, entry.fidelity, entry.thread, entry.sent),
            (entry.arrived, entry.received, entry.size, entry.lines),
            done(archive.raw(name, entry.number)),
            (served.octets, served.dotted, list(served.elsewhere)),
            done(archive.thread(name, entry.number)),
            list(done(archive.find(entry.message_id))),
        ]
    replicas = cast("list[Replica | Tombstone]", gathered(archive.replicas(name, 1, EVER)))
    answers.append([repr(each).partition("revision=")[0] for each in replicas])
    answers.append(list(done(archive.removed(name, 0))))
    answers.append(list(done(archive.changed(name, 0))))
    for word in ("oneword1", "otherword8"):
        found = cast("list[list[int]]", gathered(search(archive, name, Text(word), 1, EVER)))
        answers.append([number for batch in found for number in batch])
    for kind in Rendition:
        for page in cast("list[Page]", gathered(archive.pages(kind, name, 1, EVER))):
            elsewhere = {number: list(places) for number, places in page.elsewhere.items()}
            answers.append((kind, list(page.numbers), list(page.rows), elsewhere))
    return [*answers, forest(archive, name)]


def forest(archive: Archive, name: str) -> dict[bytes, Node]:
    rooted = done(archive.rooted(name, Mark(-1, 0), EVER, EVER))
    batches = cast("list[list[Link]]", gathered(archive.links(name)))
    assert sum(map(len, batches)) == len(rooted)
    return {each.node.message_id: each.node for each in rooted}


@settings(max_examples=60, deadline=None)
@given(STEPS)
def test_every_engine_holds_the_same_and_nothing_is_wrong_with_it(steps: list[Step]) -> None:
    with TemporaryDirectory() as folder:
        memory, sqlite = MemoryEngine(), SqliteEngine(Path(folder))
        watching = sqlite.archive()  # one that has looked at everything before
        writer = sqlite.writer()
        for at, step in enumerate(steps):
            assert go(writer, step, at) == go(memory.writer(), step, at)
            watching.refresh()
            for record in watching.lists():
                expected = told(memory.archive(), record.name)
                assert told(watching, record.name) == expected
        for engine in (memory, sqlite):
            archive = engine.archive()
            assert gathered(check(archive, engine.writer(), RENDERERS, repair=False)) == []
        for record in watching.lists():
            assert told(sqlite.archive(), record.name) == told(watching, record.name)
        sqlite.close()


@settings(max_examples=200, deadline=None)
@given(STEPS)
def test_no_copy_is_there_twice_and_none_returns(steps: list[Step]) -> None:
    """Neither what is removed for good nor what was taken back comes again, whatever else has come meanwhile."""
    engine = MemoryEngine()
    gone: set[tuple[str, bytes]] = set()
    for at, step in enumerate(steps):
        before = {(name, raw) for name in LISTS for raw in held(engine.archive(), name)}
        go(engine.writer(), step, at)
        counts = {name: held(engine.archive(), name) for name in LISTS}
        now = {(name, raw) for name in LISTS for raw in counts[name]}
        assert all(count == 1 for name in LISTS for count in counts[name].values())
        assert not gone & now
        if isinstance(step[1], int):
            gone |= before - now
        gone |= {(step[0], raw) for raw in taken_out(step[1])} & (before - now)


@settings(max_examples=200, deadline=None)
@given(st.lists(items(), max_size=12).map(lambda each: list(possible(each))))
def test_a_history_that_is_read_again_costs_nothing(history: list[Given]) -> None:
    """As when a repository was rewritten, and all of it is read from its beginning.

    What may come is a second copy of a mail whose first one was taken back, that was not needed beside that.
    """
    engine = MemoryEngine()
    first, second, third = (reading(engine, history, at) for at in range(3))
    assert first <= second
    assert second == third


def possible(history: Sequence[Given]) -> Iterator[Given]:
    """Yield what a repository says: it has mails as they were sent, and takes back only what it gave.

    No two mails of it fight for an id.
    """
    gave: set[bytes] = set()
    for item in history:
        if (b"Message-ID: <1" in item.raw) is not (b"Subject: one" in item.raw):
            continue
        if isinstance(item, Incoming):
            gave.add(item.raw)
            item = replace(item, fidelity=Fidelity.FULL)  # noqa: PLW2901  as it is to be
        elif item.raw not in gave:
            continue
        yield item


def reading(engine: MemoryEngine, history: list[Given], at: int) -> Counter[bytes]:
    """Read a history from its beginning; return what is there then."""
    go(engine.writer(), ("a", history), at)
    return held(engine.archive(), "a")


def taken_out(what: list[Given] | int) -> list[bytes]:
    return [] if isinstance(what, int) else [x.raw for x in what if isinstance(x, Withdrawn)]


def held(archive: Archive, name: str) -> Counter[bytes]:
    if name not in {record.name for record in archive.lists()}:
        return Counter()
    record = archive.mailing_list(name)
    return Counter(done(archive.raw(name, n)) for run in record.present(1, EVER) for n in run)
