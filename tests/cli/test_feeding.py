"""A peer feeds a server that runs: what it is told is stored, is, and is served soon."""

from __future__ import annotations

import contextlib
import signal
from functools import partial
from typing import TYPE_CHECKING

import pytest

from tests.cli.programs import Program, Reader, reader, until
from tests.nntp.world import article, takethis

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

FACES = '[nntp]\nlisten = "127.0.0.1:0"\n[imap]\nlisten = "none"\n[web]\nlisten = "none"\n'
PEERS = '[peers.near]\nhosts = ["127.0.0.1"]\nlists = "lists.*"\ncreate = true\n'


@pytest.fixture
def config(tmp_path: Path) -> Path:
    path = tmp_path / "listgate.toml"
    path.write_text(FACES + PEERS)
    return path


def fed(own: str) -> bytes:
    return takethis(own, article(own, groups="lists.fed"))


def is_answered(peer: Reader, command: str, answer: str) -> bool:
    return peer.ask(command) == answer


def test_what_is_taken_is_served_within_a_moment(
    program: Callable[..., Program], config: Path
) -> None:
    running = program("serve", "--config", str(config))
    with reader(running.port()) as peer:
        for number in range(1, 6):
            peer.socket.sendall(fed(f"m{number}"))
            assert peer.line() == f"239 <m{number}@x.example>"
            assert peer.ask(f"CHECK <m{number}@x.example>") == f"438 <m{number}@x.example>"
            shown = f"211 {number} 1 {number} lists.fed"
            until(partial(is_answered, peer, "GROUP lists.fed", shown))
        assert peer.ask("IHAVE <last@x.example>").startswith("335 ")
        peer.socket.sendall(article("last", groups="lists.fed") + b".\r\n")
        assert peer.line() == "235 article stored"
        until(partial(is_answered, peer, "STAT <last@x.example>", "223 6 <last@x.example>"))
    assert running.end() == 0
    assert running.errors == ""


def test_peers_are_read_again_on_request(program: Callable[..., Program], config: Path) -> None:
    config.write_text(FACES)
    running = program("serve", "--config", str(config))
    with reader(running.port()) as peer:
        assert peer.ask("MODE STREAM") == "502 articles are taken from peers only"
        config.write_text(FACES + PEERS)
        running.process.send_signal(signal.SIGHUP)
        until(lambda: "reloaded" in running.errors)
        assert peer.ask("MODE STREAM") == "203 streaming permitted"
        peer.socket.sendall(fed("m"))
        assert peer.line() == "239 <m@x.example>"
        config.write_text(FACES + PEERS.replace("127.0.0.1", "192.0.2.1"))
        running.process.send_signal(signal.SIGHUP)
        until(lambda: running.errors.count("reloaded") == 2)
        assert peer.ask("CHECK <m@x.example>") == "502 articles are taken from peers only"
    assert running.end() == 0


@pytest.mark.parametrize("told", [1, 40, 150])
def test_what_a_peer_was_told_is_stored_outlives_any_end(
    program: Callable[..., Program], config: Path, told: int
) -> None:
    running = program("serve", "--config", str(config))
    stored = []
    with reader(running.port()) as peer:
        peer.socket.sendall(b"".join(fed(f"m{number}") for number in range(400)))
        for _ in range(told):
            code, message_id = peer.line().split()
            assert code == "239"
            stored.append(message_id)
        running.end(signal.SIGKILL)
        with contextlib.suppress(OSError):  # what it said before it ended
            stored += [line.split()[1] for line in iter(peer.line, "") if line.startswith("239 <")]
    again = program("serve", "--config", str(config))
    with reader(again.port()) as peer:
        for message_id in stored:
            assert peer.ask(f"CHECK {message_id}") == f"438 {message_id}"
        peer.socket.sendall(b"".join(fed(f"m{number}") for number in range(400)))
        answers = [peer.line().split()[0] for _ in range(400)]
        assert set(answers) <= {"239", "439"}
        assert answers.count("439") >= len(stored)
        until(partial(is_answered, peer, "GROUP lists.fed", "211 400 1 400 lists.fed"))
    assert again.end() == 0
