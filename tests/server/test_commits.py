"""What is written is noticed at once, and told to thousands not more often than is good."""

from __future__ import annotations

import queue
from contextlib import closing
from typing import TYPE_CHECKING, cast

import pytest
from twisted.internet.task import Clock

from gateway.commits import Commits
from gateway.config import Limits
from gateway.inotify import Inotify
from gateway.intake import open_for_writing
from gateway.server import Server
from tests.mail import fill, mail
from tests.server.test_server import Catalogue

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from twisted.internet.base import ReactorBase

    from storage.archive import Archive
    from tests.server.conftest import RunInReactor


def called(run: RunInReactor, function: Callable[[], None]) -> None:
    """Call what has to be called in the reactor's thread."""

    async def call() -> None:
        function()

    run(call)


def test_a_transaction_is_told_of_when_it_can_be_seen(
    reactor: ReactorBase, run_in_reactor: RunInReactor, tmp_path: Path
) -> None:
    told: queue.SimpleQueue[None] = queue.SimpleQueue()
    with closing(open_for_writing(tmp_path / "archive")) as writer:
        commits = Commits(tmp_path / "archive", lambda: told.put(None), reactor)
        called(run_in_reactor, commits.start)
        fill(writer, "l", [mail("1")])
        told.get(timeout=10)
        called(run_in_reactor, lambda: reactor.removeReader(commits))
        called(run_in_reactor, commits.end)
    assert commits.fileno() == -1
    commits.doRead()


def test_without_inotify_nothing_is_noticed_and_nothing_breaks(
    reactor: ReactorBase, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def lacking(self: Inotify) -> None:
        raise OSError(38, "Function not implemented")

    monkeypatch.setattr(Inotify, "__init__", lacking)
    commits = Commits(tmp_path, lambda: None, reactor)
    commits.start()
    assert commits.fileno() == -1
    commits.end()


@pytest.fixture
def clock() -> Clock:
    made = Clock()
    made.advance(1000)
    return made


def test_however_much_is_written_readers_are_told_at_once_and_then_now_and_again(
    clock: Clock, run_in_reactor: RunInReactor
) -> None:
    catalogue = Catalogue()
    server = Server(cast("Archive", catalogue), [], Limits(), clock)  # type: ignore[arg-type]  # it has the time
    counts = []
    for _ in range(100):
        server.refresh_soon()
        counts.append(catalogue.refreshed)
        clock.advance(0.01)
    assert counts[:2] == [1, 1]
    assert 15 < catalogue.refreshed <= 21
    clock.advance(1)
    refreshed = catalogue.refreshed
    server.refresh_soon()
    assert catalogue.refreshed == refreshed + 1
    server.refresh_soon()
    run_in_reactor(server.stop)
    clock.advance(1)
    assert catalogue.refreshed == refreshed + 1
