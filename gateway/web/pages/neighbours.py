"""Which messages stand before and after one: by number, and in its thread. Those that are hidden are passed over."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from gateway.web.pages.drawings import Drawing
    from storage.model import MailingList

__all__ = ["Neighbours", "neighbours"]

MAX_PASSED_OVER: Final = 1000
"""Messages in a row that are passed over because they are not shown: behind more of them none is looked for."""


@dataclass(frozen=True, slots=True)
class Neighbours:
    """The numbers of the messages before and after one in the list and in the thread; None where there is none."""

    before: int | None
    after: int | None
    thread_before: int | None
    thread_after: int | None

    @property
    def numbers(self) -> Sequence[int]:
        """Those that there are."""
        every = (self.before, self.after, self.thread_before, self.thread_after)
        return [number for number in every if number is not None]


def neighbours(record: MailingList, number: int, thread: Drawing) -> Neighbours:
    """Return the neighbours of a message of a thread."""
    at, count = thread.at[number], len(thread.nodes)
    return Neighbours(
        _in_list(record, number, record.previous_present),
        _in_list(record, number, record.next_present),
        _in_thread(thread, range(at - 1, max(at - 2 - MAX_PASSED_OVER, -1), -1)),
        _in_thread(thread, range(at + 1, min(at + 2 + MAX_PASSED_OVER, count))),
    )


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
