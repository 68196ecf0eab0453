"""Which list and which message another archive means. Lists that the reader may not read are not among them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from storage.message.ids import is_sound

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from gateway.web.reading import Reading
    from storage.model import MailingList

__all__ = ["list_called", "list_with", "message_at"]


def list_called(reading: Reading, text: str) -> MailingList | None:
    """Return the list called so, or the only one that could be meant, or None.

    It may be meant by its name in another case, by its address, by the last part of its name, or by what stands before
    the @ of its address.
    """
    wanted = text.casefold()
    local = wanted.partition("@")[0]
    if not local:
        return None
    records = reading.lists()
    signs: Sequence[Callable[[MailingList], bool]] = (
        lambda record: record.name == text,
        lambda record: record.name.casefold() == wanted,
        lambda record: record.address.casefold() == wanted,
        lambda record: record.name.casefold().rpartition(".")[2] == local,
        lambda record: record.address.casefold().partition("@")[0] == local,
    )
    for sign in signs:
        found = [record for record in records if sign(record)]
        if len(found) == 1:
            return found[0]
    return None


async def list_with(
    reading: Reading, message_id: bytes, preferred: MailingList | None = None
) -> str | None:
    """Return the name of a list that has a message and shows it: the preferred one, or else the first; or None."""
    found = [
        place.name
        for place in await reading.archive.find(message_id)
        if reading.access.readable(place.name)
        and not reading.mailing_list(place.name).is_hidden(place.number)
    ]
    if preferred is not None and preferred.name in found:
        return preferred.name
    return found[0] if found else None


async def message_at(
    reading: Reading, text: str, preferred: MailingList | None = None, *last: str
) -> str | None:
    """Return the address of the message with an id, with or without brackets, or of something beneath it, or None."""
    written = text.strip("<> ")
    if not written.isascii() or not is_sound(b"<%b>" % written.encode()):
        return None
    message_id = b"<%b>" % written.encode()
    name = await list_with(reading, message_id, preferred)
    return None if name is None else reading.urls.message(name, message_id, *last)
