"""Where to write to a list: to the address it was given here, or else to the one on which its newest messages agree."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final
from urllib.parse import unquote

from gateway.web.pages.list_fields import list_links

if TYPE_CHECKING:
    from gateway.web.reading import Reading
    from storage.model import MailingList

__all__ = ["posting_address"]

_ADDRESS: Final = re.compile(
    r"mailto:([!#$&'*+\-/-9=A-Z^-~.]{1,64}+@[0-9A-Za-z.\-]{1,255}+)(?:\?.*)?"
)


async def posting_address(reading: Reading, record: MailingList) -> str:
    """Return the address of a list; empty if it is not known."""
    if record.address:
        return record.address
    for link in await list_links(reading, record):
        address = _ADDRESS.fullmatch(unquote(link.url))
        if link.purpose == "Write to the list" and address is not None:
            return address[1]
    return ""
