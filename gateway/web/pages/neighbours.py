"""Which messages stand before and after one: by number, and in its thread. Those that are hidden are passed over."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, NamedTuple

from gateway.web.answers import Refusal

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from gateway.web.pages.drawings import Drawing
    from gateway.web.reading import Reading
    from storage.model import MailingList

__all__ = ["NearLink", "Neighbours", "links", "neighbours"]

MAX_PASSED_OVER: Final = 1000
"""Messages in a row that are passed over because they are not shown: behind more of them none is looked for."""


_LINKS: Final = (
    ("<prev", "prev: the message before it in the list", "prev"),
    ("next>", "next: the message after it in the list", "next"),
    ("<thread-prev", "thread-prev: the message before it in the thread", ""),
    ("thread-next>", "thread-next: the message after it in the thread", ""),
)


class NearLink(NamedTuple):
    """A link as blists writes it, what it is called at length, its relation of HTML, and where it leads."""

    text: str
    label: str
    relation: str
    url: str


@dataclass(frozen=True, slots=True)
class Neighbours:
    """The numbers of the messages before and after one in the list and in the thread; None where there is none."""

    before: int | None
    after: int | None
    thread_before: int | None
    thread_after: int | None


def neighbours(record: MailingList, number: int, thread: Drawing) -> Neighbours:
    """Return the neighbours of a message of a thread."""
    at, count = thread.at[number], len(thread.nodes)
    return Neighbours(
        _in_list(record, number, record.previous_present),
        _in_list(record, number, record.next_present),
        _in_thread(thread, range(at - 1, max(at - 2 - MAX_PASSED_OVER, -1), -1)),
        _in_thread(thread, range(at + 1, min(at + 2 + MAX_PASSED_OVER, count))),
    )


async def links(
    reading: Reading, name: str, near: Neighbours, thread: Drawing
) -> Sequence[NearLink]:
    """Return links to those neighbours that there are (still); ``thread`` is the message's."""
    numbers = (near.before, near.after, near.thread_before, near.thread_after)
    found = []
    for (text, label, relation), number in zip(_LINKS, numbers, strict=True):
        own = b"" if number is None else await _message_id(reading, name, number, thread)
        if own:
            found.append(NearLink(text, label, relation, reading.urls.message(name, own)))
    return found


async def _message_id(reading: Reading, name: str, number: int, thread: Drawing) -> bytes:
    """Return the Message-ID of a message, empty if it was removed just now."""
    at = thread.at.get(number)
    if at is not None:
        return thread.nodes[at].message_id
    try:
        return (await reading.entry(name, number)).message_id
    except Refusal:
        return b""


def _in_list(record: MailingList, number: int, step: Callable[[int], int | None]) -> int | None:
    """Return the next number in one direction whose message is shown."""
    found = step(number)
    for _ in range(MAX_PASSED_OVER):
        if found is None or not record.is_hidden(found):
            return found
        found = step(found)
    return None if found is None or record.is_hidden(found) else found


def _in_thread(thread: Drawing, places: Sequence[int]) -> int | None:
    numbers = (thread.nodes[place].number for place in places)
    return next((number for number in numbers if number is not None), None)
