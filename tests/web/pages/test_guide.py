"""The help page names what there is here, and nothing that there is not."""

from __future__ import annotations

import pytest

from gateway.web.settings import Settings
from tests.mail import MemoryEngine, fill, mail
from tests.web.asked import ORIGIN, Asked
from tests.web.pages.listings import shown


@pytest.fixture(scope="module")
def engine() -> MemoryEngine:
    made = MemoryEngine()
    fill(made.writer(), "lists.made", [mail("a")])
    return made


def test_servers_are_named_with_their_ports(engine: MemoryEngine) -> None:
    settings = Settings(
        origin=ORIGIN, news_url="nntps://news.example", mail_url="imap://[2001:db8::1]:1143"
    )
    page = shown(Asked(engine.archive(), settings), "/help")
    assert "<code>news.example</code>, port <code>563</code>, with TLS" in page.text
    assert "<code>2001:db8::1</code>, port <code>1143</code>;" in page.text
    assert "anonymous@[2001:db8::1]:1143/" in page.text
    assert "NNTPSERVER=news.example:563 slrn" in page.text
    links = dict(page.main)
    assert "nntps://news.example/lists.made" in links
    assert "imap://[2001:db8::1]:1143/lists.made" in links


def test_without_other_servers(engine: MemoryEngine) -> None:
    text = shown(Asked(engine.archive(), Settings(origin=ORIGIN)), "/help").text
    assert "by the web alone" in text
    assert "newsgroups</h3>" not in text
    assert "IMAP" not in text


@pytest.mark.parametrize(
    ("settings", "is_told"),
    [
        (Settings(obfuscate=True), True),
        (Settings(obfuscate=False), False),
        (Settings(obfuscate=False, obfuscated={"lists.made": True}), True),
    ],
)
def test_shortened_addresses_are_told_of(
    engine: MemoryEngine, settings: Settings, *, is_told: bool
) -> None:
    text = shown(Asked(engine.archive(), settings), "/help").text
    assert ("Addresses are shortened" in text) == is_told


def test_examples_are_of_this_archive(engine: MemoryEngine) -> None:
    settings = Settings(origin="https://lists.example", root="/archive")
    asked = Asked(engine.archive(), settings)
    page = shown(asked, "/archive/help")
    assert (
        "https://lists.example/archive/lists.made/m/" in page.text
        or "/archive/lists.made/m/" in page.text
    )
    for href, _ in page.main:
        if href.startswith("/"):
            assert asked.followed(href)[0].status == 200


def test_an_archive_without_lists() -> None:
    assert "/LIST/m/" in shown(Asked(MemoryEngine().archive()), "/help").text
