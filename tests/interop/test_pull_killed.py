"""Pulls from the servers that others run, killed in the middle and run again: complete, in order, nothing twice."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Final

import pytest

from storage.export_public_inbox import export_public_inbox
from tests.crash.pulling import PULLED, count, pull, pulled_until
from tests.interop.dovecot import can_run_dovecot, dovecot
from tests.interop.innd import can_run_innd, innd
from tests.interop.programs import Home, needs
from tests.interop.public_inbox import served
from tests.interop.test_pull import ACCESS, GROUP, held, offer, original
from tests.mail import MemoryEngine, fill

if TYPE_CHECKING:
    from collections.abc import Iterator

pytestmark = pytest.mark.interop

MESSAGES: Final = 3000
"""Several batches of what is stored at once, so that there is a middle."""

NUMBERS: Final = range(1, MESSAGES + 1)

Server = Callable[[Path], AbstractContextManager[str]]
"""Serves the messages as long as it lasts, in a folder that is given if it has none of its own; tells where."""


@contextmanager
def news_of_inn(folder: Path) -> Iterator[str]:
    with innd(GROUP, settings="artcutoff: 0\n") as server:
        (server.folder / "etc/readers.conf").write_text(ACCESS)
        offer(server, NUMBERS)
        yield f"nntp://127.0.0.1:{server.port}/{GROUP}"


@contextmanager
def mail_of_dovecot(folder: Path) -> Iterator[str]:
    with dovecot(GROUP, map(original, NUMBERS)) as port:
        yield f"imap://made:made@127.0.0.1:{port}/{GROUP}"


@contextmanager
def news_of_public_inbox(folder: Path) -> Iterator[str]:
    with served(inbox(folder), "public-inbox-nntpd") as port:
        yield f"nntp://127.0.0.1:{port}/{GROUP}"


@contextmanager
def mail_of_public_inbox(folder: Path) -> Iterator[str]:
    with served(inbox(folder), "public-inbox-imapd") as port:
        yield f"imap://127.0.0.1:{port}/{GROUP}.0"


def inbox(folder: Path) -> Home:
    """Return a home with an inbox of the messages."""
    home, engine, exported = Home(folder), MemoryEngine(), folder / "exported"
    fill(engine.writer(), GROUP, [*map(original, NUMBERS)])
    asyncio.run(export_public_inbox(engine.archive(), GROUP, exported))
    home.write(".public-inbox/config", (exported / "inbox.config.example").read_text())
    home.run("public-inbox-index", "-L", "basic", exported)
    return home


@pytest.mark.parametrize(
    "server",
    [
        pytest.param(news_of_inn, marks=can_run_innd()),
        pytest.param(mail_of_dovecot, marks=can_run_dovecot()),
        pytest.param(
            news_of_public_inbox, marks=needs("git", "public-inbox-index", "public-inbox-nntpd")
        ),
        pytest.param(
            mail_of_public_inbox, marks=needs("git", "public-inbox-index", "public-inbox-imapd")
        ),
    ],
)
def test_a_pull_may_be_killed(server: Server, tmp_path: Path) -> None:
    archive = tmp_path / "archive"
    with server(tmp_path / "server") as url:
        assert pulled_until(archive, url, 0)
        before = count(archive)
        assert 0 < before < MESSAGES
        assert pull(archive, url) == (MESSAGES - before, MESSAGES - before)
        assert pull(archive, url) == (0, 0)
    assert asyncio.run(held(archive, PULLED)) == [original(number) for number in NUMBERS]
