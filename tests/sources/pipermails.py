"""Texts as pipermail writes them."""

from __future__ import annotations

from typing import Final

MARK: Final = b"X-Listgate-Copy: text (made of the text of an archive)\n"


def article(
    number: int,
    *,
    address: bytes = b"ann at example.org",
    name: bytes = b"Ann",
    date: bytes = b"Tue, 02 Jan 2024 10:00:00 +0000",
    came: bytes = b"Tue Jan  2 10:00:00 2024",
    body: bytes = b"Text.\n",
    more: bytes = b"",
) -> bytes:
    """Return a record of a volume."""
    return b"From %b  %b\nFrom: %b (%b)\nDate: %b\nSubject: [l] Topic\n%bMessage-ID: <%d@x.example>\n\n%b\n" % (
        address, came, address, name, date, more, number, body,
    )  # fmt: skip


def undone(
    number: int, body: bytes = b"Text.\n", sender: bytes = b"Ann <ann@example.org>"
) -> bytes:
    """Return what is made of it."""
    return (
        b"From: %b\nDate: Tue, 02 Jan 2024 10:00:00 +0000\nSubject: [l] Topic\nMessage-ID: <%d@x.example>\n%b\n%b"
        % (sender, number, MARK, body)
    )
