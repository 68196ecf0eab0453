"""Any record of a replica, for properties."""

from __future__ import annotations

from hypothesis import strategies as st

from storage.days import MAX_DAY
from storage.model import MAX_NUMBER, Fidelity
from storage.record_fields import MAX_REVISION
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
from storage.threads import Evidence, Node

NUMBERS = st.integers(1, MAX_NUMBER)
COUNTS = st.integers(0, MAX_REVISION)
DAYS = st.integers(0, MAX_DAY)
PLACES = st.integers(0, MAX_NUMBER)
TIMES = st.integers(-(2**63) + 1, 2**63 - 1)
OCTETS = st.binary(max_size=300)
TEXTS = st.text(st.characters(exclude_categories=["Cs"]), max_size=30)
IDS = st.from_regex(rb"<[a-z0-9.]{1,40}@[a-z0-9.]{1,40}>", fullmatch=True)
DIGESTS = st.binary(min_size=16, max_size=16)

STATES = st.builds(
    ListState,
    TEXTS,
    TEXTS,
    TEXTS,
    st.integers(1, 2**32 - 1),
    TIMES,
    st.integers(0, MAX_NUMBER),
    COUNTS,
)
NODES = st.builds(
    Node,
    IDS,
    st.none() | NUMBERS,
    TIMES,
    st.none() | IDS,
    st.sampled_from(Evidence),
    TIMES,
    st.booleans(),
    st.binary(min_size=8, max_size=8).filter(any),
)
ROOTED = st.builds(Rooted, NODES, COUNTS)
STONES = st.builds(
    Tombstone, NUMBERS, COUNTS, st.none() | IDS, DIGESTS | st.just(b""), st.booleans(), DAYS, PLACES
)
CHANGES = st.builds(Change, NUMBERS, COUNTS, DIGESTS, st.sampled_from(Fidelity))
MARKS = st.builds(Mark, COUNTS, COUNTS)


@st.composite
def _replicas(draw: st.DrawFn) -> Replica:
    rooted = draw(ROOTED.filter(lambda each: each.node.number is not None))
    number = rooted.node.number
    assert number is not None
    return Replica(
        number,
        draw(COUNTS),
        draw(TIMES),
        draw(st.none() | TIMES),
        draw(TIMES),
        draw(st.sampled_from(Fidelity)),
        draw(OCTETS),
        draw(st.none() | OCTETS),
        rooted,
        draw(DAYS),
        draw(PLACES),
    )


REPLICAS = _replicas()
RECORDS: st.SearchStrategy[Record] = st.one_of(
    STATES, REPLICAS, STONES, CHANGES, ROOTED, MARKS, st.builds(DayPlace, NUMBERS, DAYS, NUMBERS)
)
