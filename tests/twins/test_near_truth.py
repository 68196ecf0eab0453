"""Origins that say what is nearly a list: numbers, ids and nodes that belong to each other in the wrong way."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import replace
from typing import TYPE_CHECKING, Final

from hypothesis import given, settings
from hypothesis import strategies as st

from gateway.renderers import RENDERERS
from storage.check import check
from storage.errors import ArchiveDamaged, NoSuchMessage, SourceError
from storage.model import Fidelity
from storage.replica import Change, Mark, Record, Replica, Rooted, Tombstone
from storage.threads import Evidence, Node
from tests.mail import NOW, MemoryEngine, done, fill, gathered, mail
from tests.twins.test_replicate import STATE, Liar, honest
from tests.twins.wire import pulled

if TYPE_CHECKING:
    from collections.abc import Sequence

NUMBERS: Final = st.integers(1, 4)
REVISIONS: Final = st.integers(0, 12)
IDS: Final = st.sampled_from([b"<%d@x.example>" % n for n in range(1, 6)])
RAWS: Final = st.sampled_from([mail("1"), mail("2"), b"", b"x", b"\r\n", b"\n\n"])
OWN: Final = b"Message-ID: <1@x.example>\r\n"
HEADS: Final = st.sampled_from([None, b"", b"\r\n", OWN, b"A: b\r\n\r\n" + OWN])
NODES: Final = st.builds(
    Node,
    IDS,
    st.none() | NUMBERS,
    st.integers(0, 9),
    st.none() | IDS,
    st.sampled_from(Evidence),
    st.integers(0, 3),
    st.booleans(),
    st.just(b"threadid"),
)
ROOTED: Final = st.builds(Rooted, NODES, REVISIONS)
STONES: Final = st.builds(
    Tombstone, NUMBERS, REVISIONS, st.none() | IDS, st.just(b"d" * 16), st.booleans()
)
CHANGES: Final = st.builds(
    Change, st.integers(1, 2), REVISIONS, st.just(b"e" * 16), st.sampled_from(Fidelity)
)


@st.composite
def _replicas(draw: st.DrawFn) -> Replica:
    rooted = draw(ROOTED.filter(lambda each: each.node.number is not None))
    number = rooted.node.number
    assert number is not None
    sent = draw(st.none() | st.just(5))
    fidelity = draw(st.sampled_from(Fidelity))
    return Replica(number, draw(REVISIONS), 7, sent, 5, fidelity, draw(RAWS), draw(HEADS), rooted)


@settings(max_examples=150, deadline=None)
@given(
    st.lists(_replicas() | STONES, max_size=4),
    st.lists(CHANGES | STONES.filter(lambda each: each.number < 3), max_size=3),
    st.lists(ROOTED, max_size=3),
    st.integers(2, 4),
)
def test_a_twin_stays_sound(
    messages: list[Replica | Tombstone],
    changes: list[Change | Tombstone],
    nodes: list[Rooted],
    high: int,
) -> None:
    engine = MemoryEngine()
    pulled(engine.writer(), "l", lambda url: Liar(url, honest))
    state = replace(STATE, revision=10, high=high)
    by_number = {each.number: each for each in messages}

    def say(question: bytes) -> Sequence[Record]:
        if b"MESSAGES" in question:
            first, last = map(int, question.split()[-2:])
            numbers = range(first, last + 1)
            said = [by_number.get(n) or Tombstone(n, 0, None, b"") for n in numbers]
            return [state, *said, Mark(0, last + 1)]
        if b"CHANGES" in question:
            return [state, *changes, Mark(11, 0)]
        return [state, *(nodes if b"NODES" in question else ()), Mark(11, 0)]

    with suppress(SourceError):
        pulled(engine.writer(), "l", lambda url: Liar(url, say))
    archive = engine.archive()
    record = archive.mailing_list("l")
    for run in record.present(1, record.high):
        for number in run:
            with suppress(NoSuchMessage, ArchiveDamaged):  # it gave way to another a moment ago
                assert done(archive.served("l", number)).octets
                done(archive.thread("l", number))
    faults = gathered(check(archive, engine.writer(), RENDERERS, repair=False))
    assert not [each for each in faults if "thread" not in each.what]  # type: ignore[attr-defined]
    with engine.writer().batch() as batch:
        batch.release("l")
    mails = [mail("1"), mail("3"), mail("9", answers="1")]
    summary = fill(engine.writer(), "l", mails, now=NOW + 5)
    assert summary.read == 3
