"""What a case is, and the well-formed message that most of them spoil in one place."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, TypedDict

if TYPE_CHECKING:
    from typing import Unpack

__all__ = ["DATE", "SENDER", "Case", "Expect", "eml", "head", "message", "without"]

SENDER: Final = b"Ann Author <ann@example.org>"
DATE: Final = b"Tue, 02 Jan 2024 10:00:00 +0000"


class Expect(TypedDict, total=False):
    """What holds of a case once it is in an archive; what is not said is not promised.

    ``served``: it comes out again, or with False it is no message. ``messages`` and ``threads``: how many an mbox
    has. ``msgid``: the id it goes by, or ``synthetic-stable``. ``refs``: how many ids its References hold.
    ``date``: the day it was received.
    """

    served: bool | str
    messages: int
    threads: int
    no_message_lost: bool
    msgid: str
    nntp_msgid_valid: bool
    overview_tabs: bool
    overview_one_line: bool
    imap_envelope_ok: bool
    bodystructure: str
    bytes_exact: bool
    dots: bool
    body: str
    refs: int
    date: str


@dataclass(frozen=True, slots=True)
class Case:
    """A file, why it is nasty, its octets, and what to expect."""

    file: str
    why: str
    data: bytes
    expect: Expect


def head(subject: bytes, own: bytes) -> bytes:
    """Return a header without its empty line; ``own`` is the left part of the Message-ID."""
    return (
        b"From: %b\nTo: list-a@lists.example.org\nSubject: %b\nDate: %b\nMessage-ID: <%b@edge.example>\n"
        % (SENDER, subject, DATE, own)
    )


def eml(name: str, why: str, data: bytes, **expect: Unpack[Expect]) -> Case:
    """Return a case that is one message."""
    return Case(f"eml/{name}.eml", why, data, expect)


def message(
    name: str,
    why: str,
    extra: bytes = b"",
    text: bytes = b"Body.\n",
    *,
    subject: bytes | None = None,
    own: bytes | None = None,
    **expect: Unpack[Expect],
) -> Case:
    """Return a case that is the well-formed message with extra fields, or another text as its body."""
    fallback = name.encode()
    octets = head(subject or fallback, own or fallback) + extra + b"\n" + text
    return eml(name, why, octets, **expect)


def without(name: str, why: str, field: bytes, **expect: Unpack[Expect]) -> Case:
    """Return a case that is the well-formed message without a field, named in lower case."""
    lines = head(name.encode(), name.encode()).split(b"\n")
    kept = [line for line in lines if not line.lower().startswith(field + b":")]
    return eml(name, why, b"\n".join(kept) + b"\nBody.\n", **expect)
