"""The algorithms of THREAD: from who answers whom, when and on what, to the threads as they are sent. RFC 5256.

A tree is told by its roots, and by the children of each node that has any, all in the order in which they are sent. A
node is a message's number, or a negative number for a *dummy*: a message that is not among those searched, or not in
the archive, and of which several hang that are. Only roots are dummies, and each has two children at least.

``rank`` is where a message stands among all, by the time it was sent, then by number: every order is made of that.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

    from storage.model import Link

__all__ = ["Key", "ordered_subject", "references", "refs"]

_END: Final = 0
"""No node's number: on the stack, that a thread is ended."""


class Key(NamedTuple):
    """What messages are threaded by, beside who answers whom.

    ``sent`` is the time sent or else received; ``subject`` is the base subject, folded; ``is_reply`` tells that it was
    marked as a reply or forward.
    """

    sent: int
    subject: bytes | str
    is_reply: bool


_Children = dict[int, list[int]]


def refs(
    numbers: Iterable[int],
    sent: Mapping[int, int],
    links: Iterable[Link],
    shown: Callable[[int], int] = int,
) -> bytes:
    """Return the threads of THREAD=REFS: the forest as it is, the thread with the latest message last.

    ``sent`` holds when each of ``numbers`` was sent, or else received. A number is sent as what ``shown`` makes of it.
    draft-ietf-morg-inthread s. 3.
    """
    rank = _ranked(numbers, sent.__getitem__)
    roots, children = _grow(rank, links)
    latest = {
        root: max([rank[each] for each in _below(root, children) if each > 0]) for root in roots
    }
    roots.sort(key=latest.__getitem__)
    return _render(roots, children, shown)


def references(
    numbers: Iterable[int],
    keys: Mapping[int, Key],
    links: Iterable[Link],
    shown: Callable[[int], int] = int,
) -> bytes:
    """Return the threads of THREAD=REFERENCES; ``keys`` holds each of ``numbers``. RFC 5256 s. 3.

    Its steps 1 and 2 were done when the messages arrived: ``links`` are what came of it.
    """
    rank = _ranked(numbers, lambda number: keys[number].sent)
    roots, children = _grow(rank, links)
    roots = _merged(roots, children, keys, rank)
    return _render(roots, children, shown)


def ordered_subject(
    numbers: Iterable[int], keys: Mapping[int, Key], shown: Callable[[int], int] = int
) -> bytes:
    """Return the threads of THREAD=ORDEREDSUBJECT; ``keys`` holds each of ``numbers``. RFC 5256 s. 3."""
    threads: dict[bytes | str, list[int]] = {}
    for number in _ranked(numbers, lambda number: keys[number].sent):
        threads.setdefault(keys[number].subject, []).append(number)
    children = {first: rest for first, *rest in threads.values() if rest}
    return _render([first for first, *_ in threads.values()], children, shown)


def _ranked(numbers: Iterable[int], sent: Callable[[int], int]) -> dict[int, int]:
    """Return the rank of each number, in the order of the ranks."""
    ordered = sorted(set(numbers))
    ordered.sort(key=sent)
    return {number: rank for rank, number in enumerate(ordered)}


def _grow(rank: Mapping[int, int], links: Iterable[Link]) -> tuple[list[int], _Children]:
    """Return the forest of the ranked messages, without what is not of use there. RFC 5256 s. 3, steps 3 and 4.

    A message hangs under the nearest one above it that is ranked; where none is, under the topmost ghost, if others
    do so as well.
    """
    above = _above(rank, links)
    roots: list[int] = []
    children: _Children = {}
    for number in rank:  # so that siblings, and roots by their first, come in that order
        parent = above.get(number)
        if parent is None:
            roots.append(number)
        elif parent in children:
            children[parent].append(number)
        else:
            children[parent] = [number]
            if parent < 0:
                roots.append(parent)
    for at, root in enumerate(roots):
        if root < 0 and len(children[root]) == 1:
            (roots[at],) = children.pop(root)
    _open_loops(rank, above, roots, children)
    return roots, children


def _above(rank: Mapping[int, int], links: Iterable[Link]) -> dict[int, int]:
    """Return what each message hangs under that is not a root itself: another one, or ``~node`` of a ghost."""
    parents: dict[int, int | None] = {}
    ranked: dict[int, int] = {}
    for node, parent, number, *_ in links:
        parents[node] = parent
        if number in rank:
            ranked[node] = number  # type: ignore[assignment]  # None is not ranked
    tops: dict[int, int] = {}
    above = {}
    for node, number in ranked.items():
        parent = parents[node]
        if parent is not None:
            above[number] = ranked.get(parent) or _top(parent, parents, ranked, tops)
    return above


def _top(
    node: int, parents: Mapping[int, int | None], ranked: Mapping[int, int], tops: dict[int, int]
) -> int:
    """Return the nearest ranked message above a ghost, or ``~node`` of the topmost ghost; ``tops`` keeps it for all on the way."""
    path = []
    parent: int | None = node
    top = _END
    while parent is not None and not top:
        top = ranked.get(parent) or tops.get(parent) or _END
        if not top:
            node = parent
            path.append(node)
            tops[
                node
            ] = ~node  # where a loop of ghosts, told of in the middle of a change, is opened
            parent = parents.get(node)
    for passed in path:
        tops[passed] = top or ~node
    return top or ~node


def _open_loops(
    rank: Mapping[int, int], above: Mapping[int, int], roots: list[int], children: _Children
) -> None:
    """Make a root of one message of each loop, as links may show that are told of in the middle of a change."""
    reached = {each for root in roots for each in _below(root, children)}
    for number in rank:
        if number in reached:
            continue
        passed, node = set(), number
        while node not in passed:
            passed.add(node)
            node = above[node]
        siblings = children[above[node]]
        siblings.remove(node)
        if not siblings:
            del children[above[node]]
        roots.append(node)
        reached.update(_below(node, children))


def _below(root: int, children: _Children) -> Iterator[int]:
    """Yield a node and all that are below it, in no order to rely on."""
    waiting = [root]
    while waiting:
        node = waiting.pop()
        yield node
        if node in children:
            waiting += children[node]


def _merged(
    roots: list[int], children: _Children, keys: Mapping[int, Key], rank: Mapping[int, int]
) -> list[int]:
    """Return the roots when threads of one base subject are put together, in order. RFC 5256 s. 3, steps 5 and 6."""
    subjects = [keys[root if root > 0 else children[root][0]].subject for root in roots]
    table: dict[bytes | str, int] = {}
    for root, subject in zip(roots, subjects, strict=True):
        if subject and _heads(root, table.get(subject), keys):
            table[subject] = root
    left = dict.fromkeys(roots)
    grown = set()
    fresh = min([*roots, 0])  # no dummy so far is below
    for root, subject in zip(roots, subjects, strict=True):
        head = table.get(subject, root)
        if head == root or root not in left:
            continue
        if head > 0 and (keys[head].is_reply or not keys[root].is_reply):
            del left[head]
            fresh -= 1
            children[fresh] = [head]
            left[fresh] = None
            head = table[subject] = fresh
        del left[root]
        children.setdefault(head, []).extend([root] if root > 0 else children.pop(root))
        grown.add(head)
    for node in grown:
        children[node].sort(key=rank.__getitem__)
    return sorted(left, key=lambda root: rank[root if root > 0 else children[root][0]])


def _heads(root: int, head: int | None, keys: Mapping[int, Key]) -> bool:
    """Tell whether a thread is to take the others of its subject, rather than ``head``. RFC 5256 s. 3, step 5.B.iv."""
    if head is None or head < 0:
        return head is None
    return root < 0 or (keys[head].is_reply and not keys[root].is_reply)


def _render(roots: Sequence[int], children: _Children, shown: Callable[[int], int]) -> bytes:
    """Return threads as they are sent. RFC 5256 s. 5, thread-list."""
    pieces = []
    waiting = list(reversed(roots))
    while waiting:
        node = waiting.pop()
        if node == _END:
            pieces.append(b")")
            continue
        pieces.append(b"(%d" % shown(node) if node > 0 else b"(")
        below = children.get(node, ())
        while len(below) == 1:
            node = below[0]
            pieces.append(b" %d" % shown(node))
            below = children.get(node, ())
        if below:
            if node > 0:
                pieces.append(b" ")
            waiting.append(_END)
            waiting += reversed(below)
        else:
            pieces.append(b")")
    return b"".join(pieces)
