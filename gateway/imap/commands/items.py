"""What FETCH gives of a message, but for its parts: UID, FLAGS, dates, sizes, ENVELOPE, BODYSTRUCTURE. RFC 9051 s. 7.5.2."""

from __future__ import annotations

from typing import Final

from gateway.imap.dates import date_times
from gateway.imap.registry import Item, fetch_item
from storage.model import Rendition

__all__ = ["FLAGS", "UID"]

UID: Final = fetch_item(b"UID", Item(b"UID %d", lambda rows: rows.numbers, kept_as=b"UID"))

FLAGS: Final = fetch_item(b"FLAGS", Item(b"FLAGS (%b)", lambda rows: rows.flags, kept_as=b"FLAGS"))
"""The user's own; for anybody else there are none."""

fetch_item(
    b"INTERNALDATE",  # when the list got it
    Item(
        b"INTERNALDATE %b",
        lambda rows: date_times(rows.facts.received),
        (Rendition.FACTS,),
        kept_as=b"INTERNALDATE",
    ),
)
fetch_item(
    b"RFC822.SIZE",  # the octets of BODY[]
    Item(
        b"RFC822.SIZE %d", lambda rows: rows.facts.size, (Rendition.FACTS,), kept_as=b"RFC822.SIZE"
    ),
)
fetch_item(
    b"ENVELOPE",
    Item(
        b"ENVELOPE %b",
        lambda rows: rows.texts[Rendition.ENVELOPE],
        (Rendition.ENVELOPE,),
        kept_as=b"ENVELOPE",
    ),
)
fetch_item(
    b"BODYSTRUCTURE",
    Item(
        b"BODYSTRUCTURE %b",
        lambda rows: rows.texts[Rendition.BODYSTRUCTURE],
        (Rendition.BODYSTRUCTURE,),
        kept_as=b"BODYSTRUCTURE",
    ),
)
