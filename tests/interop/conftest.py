"""Servers of a made archive, without TLS and with, and a home for each test's programs."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.interop.browser import Browser, browsing
from tests.interop.mailboxes import Mailboxes, serving_mail
from tests.interop.news import News, serving, write_archive
from tests.interop.programs import Home
from tests.server.conftest import make_pem

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@pytest.fixture(scope="session")
def archive(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The made archive."""
    return write_archive(tmp_path_factory.mktemp("interop"))


@pytest.fixture(scope="session")
def news(archive: Path) -> Iterator[News]:
    """A server without TLS."""
    with serving(archive) as served:
        yield served


@pytest.fixture(scope="session")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """A certificate for localhost, and its key."""
    return make_pem(tmp_path_factory.mktemp("tls"))


@pytest.fixture(scope="session")
def secure_news(archive: Path, certificate: tuple[Path, Path]) -> Iterator[News]:
    """A server with STARTTLS on one port and TLS from the start on the other."""
    config = certificate[0].with_name("listgate.toml")
    config.write_text(
        '[nntp]\nlisten = ["127.0.0.1:0", {address = "127.0.0.1:0", tls = "implicit"}]\n[imap]\nlisten = "none"\n'
        f'[tls]\ncertificate = "{certificate[0]}"\nkey = "{certificate[1]}"\n'
    )
    with serving(archive, config) as served:
        yield served


@pytest.fixture(scope="session")
def mailboxes(
    certificate: tuple[Path, Path], tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Mailboxes]:
    """A server for users, over an archive of its own."""
    with serving_mail(tmp_path_factory.mktemp("mail"), certificate) as served:
        yield served


@pytest.fixture
def home(tmp_path: Path) -> Home:
    """An empty home."""
    return Home(tmp_path)


@pytest.fixture(scope="session")
def browser(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Browser]:
    """Chromium, for all tests that ask for it."""
    with browsing(tmp_path_factory.mktemp("browser")) as opened:
        yield opened
