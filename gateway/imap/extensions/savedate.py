"""SAVEDATE: when the archive took a message. RFC 8514. The search keys stand with SEARCH."""

from __future__ import annotations

from gateway.imap.dates import date_time
from gateway.imap.registry import Item, capability, fetch_item

capability(b"SAVEDATE")

fetch_item(
    b"SAVEDATE",
    Item(
        b"SAVEDATE %b",
        lambda rows: [date_time(entry.arrived) for entry in rows.entries],
        with_entries=True,
    ),
)
