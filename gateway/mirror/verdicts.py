"""What a peer's responses to offers and articles mean (RFC 3977 s. 6.3.2, RFC 4644 s. 2.4, 2.5)."""

from __future__ import annotations

import enum
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from gateway.mirror.nntp_client import Response

__all__ = ["CHECK", "IHAVE", "REMEDIES", "TAKETHIS", "Verdict", "verdict_of"]

CHECK: Final = b"CHECK"
TAKETHIS: Final = b"TAKETHIS"
IHAVE: Final = b"IHAVE"

REMEDIES: Final = {
    400: "run it again later",
    480: "give the feed's URL a user and a password",
    483: "give the feed's URL the scheme nntps",
    500: "check host and port: this server takes no articles",
    502: "ask who runs it to take articles from this host (INN: incoming.conf)",
}
"""What to do about responses that end a run."""


class Verdict(enum.Enum):
    """What a peer says to an offer or an article."""

    WANTED = enum.auto()
    LATER = enum.auto()
    KNOWN = enum.auto()
    TAKEN = enum.auto()
    REFUSED = enum.auto()


_SYNTAX: Final = {501: Verdict.REFUSED}  # the peer does not like the id, and never will
_VERDICTS: Final = {
    CHECK: {238: Verdict.WANTED, 431: Verdict.LATER, 438: Verdict.KNOWN, **_SYNTAX},
    TAKETHIS: {239: Verdict.TAKEN, 439: Verdict.REFUSED, **_SYNTAX},
    IHAVE: {
        235: Verdict.TAKEN,
        435: Verdict.KNOWN,
        436: Verdict.LATER,
        437: Verdict.REFUSED,
        **_SYNTAX,
    },
}


def verdict_of(command: bytes, message_id: bytes, response: Response) -> Verdict | None:
    """Return the verdict on the message that was offered or sent; None where the response is none.

    In a stream the peer repeats the id: another one means that it and we are out of step.
    """
    said = response.text.split(b" ", 1)[0]
    if command != IHAVE and said.startswith(b"<") and said != message_id:
        return None
    return _VERDICTS[command].get(response.code)
