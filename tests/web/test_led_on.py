"""Whoever finds nothing is told so, and led on."""

from __future__ import annotations

import html
import re

import pytest

from tests.mail import MemoryEngine, fill, mail
from tests.web.asked import Asked

NAME = "lists.made"
MAILS = [
    mail("a1", subject="Rain in spring", body="Umbrellas.\n"),
    mail("a2", subject="Snow in winter", body="Boots.\n"),
]


@pytest.fixture(scope="module")
def asked() -> Asked:
    engine = MemoryEngine()
    fill(engine.writer(), NAME, MAILS)
    return Asked(engine.archive())


def links(body: bytes) -> dict[str, str]:
    """Return the addresses that links lead to, by what they say."""
    found = re.findall(r'<a [^>]*?href="([^"]*)"[^>]*>([^<]*)</a>', body.decode())
    return {text: html.unescape(url) for url, text in found}


@pytest.mark.parametrize("sort", ["", "&sort=best"])
def test_a_search_for_words_that_no_message_has_together(asked: Asked, sort: str) -> None:
    _, body = asked.answer(f"/{NAME}/search?q=umbrellas+boots{sort}")
    assert b"No messages match." in body
    _, body = asked.answer(links(body)["Search for any of these words"])
    assert {"Rain in spring", "Snow in winter"} <= links(body).keys()


@pytest.mark.parametrize("query", ["zebra", "zebra+or+gnu", "subject:zebra+gnu", "%22zebra+gnu%22"])
def test_a_search_that_has_no_looser_form(asked: Asked, query: str) -> None:
    _, body = asked.answer(f"/{NAME}/search?q={query}")
    assert b"No messages match." in body
    assert "Search for any of these words" not in links(body)
    assert "Search all lists for this" in links(body)
