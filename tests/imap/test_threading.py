"""The algorithms of THREAD against RFC 5256's words, its examples, and a slow reading of them."""

from __future__ import annotations

import re
from array import array
from random import Random
from typing import TYPE_CHECKING, Final, NamedTuple

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.imap import threading
from gateway.imap.forest import Forest
from gateway.imap.ordering import Column
from gateway.imap.threading import Searched, Threads
from storage.model import Link

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

ORDERED: Final = b"""(166)(167)(168)(169)(172)(170)(171)
    (173)(174 (175)(176)(178)(181)(180))(179)(177
    (183)(182)(188)(184)(185)(186)(187)(189))(190)
    (191)(192)(193)(194 195)(196 (197)(198))(199)
    (200 202)(201)(203)(204)(205)(206 207)(208)"""
REFERENCES: Final = b"""(166)(167)(168)(169)(172)((170)(179))
    (171)(173)((174)(175)(176)(178)(181)(180))
    ((177)(183)(182)(188 (184)(189))(185 186)(187))
    (190)(191)(192)(193)((194)(195 196))(197 198)
    (199)(200 202)(201)(203)(204)(205 206 207)(208)"""
"""RFC 5256 s. 3; the line breaks are for editorial clarity."""

Tree = list[tuple[int | None, "Tree"]]


class Key(NamedTuple):
    """What messages are threaded by, beside who answers whom."""

    sent: int
    subject: bytes | str
    is_reply: bool


def made(
    algorithm: Callable[[Threads, Forest], Iterator[bytes]],
    numbers: Iterable[int],
    keys: Mapping[int, Key],
    links: Iterable[Link],
    shown: Callable[[int], int],
) -> bytes:
    """Return the threads that an algorithm makes, as they are sent."""
    ordered = sorted(set(numbers))
    subjects: dict[bytes | str, int] = {"": 0, b"": 0}
    searched = Searched(array("I", ordered), Column(), array("i"), bytearray())
    if ordered:
        searched.sent.extend([keys[number].sent for number in ordered])
    for number in ordered:
        searched.subjects.append(subjects.setdefault(keys[number].subject, len(subjects)))
        searched.replies.append(keys[number].is_reply)
    forest = Forest()
    each = list(links)
    forest.add(each[: len(each) // 2])
    forest.add(each[len(each) // 2 :])
    assert not b"".join(forest.settle())
    threads = Threads(searched)
    assert not b"".join(algorithm(threads, forest))
    threads.forget()
    made = threads.rendered(lambda some: [shown(number) for number in some], by_uid=True)
    return b"".join(made)


def references(
    numbers: Iterable[int],
    keys: Mapping[int, Key],
    links: Iterable[Link],
    shown: Callable[[int], int] = int,
) -> bytes:
    return made(threading.references, numbers, keys, links, shown)


def refs(
    numbers: Iterable[int],
    sent: Mapping[int, int],
    links: Iterable[Link],
    shown: Callable[[int], int] = int,
) -> bytes:
    return made(threading.refs, numbers, keys_of(sent), links, shown)


def ordered_subject(
    numbers: Iterable[int], keys: Mapping[int, Key], shown: Callable[[int], int] = int
) -> bytes:
    return made(threading.ordered_subject, numbers, keys, (), shown)


def flat(text: bytes) -> bytes:
    """Return an example without its editorial line breaks."""
    return re.sub(rb"\s*\n\s*", b" ", re.sub(rb"\)\s*\n\s*", b")", text))


def parsed(text: bytes) -> dict[int, int]:
    """Return what each number of a response hangs under: a number, ``-place`` of what has none, or 0 for a root.

    It is checked against the grammar on the way (RFC 5256 s. 5, thread-list).
    """
    above: dict[int, int] = {}
    stack: list[int] = []  # what the threads that are open hang under
    parent, before, ghosts = 0, b"", 0
    children: dict[int, int] = {}
    pieces = re.findall(rb"[()]|[0-9]+| ", text)
    assert b"".join(pieces) == text
    for at, piece in enumerate(pieces):
        after = pieces[at + 1] if at + 1 < len(pieces) else b""
        if piece == b"(":
            assert before in {b"", b"(", b")", b" "}
            stack.append(parent)
            if after == b"(":
                assert not parent, "only a root is without a number"
                ghosts -= 1
                parent = ghosts
        elif piece == b")":
            assert before not in {b"(", b" "}
            parent = stack.pop()
        elif piece == b" ":
            assert before.isdigit()
            assert after == b"(" or after.isdigit()
        else:
            assert before in {b"(", b" "}
            number = int(piece)
            assert number not in above
            above[number] = parent
            nests = before == b"("
            children[parent] = children.get(parent, 0) + nests
            parent = number
        before = piece
    assert not stack
    nested = {parent: count for parent, count in children.items() if parent and count}
    assert all(count >= 2 for count in nested.values()), "what nests is two at least"
    return above


def links_of(above: Mapping[int, int], sent: Mapping[int, int]) -> list[Link]:
    """Return the forest in which each number hangs as told; ghosts are negative."""
    ghosts = {parent for parent in above.values() if parent < 0}
    return [
        *(Link(1000 - ghost, None, None, 0) for ghost in ghosts),
        *(
            Link(number, (1000 - at if at < 0 else at) or None, number, sent[number])
            for number, at in above.items()
        ),
    ]


def keys_of(sent: Mapping[int, int]) -> dict[int, Key]:
    return {number: Key(at, b"s%d" % number, is_reply=False) for number, at in sent.items()}


def chain(*numbers: int | None) -> list[Link]:
    """Return links from each to the one before; None is a ghost, and so is every node above the first."""
    return [
        Link(at, at - 1 if at > 1 else None, number, number or 0)
        for at, number in enumerate(numbers, 1)
    ]


def test_the_example_of_orderedsubject() -> None:
    text = flat(ORDERED)
    above = parsed(text)
    keys = {
        number: Key(at, b"%d" % (parent or number), is_reply=False)
        for at, (number, parent) in enumerate(above.items())
    }
    assert ordered_subject(sorted(above), keys) == text
    assert len(above) == 43


@pytest.mark.parametrize("text", [flat(REFERENCES), b"(2)(3 6 (4 23)(44 7 96))", b"((3)(5))", b""])
def test_the_examples_of_references_and_of_the_response(text: bytes) -> None:
    above = parsed(text)
    sent = {number: at for at, number in enumerate(above)}
    links = links_of(above, sent)
    assert references(sorted(above), keys_of(sent), links) == text
    assert refs(sorted(above), sent, links) == text


def test_numbers_are_sent_as_they_are_shown() -> None:
    sent = {7: 1, 9: 2, 8: 3}
    links = chain(7, 9)
    assert refs([7, 9, 8], sent, links, lambda number: number - 6) == b"(1 3)(2)"
    assert references([7, 9, 8], keys_of(sent), links, lambda number: number - 6) == b"(1 3)(2)"
    assert ordered_subject([9], keys_of(sent), lambda number: number - 6) == b"(3)"


def test_dummies_without_use_are_left_out() -> None:
    sent = {1: 1, 2: 2, 3: 3, 4: 4}
    assert refs([1, 2], sent, chain(1, None, None, 2, None)) == b"(1 2)"
    assert refs([2], sent, chain(None, 2, None)) == b"(2)"
    assert refs([], sent, chain(None, 2, None)) == b""
    # Children are promoted to the root only if there is one.
    split = [*chain(None, None, 1), Link(9, 2, 2, 2), Link(10, 1, None, 0), Link(11, 10, 3, 3)]
    assert refs([1, 2, 3], sent, split) == b"((1)(2)(3))"
    assert refs([1, 3], sent, split) == b"((1)(3))"
    assert refs([3], sent, split) == b"(3)"


def test_messages_that_are_not_searched_are_ghosts() -> None:
    sent = dict.fromkeys(range(1, 9), 0)
    links = [*chain(1, 2, 3), Link(4, 2, 4, 4), Link(5, 1, 5, 5)]
    assert refs([1, 2, 3, 4, 5], sent, links) == b"(1 (2 (3)(4))(5))"
    assert refs([1, 3, 4, 5], sent, links) == b"(1 (3)(4)(5))"
    assert refs([3, 4, 5], sent, links) == b"((3)(4)(5))"
    assert refs([3, 4], sent, links) == b"((3)(4))"


def test_refs_puts_the_thread_with_the_latest_message_last() -> None:
    sent = {1: 10, 2: 20, 3: 30, 4: 25, 5: 30}
    links = [*chain(1, 3), Link(12, None, 2, 20), Link(14, 12, 4, 25), Link(15, None, 5, 30)]
    assert refs(sent, sent, links) == b"(2 4)(1 3)(5)"
    assert references(sent, keys_of(sent), links) == b"(1 3)(2 4)(5)"


def test_siblings_come_by_time_then_by_number() -> None:
    sent = {1: 5, 2: 9, 3: 7, 4: 7}
    links = [Link(n, None if n == 1 else 1, n, 0) for n in (4, 2, 3, 1)]
    assert refs(sent, sent, links) == b"(1 (3)(4)(2))"


def threads(
    subjects: Mapping[int, str], links: Iterable[Link] = (), sent: Mapping[int, int] | None = None
) -> bytes:
    """Return what REFERENCES makes of messages whose subjects are as given; ``re`` in front marks a reply."""
    keys = {
        number: Key((sent or {}).get(number, number), text.removeprefix("re "), "re " in text)
        for number, text in subjects.items()
    }
    return references(keys, keys, links)


GHOST_12 = [Link(91, None, None, 0), Link(1, 91, 1, 1), Link(2, 91, 2, 2)]
GHOST_34 = [Link(93, None, None, 0), Link(3, 93, 3, 3), Link(4, 93, 4, 4)]


def test_threads_of_one_subject_are_merged() -> None:
    # A reply hangs under what is none, whichever was first.
    assert threads({1: "a", 2: "re a", 3: "b"}) == b"(1 2)(3)"
    assert threads({1: "re a", 2: "a"}) == b"(2 1)"
    # Two that are alike become siblings under a dummy, and so do those that follow.
    assert threads({1: "a", 2: "a"}) == b"((1)(2))"
    assert threads({1: "re a", 2: "b", 3: "re a"}) == b"((1)(3))(2)"
    assert threads({1: "a", 2: "a", 3: "re a", 4: "a"}) == b"((1)(2)(3)(4))"
    assert threads({1: "a", 2: "re a", 3: "a"}) == b"((1 2)(3))"
    # Nothing is known of an empty subject.
    assert threads({1: "", 2: "", 3: "re "}) == b"(1)(2)(3)"


def test_a_dummy_takes_what_has_the_subject_of_its_first_child() -> None:
    assert threads({1: "a", 2: "x", 3: "a"}, GHOST_12) == b"((1)(2)(3))"
    assert threads({1: "a", 2: "x", 3: "x"}, GHOST_12) == b"((1)(2))(3)"
    # The dummy heads its subject though another was there before, a reply or not.
    early = {3: 0}
    assert threads({1: "a", 2: "x", 3: "a"}, GHOST_12, early) == b"((3)(1)(2))"
    assert threads({1: "a", 2: "x", 3: "re a"}, GHOST_12, early) == b"((3)(1)(2))"
    # Of two dummies, one takes the children of the other.
    both = [*GHOST_12, *GHOST_34]
    assert threads({1: "a", 2: "x", 3: "a", 4: "y"}, both) == b"((1)(2)(3)(4))"
    order = {1: 1, 3: 2, 2: 3, 4: 4}
    assert threads({1: "a", 2: "x", 3: "a", 4: "y"}, both, order) == b"((1)(3)(2)(4))"


def test_merged_children_are_sorted_among_those_that_were_there() -> None:
    links = [Link(1, None, 1, 1), Link(2, 1, 2, 2), Link(4, 1, 4, 4)]
    subjects = {1: "a", 2: "re a", 3: "re a", 4: "re a"}
    assert threads(subjects, links) == b"(1 (2)(3)(4))"


def test_orderedsubject_has_no_grandchildren_and_takes_no_notice_of_replies() -> None:
    subjects = {5: b"a", 2: b"b", 3: b"a", 4: b"", 1: b"a", 6: b""}
    keys = {
        number: Key(10 - number, text, is_reply=number % 2 > 0) for number, text in subjects.items()
    }
    assert ordered_subject(subjects, keys) == b"(6 4)(5 (3)(1))(2)"


def test_no_depth_is_too_much() -> None:
    count = 50_000
    numbers = range(1, count + 1)
    sent = {number: number for number in numbers}
    text = b"(" + b" ".join(b"%d" % number for number in numbers) + b")"
    links = chain(*numbers)
    assert refs(numbers, sent, links) == text
    assert references(numbers, keys_of(sent), links) == text
    assert refs([count], sent, reversed(links)) == b"(%d)" % count
    comb = [*chain(*(None for _ in numbers)), *(Link(count + n, n, n, n) for n in numbers)]
    everyone = b"(" + b"".join(b"(%d)" % number for number in numbers) + b")"
    assert refs(numbers, sent, reversed(comb)) == everyone
    # A split at each depth.
    spine = [Link(n, None if n == 1 else (n - 1) // 2 * 2 or 1, n, n) for n in numbers]
    assert len(parsed(refs(numbers, sent, spine))) == count


@pytest.mark.parametrize(
    ("links", "expected"),
    [
        ([Link(1, 2, 1, 0), Link(2, 1, 2, 0)], b"(1 2)"),
        ([Link(1, 1, 1, 0), Link(2, 1, 2, 0)], b"(1 2)"),
        ([Link(1, 2, 1, 0), Link(2, 3, 2, 0), Link(3, 2, 3, 0)], b"(2 (1)(3))"),
        ([Link(8, 9, None, 0), Link(9, 8, None, 0), Link(1, 9, 1, 0), Link(2, 8, 2, 0)], None),
        ([Link(1, 9, 1, 0), Link(9, 2, None, 0), Link(2, 1, 2, 0)], b"(1 2)"),
    ],
)
def test_loops_told_of_in_the_middle_of_a_change_lose_nobody(
    links: Sequence[Link], expected: bytes | None
) -> None:
    numbers = [link.number for link in links if link.number]
    sent = {number: number for number in numbers}
    text = refs(numbers, sent, links)
    assert sorted(parsed(text)) == sorted(numbers)
    assert sorted(parsed(references(numbers, keys_of(sent), links))) == sorted(numbers)
    if expected is not None:
        assert parsed(text) == parsed(expected)


def test_a_message_of_which_the_forest_does_not_know_is_a_thread() -> None:
    assert refs([1, 2], {1: 1, 2: 2}, chain(1)) == b"(1)(2)"
    assert refs([1], {1: 1}, [Link(1, 77, 1, 1)]) == b"(1)"


@st.composite
def archives(draw: st.DrawFn) -> tuple[dict[int, Key], list[Link], list[int]]:
    """Draw messages, the forest they are in, and those of them that are searched."""
    count = draw(st.integers(0, 24))
    nodes = range(1, count + 1)
    is_ghost = [draw(st.booleans()) for _ in nodes]
    order = draw(st.permutations(nodes))
    parents = [
        None if at == 0 else draw(st.none() | st.sampled_from(order[:at])) for at in range(count)
    ]
    numbers = dict(zip(order, draw(st.permutations(nodes)), strict=True))
    links = [
        Link(node, parent, None if ghost else numbers[node], 0)
        for node, parent, ghost in zip(order, parents, is_ghost, strict=True)
    ]
    keys = {
        link.number: Key(
            draw(st.integers(0, 9)), draw(st.sampled_from(["", "a", "b"])), draw(st.booleans())
        )
        for link in links
        if link.number
    }
    return keys, links, [number for number in keys if draw(st.integers(0, 3))]


@given(archives(), st.randoms(use_true_random=False))
def test_every_number_is_there_once_whatever_the_order_of_what_is_given(
    drawn: tuple[dict[int, Key], list[Link], list[int]], random: Random
) -> None:
    keys, links, numbers = drawn
    sent = {number: key.sent for number, key in keys.items()}
    made: list[Callable[[Sequence[int], Sequence[Link]], bytes]] = [
        lambda some, forest: refs(some, sent, forest),
        lambda some, forest: references(some, keys, forest),
        lambda some, _: ordered_subject(some, keys),
    ]
    for algorithm in made:
        text = algorithm(numbers, links)
        assert sorted(parsed(text)) == sorted(numbers)
        shuffled = [random.sample(each, len(each)) for each in (numbers, links)]
        assert algorithm(*shuffled) == text  # type: ignore[arg-type]  # one is of links


@given(archives())
def test_references_is_what_the_steps_of_the_rfc_make(
    drawn: tuple[dict[int, Key], list[Link], list[int]],
) -> None:
    keys, links, numbers = drawn
    assert references(numbers, keys, links) == Slow(keys, links, set(numbers)).text()


class Slow:
    """RFC 5256 s. 3, steps 2 to 6, one by one on a tree of lists."""

    class Node:
        def __init__(self, number: int | None) -> None:
            self.number = number
            self.children: list[Slow.Node] = []

    def __init__(self, keys: Mapping[int, Key], links: Sequence[Link], searched: set[int]) -> None:
        self.keys = keys
        nodes = {
            link.node: self.Node(link.number if link.number in searched else None) for link in links
        }
        self.roots = [nodes[link.node] for link in links if link.parent is None]
        for link in links:
            if link.parent is not None:
                nodes[link.parent].children.append(nodes[link.node])

    def text(self) -> bytes:
        self.roots = [kept for root in self.roots for kept in self.pruned(root, at_root=True)]
        self.roots.sort(key=self.date)  # step 4
        self.gather()
        self.sort(self.roots)
        return b"".join(self.shown(root) for root in self.roots)

    def pruned(self, node: Node, *, at_root: bool) -> list[Node]:
        """Step 3."""
        node.children = [
            kept for each in node.children for kept in self.pruned(each, at_root=False)
        ]
        if node.number is not None or (at_root and len(node.children) > 1):
            return [node]
        return node.children

    def date(self, node: Node) -> tuple[int, int]:
        if node.number is None:
            return min(self.date(child) for child in node.children)
        return self.keys[node.number].sent, node.number

    def first(self, node: Node) -> Key:
        """Return the key of a message, or of a dummy's first child."""
        number = node.number
        if number is None:
            number = min(node.children, key=self.date).number
        assert number is not None
        return self.keys[number]

    def gather(self) -> None:
        """Step 5."""
        table: dict[bytes | str, Slow.Node] = {}
        subjects = [(root, self.first(root).subject) for root in self.roots]
        for root, subject in subjects:  # B
            if not subject:
                continue
            if subject not in table:
                table[subject] = root
                continue
            there = table[subject]
            if there.number is not None and (
                root.number is None
                or (self.keys[there.number].is_reply and not self.keys[root.number].is_reply)
            ):
                table[subject] = root
        for root, subject in subjects:  # C
            if not subject or table[subject] is root or root not in self.roots:
                continue
            there = table[subject]
            self.roots.remove(root)
            if root.number is None:
                assert there.number is None
                there.children += root.children
            elif there.number is None or (
                self.keys[root.number].is_reply and not self.keys[there.number].is_reply
            ):
                there.children.append(root)
            else:
                dummy = self.Node(None)
                dummy.children = [root, there]
                self.roots.remove(there)
                self.roots.append(dummy)
                table[subject] = dummy

    def sort(self, siblings: list[Node]) -> None:
        """Step 6."""
        for node in siblings:
            self.sort(node.children)
        siblings.sort(key=self.date)

    def shown(self, node: Node) -> bytes:
        members = []
        while node.number is not None and len(node.children) == 1:
            members.append(b"%d" % node.number)
            (node,) = node.children
        if node.number is not None:
            members.append(b"%d" % node.number)
        nested = b"".join(map(self.shown, node.children))
        return b"(" + b" ".join([*members, nested] if nested else members) + b")"
