"""Whole pages of replies that are compressed once, for all who ask for the same over DEFLATE."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from gateway.deflate import deflated
from gateway.wire import CHUNK_OCTETS, Deflated
from storage.pages import page_of, page_range

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from storage.archive import Archive
    from storage.making import Form
    from storage.model import MailingList

__all__ = ["covers_page", "ready_text"]

MAX_TEXT: Final = 1 << 19
"""What is longer would take too long to be compressed at once, and is compressed on the way."""


def covers_page(numbers: range, record: MailingList) -> bool:
    """Tell whether some numbers of one page, none of them outside the water marks, are all that a list has there."""
    page = page_range(page_of(numbers[0]))
    return numbers[0] == max(page[0], record.low) and numbers[-1] == min(page[-1], record.high)


def _always() -> bool:
    return True


async def ready_text(
    archive: Archive,
    form: Form,
    name: str,
    page: int,
    make: Callable[[], Awaitable[bytes]],
    *,
    is_true: Callable[[], bool] = _always,
) -> bytes:
    """Return the text that ``make`` makes of a whole page of a list, compressed where it is kept.

    ``is_true`` tells, when it was made, whether it may be.
    """
    text = b""

    async def compressed() -> bytes:
        nonlocal text
        text = await make()
        if not text or len(text) > MAX_TEXT or not is_true():
            return b""
        made = deflated(text)
        return made if len(made) <= CHUNK_OCTETS else b""

    made = await archive.made(form, name, page, compressed)
    return Deflated(made) if made else text or await make()
