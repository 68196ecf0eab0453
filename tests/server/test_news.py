"""What a session has to say unasked reaches its client soon, and waits for a slow one: IDLE over the real transport."""

from __future__ import annotations

import zlib
from typing import TYPE_CHECKING, Final

import pytest
from twisted.internet.task import Clock

from gateway.access import Reader
from gateway.config import Limits
from gateway.connections import Connections
from gateway.imap import Session
from gateway.server import Server
from gateway.transport import SessionProtocol
from storage.memory_marks import MemoryMarks
from tests.imap.world import Stage
from tests.mail import MemoryEngine, SqliteEngine, done, fill, mail
from tests.server.scripted import Client, Socket

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from storage.archive import Archive
    from storage.marks import Marks

SOON: Final = 2
"""Within how many seconds new mail is to be told."""


class Watcher:
    """A connection of a mail client that waits for news of lists.alpha."""

    def __init__(
        self, archive: Archive, connections: Connections, marks: Marks | None = None
    ) -> None:
        session = Session(archive, marks=marks)
        session.login(Reader("ann"))
        self.socket = Socket()
        self.protocol = SessionProtocol(session, connections, "192.0.2.1", None)
        self.protocol.makeConnection(self.socket)
        self.socket.take()
        self.say(b"a SELECT lists.alpha\r\n")
        assert self.say(b"b IDLE\r\n") == b"+ idling\r\n"

    def say(self, data: bytes) -> bytes:
        self.protocol.dataReceived(data)
        return self.socket.take()


class Running:
    """A server without sockets, whose time passes by hand."""

    def __init__(self, directory: Path) -> None:
        self.engine = SqliteEngine(directory)
        self.stage = Stage(self.engine)
        self.marks = MemoryMarks()
        self.clock = Clock()
        archive = self.engine.archive()  # of its own: only the server looks for what is new
        self.server = Server(archive, [], Limits(), self.clock, marks=self.marks)  # type: ignore[arg-type]  # a clock is enough
        assert done(self.server.start()) == []
        self.watcher = Watcher(archive, self.server._connections, self.marks)

    def wait(self, seconds: float) -> bytes:
        """Let time pass; return what came meanwhile."""
        self.clock.pump([0.25] * int(seconds * 4))
        return self.watcher.socket.take()


@pytest.fixture
def running(tmp_path: Path) -> Iterator[Running]:
    held = Running(tmp_path)
    yield held
    held.engine.close()


def test_new_mail_is_told_soon(running: Running) -> None:
    assert running.wait(SOON) == b""
    fill(running.engine.writer(), "lists.alpha", [mail("new")], now=1_800_000_000)
    assert running.wait(SOON) == b"* 5 EXISTS\r\n"
    assert running.wait(SOON) == b""
    running.stage.remove("lists.alpha", 1)
    assert running.wait(SOON) == b"* 1 EXPUNGE\r\n"


def test_flags_of_another_session_are_told_soon(running: Running) -> None:
    other = Watcher(running.stage.archive, running.server._connections, running.marks)
    other.say(b"DONE\r\n")
    other.say(b"c STORE 2 +FLAGS.SILENT (\\Seen)\r\n")
    assert running.wait(SOON) == b"* 2 FETCH (UID 2 FLAGS (\\Seen))\r\n"


def test_who_waits_is_kept_for_half_an_hour(running: Running) -> None:
    running.wait(1795)
    assert not running.watcher.socket.is_closing()
    running.wait(15)
    assert running.watcher.socket.is_closing()


def test_a_slow_client_gets_news_when_it_reads_and_only_once() -> None:
    stage = Stage(MemoryEngine())
    connections = Connections(Limits(), Clock())
    watcher = Watcher(stage.archive, connections, stage.marks)
    watcher.protocol.pauseProducing()
    for own in ("x", "y", "z"):
        stage.arrive("lists.alpha", own)
        connections.tell_news()
    assert watcher.socket.value() == b""
    watcher.protocol.resumeProducing()
    assert watcher.socket.take() == b"* 7 EXISTS\r\n"
    connections.tell_news()
    assert watcher.socket.take() == b""
    assert watcher.say(b"DONE\r\n") == b"b OK IDLE completed\r\n"


def test_a_command_that_comes_with_the_news_is_answered_after_them() -> None:
    stage = Stage(MemoryEngine())
    connections = Connections(Limits(), Clock())
    watcher = Watcher(stage.archive, connections)
    watcher.protocol.pauseProducing()
    stage.arrive("lists.alpha", "new")
    connections.tell_news()
    watcher.protocol.dataReceived(b"DONE\r\nc NOOP\r\n")
    watcher.protocol.resumeProducing()
    answer = b"* 5 EXISTS\r\nb OK IDLE completed\r\nc OK NOOP completed\r\n"
    assert watcher.socket.take() == answer


def test_a_client_that_never_reads_is_cut() -> None:
    stage = Stage(MemoryEngine())
    clock = Clock()
    connections = Connections(Limits(stalled_seconds=60), clock)
    connections.start()
    watcher = Watcher(stage.archive, connections)
    watcher.protocol.pauseProducing()
    stage.arrive("lists.alpha", "new")
    connections.tell_news()
    clock.pump([5] * 14)
    assert watcher.socket.was_aborted()


def test_news_goes_through_the_layers() -> None:
    client = Client()
    assert client.say(b"DEFLATE\r\n") == b"382 go on\r\n"
    client.session.news += [b"news\r\n", b"more\r\n"]
    client.connections.tell_news()
    inflate = zlib.decompressobj(wbits=-15)
    assert inflate.decompress(client.socket.take()) == b"news\r\nmore\r\n"


def test_nobody_is_told_in_the_middle_of_a_reply_nor_after_the_end() -> None:
    client = Client()
    client.say(b"WAIT\r\n")
    client.session.news.append(b"news\r\n")
    client.connections.tell_news()
    assert client.socket.take() == b""
    client.session.awaited.callback(b"after\r\n")
    assert client.socket.take() == b"after\r\n"
    client.connections.tell_news()
    assert client.socket.take() == b"news\r\n"
    client.say(b"QUIT\r\n")
    client.session.news.append(b"too late\r\n")
    client.connections.tell_news()
    assert client.socket.take() == b""


def test_one_that_cannot_be_told_does_not_keep_news_from_others(
    caplog: pytest.LogCaptureFixture,
) -> None:
    connections = Connections(Limits(), Clock())
    faulty, other = Client(connections=connections), Client(connections=connections)
    faulty.session.has_news = lambda: bool(1 // 0)  # type: ignore[method-assign]  # raises
    other.session.news.append(b"news\r\n")
    connections.tell_news()
    assert faulty.socket.was_aborted()
    assert other.socket.take() == b"news\r\n"
    assert "could not be told" in caplog.text
