from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.access import Policy, Reader
from gateway.imap import Session
from gateway.imap.mailboxes import Patterns, Tree, mailboxes, subscribed
from gateway.imap.patterns import Pattern
from storage.memory_marks import MemoryMarks
from tests.imap.lists import empty_lists
from tests.mail import MemoryEngine, fill, mail

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from gateway.imap.mailboxes import Batch
    from storage.archive import Archive

PARTS = st.sampled_from(["a", "b", "ab", "a-b", "a+", "inbox"])
NAMES = st.lists(PARTS, min_size=1, max_size=4).map(".".join).map(str.encode)
# Whatever is INBOX but for its case is no name of a tree.
TREES = st.sets(NAMES.filter(lambda name: name.upper() != b"INBOX") | st.just(b"INBOX"))
PATTERNS = st.lists(st.text("ab.%*INBOXinbox-", max_size=6).map(str.encode), min_size=1, max_size=3)


def levels(name: bytes) -> Iterator[bytes]:
    parts = name.split(b".")
    return (b".".join(parts[:count]) for count in range(1, len(parts)))


def told(batches: Iterable[Batch]) -> list[tuple[bytes, bool]]:
    return [each for batch in batches for each in batch]


def tree(names: Iterable[bytes]) -> Tree:
    return Tree(sorted(names))


@given(TREES, PATTERNS)
def test_finds_what_matches_and_the_levels_above(names: set[bytes], patterns: list[bytes]) -> None:
    each = [Pattern(b"", pattern) for pattern in patterns]
    matching = {name for name in names if any(pattern.matches(name) for pattern in each)}
    above = {
        level
        for name in names
        for level in levels(name)
        if any(pattern.ends_in_percent and pattern.matches(level) for pattern in each)
    }
    above = {level for level in above - names if level.upper() != b"INBOX"}
    chosen = Patterns(b"", patterns)
    found = told(tree(names).matching(chosen, with_levels=True))
    assert sorted(found) == sorted(
        [(name, True) for name in matching] + [(level, False) for level in above]
    )
    found = told(tree(names).matching(chosen, with_levels=False))
    assert sorted(found) == sorted((name, True) for name in matching)


@given(TREES, PATTERNS)
def test_finds_what_lies_above_a_name_that_does_not_match(
    names: set[bytes], patterns: list[bytes]
) -> None:
    chosen = Patterns(b"", patterns)
    matching = {name for name in names if chosen.match(name)}
    above = {level for name in names - matching for level in levels(name) if chosen.match(level)}
    above = {level for level in above - names if level.upper() != b"INBOX"}
    assert sorted(told(tree(names).matching_or_above(chosen))) == sorted(
        [(name, True) for name in matching] + [(level, False) for level in above]
    )


@given(TREES, TREES, NAMES)
def test_knows_its_names_and_what_lies_below(
    names: set[bytes], others: set[bytes], name: bytes
) -> None:
    both = tree(names)
    assert (name in both) == (name in names)
    assert both.has_below(name) == any(each.startswith(name + b".") for each in names)
    assert (both & tree(others)).names == sorted(names & others)


def test_jumps_over_what_cannot_match_and_looks_at_much_in_batches() -> None:
    names = [b"a.%05d" % number for number in range(3000)] + [b"b"]
    top = Patterns(b"", [b"%"])
    assert list(Tree(names).matching(top, with_levels=True)) == [[(b"a", False), (b"b", True)]]
    below = [*Tree(names).matching(Patterns(b"", [b"a.*9"]), with_levels=True)]
    assert len(below) > 10
    assert max(map(len, below)) < 100
    assert len(told(below)) == 300
    above = [*Tree(names).matching_or_above(top)]
    assert len(above) > 10
    assert told(above) == [(b"a", False), (b"b", True)]


def session(
    kept: Archive,
    user: str | None = None,
    policy: Policy | None = None,
    marks: MemoryMarks | None = None,
) -> Session:
    made = Session(kept, policy=policy, marks=marks)
    made.login(Reader(user))
    return made


def test_a_reader_sees_no_level_above_what_it_may_not_read() -> None:
    kept = empty_lists("open.one", "shut.one", "shut.two")
    policy = Policy({"shut.one": ["ann"], "shut.two": ["ann"]})
    stranger, ann = session(kept, policy=policy), session(kept, "ann", policy)
    assert mailboxes(stranger).names == [b"INBOX", b"open.one"]
    assert not mailboxes(stranger).has_below(b"shut")
    assert mailboxes(ann).names == [b"INBOX", b"open.one", b"shut.one", b"shut.two"]


@pytest.mark.parametrize(
    ("names", "seen"),
    [
        ([], [b"INBOX"]),
        (["inbox", "Inbox", "z"], [b"INBOX", b"z"]),
        (["INBOX", "aaaaa"], [b"INBOX", b"aaaaa"]),
        (["A", "INBOX.x"], [b"A", b"INBOX", b"INBOX.x"]),
    ],
)
def test_there_is_one_inbox_whatever_lists_are_called(names: list[str], seen: list[bytes]) -> None:
    assert mailboxes(session(empty_lists(*names))).names == seen


def test_a_tree_is_kept_for_all_who_read_the_same_until_the_lists_change() -> None:
    engine = MemoryEngine()
    fill(engine.writer(), "one", [mail("x")])
    kept = engine.archive()
    policy = Policy({"two": ["ann"]})
    tree = mailboxes(session(kept, policy=policy))
    assert mailboxes(session(kept, "bob", policy)) is tree
    assert mailboxes(session(kept, "ann", policy)) is not tree
    assert mailboxes(session(kept, policy=policy)) is tree
    fill(engine.writer(), "two", [mail("y")])
    kept.refresh()
    assert mailboxes(session(kept, "ann", policy)).names == [b"INBOX", b"one", b"two"]
    assert mailboxes(session(kept, policy=policy)).names == [b"INBOX", b"one"]


def test_not_too_many_trees_are_kept() -> None:
    kept = empty_lists("l0", *[f"l{number}" for number in range(1, 40)])
    policy = Policy({f"l{number}": [f"u{number}"] for number in range(40)})
    first = mailboxes(session(kept, "u0", policy))
    for number in range(1, 40):
        assert mailboxes(session(kept, f"u{number}", policy)).names == [
            b"INBOX",
            b"l%d" % number,
        ]
    assert mailboxes(session(kept, "u0", policy)) is not first


def test_everybody_is_subscribed_to_everything_but_a_user_who_chose() -> None:
    kept, marks = empty_lists("one", "two"), MemoryMarks()
    everything = [b"INBOX", b"one", b"two"]
    assert subscribed(session(kept)).names == everything
    assert subscribed(session(kept, marks=marks)).names == everything
    assert subscribed(session(kept, "ann")).names == everything
    assert subscribed(session(kept, "ann", marks=marks)).names == everything
    marks.subscribe("ann", "two", [])
    marks.subscribe("ann", "b\xe4r", [])
    assert subscribed(session(kept, "ann", marks=marks)).names == ["b\xe4r".encode(), b"two"]
    assert subscribed(session(kept, "bob", marks=marks)).names == everything
