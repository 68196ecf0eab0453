"""Trees of what may be looked for, in their normal form."""

from __future__ import annotations

from typing import Final

from hypothesis import strategies as st

from gateway.web.search.tree import (
    Dated,
    Feature,
    Has,
    Listed,
    Named,
    Sized,
    Term,
    Tree,
    Where,
    both,
    either,
    negated,
)

__all__ = ["LAST_DAY", "LEAVES", "TREES"]

FIRST_DAY: Final = -719_162  # 0001-01-01
LAST_DAY: Final = 2_932_896  # 9999-12-31

EDGES: Final = st.sampled_from("abcXYZ0189éßжİ内")
INNER: Final = st.text("ab01é.:-+/@_,;!?*'<>#内ß", max_size=6)
WORDS: Final = st.one_of(
    EDGES,
    st.builds("{}{}{}".format, EDGES, INNER, EDGES),
    st.sampled_from(["or", "and", "NOT", "from:x", "http://x", "a:b", "x86_64", "d:2024"]),
)
PHRASES: Final = st.one_of(
    WORDS,
    st.builds("{} {}".format, WORDS, WORDS),
    st.sampled_from(["(a)", "a | b", "-x", "*x", "c++"]),
)
TERMS: Final = st.one_of(
    st.builds(Term, WORDS, st.sampled_from(Where), st.just(False), st.booleans()),
    st.builds(Term, PHRASES, st.sampled_from(Where), st.just(True), st.booleans()),
)
DAYS: Final = st.integers(FIRST_DAY, LAST_DAY)
DATES: Final = st.one_of(
    st.builds(Dated, DAYS, st.none()),
    st.builds(Dated, st.none(), DAYS),
    st.tuples(DAYS, DAYS).map(lambda days: Dated(min(days), max(days) + 1)),
)
LEAVES: Final[st.SearchStrategy[Tree]] = st.one_of(
    TERMS,
    DATES,
    st.builds(Has, st.sampled_from(Feature)),
    st.builds(Sized, st.integers(0, 10**12 - 1), st.booleans()),
    st.builds(Listed, st.sampled_from(["lists.a", "a", "lists.*", "*", "x-y_z+1"])),
    st.builds(Named, st.sampled_from([b"<a@b>", b"<1(2)@x/y>", "<é@x>".encode(), b"<a|b\"c'@d>"])),
)
TREES: Final = st.recursive(
    LEAVES,
    lambda inner: st.one_of(
        st.builds(negated, inner),
        st.builds(both, st.lists(inner, min_size=1, max_size=3)),
        st.builds(either, st.lists(inner, min_size=1, max_size=3)),
    ),
    max_leaves=8,
)
