"""What is answered where there is no such page: another archive's address leads on, and programs get a document."""

from __future__ import annotations

from dataclasses import replace
from http import HTTPStatus
from typing import TYPE_CHECKING, Final

from gateway.web.answers import moved
from gateway.web.machine.documents import document
from gateway.web.machine.redirects import forwarded

if TYPE_CHECKING:
    from gateway.web.answers import Answer, Refusal
    from gateway.web.asks import Ask
    from gateway.web.reading import Reading

__all__ = ["PROBLEM", "elsewhere", "is_document", "problem"]

PROBLEM: Final = "application/problem+json"


def is_document(ask: Ask) -> bool:
    """Tell whether what is asked for is for programs, so that a refusal of it has to be."""
    return ask.path.endswith(b".json")


def problem(refusal: Refusal) -> Answer:
    """Return a refusal as a document. RFC 9457."""
    content = {
        "title": HTTPStatus(refusal.status).phrase,
        "status": refusal.status,
        "detail": refusal.text,
    }
    made = document(content, frozenset(), status=refusal.status, content_type=PROBLEM)
    return replace(made, max_age=0)


async def elsewhere(reading: Reading, ask: Ask, refusal: Refusal) -> Answer | None:
    """Return what leads to where something lies that is not where it was asked for, or None."""
    if refusal.status != HTTPStatus.NOT_FOUND:
        return None
    to = await forwarded(reading, ask)
    return None if to is None else moved(to)
