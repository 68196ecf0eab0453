from __future__ import annotations

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.imap.patterns import PATTERN_OCTETS, Pattern

NAMES = st.text("ab.", max_size=8).map(str.encode)
PATTERNS = st.text("ab.%*", max_size=8).map(str.encode)


def expected(pattern: bytes, name: bytes) -> bool:
    """Match by the definition: the places in the name that each octet of the pattern can lead to."""
    ends = {0}
    for octet in pattern:
        if octet in b"*%":
            barrier = b"." if octet == ord("%") else b""
            ends = {
                end
                for start in ends
                for end in range(start, len(name) + 1)
                if not barrier or barrier not in name[start:end]
            }
        else:
            ends = {end + 1 for end in ends if name[end : end + 1] == bytes([octet])}
    return len(name) in ends


@pytest.mark.parametrize(
    ("reference", "pattern", "names", "others"),
    [
        (b"", b"*", b"a a.b a.b.c INBOX", b""),
        (b"", b"%", b"a INBOX", b"a.b a.b.c"),
        (b"", b"a.%", b"a.b a.", b"a a.b.c b.a"),
        (b"", b"a.*", b"a.b a.b.c", b"a ab"),
        (b"", b"a%", b"a ab", b"a.b"),
        (b"", b"a.b", b"a.b", b"a a.b.c A.b"),
        (b"", b"%.b", b"a.b .b", b"b a.a.b"),
        (b"", b"%.%", b"a.b", b"a a.b.c"),
        (b"", b"*b.%", b"b.c a.b.c ab.c", b"b b.c.d"),
        (b"", b"*%", b"a a.b", b""),
        (b"", b"%*", b"a a.b", b""),
        (b"", b"*.b.*", b"a.b.c a.b.b.c", b"b.c a.b"),
        (b"", b"%a%", b"a bab", b"b a.b b.a"),
        (b"", b"aa%aa", b"aaaa aabaa", b"aaa aa.aa"),
        (b"", b"aa*a*aa", b"aaaaa", b"aaaa"),
        (b"a.", b"%", b"a.b", b"a b.c a.b.c"),  # RFC 9051 s. 6.3.9, table 1
        (b"a.", b"b.*", b"a.b.c", b"b.c a.b"),  # likewise
        (b"a%", b"b", b"a%b", b"ab axb"),  # no wildcard in a reference
        (b"", b"", b"", b"a"),
        (b"", b"inbox", b"INBOX Inbox", b"INBOX.a"),
        (b"in", b"b%", b"INBOX", b"inO"),
        (b"", b"iNb*", b"INBOX inbox", b"INBOX.a"),
        (b"", b"*BoX", b"INBOX", b"aBox"),
        (b"", b"inbox.%", b"inbox.a", b"INBOX"),
    ],
)
def test_patterns(reference: bytes, pattern: bytes, names: bytes, others: bytes) -> None:
    made = Pattern(reference, pattern)
    assert [name for name in (names + b" " + others).split() if made.matches(name)] == names.split()


@given(PATTERNS, NAMES)
def test_matching_follows_the_definition(pattern: bytes, name: bytes) -> None:
    assert Pattern(b"", pattern).matches(name) == expected(pattern, name)


@given(PATTERNS, PATTERNS, NAMES)
def test_a_reference_stands_in_front(reference: bytes, pattern: bytes, name: bytes) -> None:
    bare = reference.translate(None, b"*%")
    assert Pattern(bare, pattern).matches(name) == expected(bare + pattern, name)


@given(PATTERNS, NAMES, NAMES)
def test_what_matches_below_is_never_pruned(pattern: bytes, name: bytes, rest: bytes) -> None:
    made = Pattern(b"", pattern)
    if rest and made.matches(name + b"." + rest):
        assert made.matches_prefix(name)


@given(PATTERNS, NAMES)
def test_what_is_not_pruned_has_something_below(pattern: bytes, name: bytes) -> None:
    if Pattern(b"", pattern).matches_prefix(name):
        fillings = [pattern.translate(None, b"*%")[start:] for start in range(len(pattern) + 1)]
        below = [name + b"." + rest for rest in [*fillings, b"a"] if rest]
        assert any(expected(pattern, whole) for whole in below)


@pytest.mark.parametrize(
    ("pattern", "names", "others"),
    [
        (b"a.b.%", b"a a.b", b"b a.c a.b.c ab"),
        (b"a.b", b"a", b"a.b b"),
        (b"%", b"", b"a a.b"),
        (b"*", b"a a.b", b""),
        (b"a.%.c", b"a a.b", b"b a.b.c"),
        (b"a.", b"", b"a"),
    ],
)
def test_pruning(pattern: bytes, names: bytes, others: bytes) -> None:
    made = Pattern(b"", pattern)
    some = (names + b" " + others).split()
    assert [name for name in some if made.matches_prefix(name)] == names.split()


@given(PATTERNS, NAMES)
def test_every_match_begins_with_the_literal(pattern: bytes, name: bytes) -> None:
    made = Pattern(b"", pattern)
    assert pattern.startswith(made.literal)
    assert not made.matches(name) or name.startswith(made.literal)


def test_levels_of_hierarchy_are_wanted_behind_a_percent_sign() -> None:
    assert Pattern(b"", b"a.%").ends_in_percent
    assert not Pattern(b"", b"%.a").ends_in_percent
    assert not Pattern(b"%", b"").ends_in_percent


def test_a_pattern_beyond_all_limits_matches_nothing() -> None:
    assert Pattern(b"", b"*" * PATTERN_OCTETS).matches(b"a")
    ignored = Pattern(b"", b"*" * (PATTERN_OCTETS + 1))
    assert not any(map(ignored.matches, [b"a", b"INBOX"]))
    assert not ignored.matches_prefix(b"a")


@pytest.mark.parametrize("piece", [b"%*", b"*a", b"a*%", b"*aa%a"])
def test_a_hostile_pattern_costs_no_more_than_its_octets(piece: bytes) -> None:
    made = Pattern(b"", piece * (PATTERN_OCTETS // len(piece)))
    name = b"a" * 5_000 + b"b" + b"a" * 5_000
    began = time.perf_counter()
    made.matches(name)
    made.matches_prefix(name)
    assert time.perf_counter() - began < 1  # it takes 10 ms; one that backtracks never ends
