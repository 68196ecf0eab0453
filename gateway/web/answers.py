"""What a web page function answers, before HTTP is made of it."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Mapping

__all__ = ["EVERY_LIST", "FOR_EVER", "Answer", "Refusal", "moved", "not_found", "redirect"]

HTML: Final = "text/html; charset=utf-8"

EVERY_LIST: Final = "*"
"""Stands for all lists among those that an answer depends on."""

FOR_EVER: Final = 365 * 86_400
"""Seconds for which what never changes may be kept (RFC 9111 s. 4.2.1; more is not understood everywhere)."""

MOMENT: Final = 60
"""Seconds for which a page that changes with its list may be kept without asking again."""


@dataclass(frozen=True, slots=True)
class Answer:
    """A response: its status, what it is, and how long it may be kept.

    ``body`` is whole, or comes in pieces. ``lists`` names the lists on which it depends: while none of them changes it
    would be made again just so, so that it may be kept and sent to whoever may read the same. ``changed`` is when what is
    shown last changed, in seconds, for Last-Modified; None where that cannot be told. ``is_indexed`` tells whether
    search engines may take it, and follow its links. ``etag`` is for a body in pieces: a text without quotes that is
    another whenever the body would be; a whole one gets one from what it holds.
    """

    body: bytes | AsyncIterator[bytes] = b""
    content_type: str = HTML
    status: int = 200
    lists: frozenset[str] = frozenset()
    max_age: int = MOMENT
    changed: int | None = None
    is_indexed: bool = True
    headers: Mapping[str, str] = field(default_factory=dict)
    etag: str = ""


class Refusal(Exception):
    """There is no such page, or it cannot be given: a status of RFC 9110 s. 15.5 and what to tell a person."""

    def __init__(self, status: int, text: str) -> None:
        super().__init__(status, text)
        self.status = status
        self.text = text


def not_found(text: str = "There is no such page.") -> Refusal:
    """Return the refusal of what is not there."""
    return Refusal(404, text)


def redirect(to: str, lists: frozenset[str] = frozenset()) -> Answer:
    """Return an answer that sends to another address, for now (RFC 9110 s. 15.4.3)."""
    return Answer(status=302, headers={"Location": to}, lists=lists, is_indexed=False)


def moved(to: str) -> Answer:
    """Return an answer that sends to another address, for good (RFC 9110 s. 15.4.2)."""
    return Answer(status=301, headers={"Location": to}, max_age=86_400, is_indexed=False)
