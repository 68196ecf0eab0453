"""Several processes that serve the same faces: one is replaced, all reload, a new version takes over."""

from __future__ import annotations

import contextlib
import os
import re
import signal
import socket
import threading
from pathlib import Path
from typing import TYPE_CHECKING, Final

import pytest

from tests.cli.conftest import put
from tests.cli.programs import Reader, is_running, reader, until
from tests.mail import mail

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.cli.programs import Program

NNTP: Final = ("--nntp", "127.0.0.1:0", "--imap", "none", "--web", "none")


def workers(program: Program) -> list[int]:
    """Return the processes that serve, in the order they began."""
    children = Path(f"/proc/{program.process.pid}/task/{program.process.pid}/children")
    return [pid for pid in map(int, children.read_text().split()) if is_worker(pid)]


def is_worker(pid: int) -> bool:
    """Tell whether a process has the command line of who started it, as only those have that were not begun anew."""
    with contextlib.suppress(FileNotFoundError, ProcessLookupError):
        return b"gateway.cli" in Path(f"/proc/{pid}/cmdline").read_bytes()
    return False


def greeted(port: int) -> str:
    with reader(port) as client:
        return client.ask("GROUP l")


@pytest.fixture
def source(tmp_path: Path) -> str:
    return put(tmp_path / "l", mail("1"), mail("2"))


def test_each_worker_serves(program: Callable[..., Program], source: str) -> None:
    running = program("serve", *NNTP, "--workers", "3", source)
    port = running.port()
    until(lambda: len(workers(running)) == 3)
    for _ in range(20):
        assert greeted(port) == "211 2 1 2 l"
    assert running.end() == 0


def test_a_worker_that_dies_is_replaced_and_its_end_is_told(
    program: Callable[..., Program], source: str
) -> None:
    running = program("serve", *NNTP, "--workers", "2", source)
    port = running.port()
    until(lambda: len(workers(running)) == 2)  # not one that is to follow sources and not begun
    first, second = workers(running)
    os.kill(first, signal.SIGSEGV)
    until(lambda: "worker 1 was ended by SIGSEGV; another takes its place" in running.errors)
    until(lambda: len(workers(running)) == 2 and first not in workers(running))
    assert second in workers(running)
    for _ in range(20):
        assert greeted(port) == "211 2 1 2 l"
    assert running.end() == 0


def test_workers_end_with_the_process_that_watches(
    program: Callable[..., Program], source: str
) -> None:
    running = program("serve", *NNTP, "--workers", "2", source)
    running.port()
    until(lambda: len(workers(running)) == 2)
    both = workers(running)
    running.end(signal.SIGKILL)
    until(lambda: not any(map(is_running, both)))


def test_a_second_signal_cuts_what_ends_in_order(
    program: Callable[..., Program], source: str, tmp_path: Path
) -> None:
    config = tmp_path / "listgate.toml"
    config.write_text("[limits]\ndrain_seconds = 300\n")
    running = program("--config", str(config), "serve", *NNTP, "--workers", "2", source)
    with reader(running.port()):
        running.process.send_signal(signal.SIGINT)
        assert running.end(signal.SIGINT) == 0


def test_all_workers_reload(program: Callable[..., Program], source: str, tmp_path: Path) -> None:
    config = tmp_path / "listgate.toml"
    config.write_text("")
    running = program("--config", str(config), "serve", *NNTP, "--workers", "2", source)
    port = running.port()
    config.write_text("[lists.l]\nreaders = []\n[users]\n")
    running.process.send_signal(signal.SIGHUP)
    until(lambda: "listgate: reloaded" in running.errors)
    assert {greeted(port) for _ in range(20)} == {"411 no such newsgroup"}
    config.write_text("nonsense")
    running.process.send_signal(signal.SIGHUP)
    until(lambda: "not reloaded, what was read before stays in force" in running.errors)
    assert running.end() == 0


def test_a_new_version_takes_over_and_refuses_nobody(
    program: Callable[..., Program], source: str
) -> None:
    running = program("serve", *NNTP, "--workers", "2", source)
    port = running.port()
    stop = threading.Event()
    faults: list[str] = []
    count = 0

    def connect_again_and_again() -> None:
        nonlocal count
        while not stop.is_set():
            try:
                with socket.create_connection(("127.0.0.1", port), 10) as way:
                    greeting = way.recv(100)
                if not greeting.startswith((b"200 ", b"201 ")):
                    faults.append(greeting.decode())
            except OSError as error:
                faults.append(str(error))
            count += 1

    busy = threading.Thread(target=connect_again_and_again)
    busy.start()
    try:
        running.process.send_signal(signal.SIGUSR2)
        assert running.process.wait(20) == 0
        before = count
        until(lambda: count > before + 50)
    finally:
        stop.set()
        busy.join()
    assert not faults
    assert greeted(port) == "211 2 1 2 l"
    (taken_over,) = map(int, re.findall(r"process ([0-9]+) is to take over", running.errors))
    os.kill(taken_over, signal.SIGTERM)
    until(lambda: not is_running(taken_over))


@pytest.mark.parametrize("count", ["0", "-1"])
def test_no_workers_are_refused(program: Callable[..., Program], count: str) -> None:
    running = program("serve", *NNTP, f"--workers={count}")
    assert running.process.wait(20) == 1
    assert running.errors == f"listgate: --workers: expected 1 or more, not {count}\n"


def test_the_service_manager_is_told(
    program: Callable[..., Program], source: str, tmp_path: Path
) -> None:
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as manager:
        manager.bind(str(tmp_path / "notify"))
        manager.settimeout(20)
        running = program(
            "serve", *NNTP, "--workers", "2", source, NOTIFY_SOCKET=str(tmp_path / "notify")
        )
        assert manager.recv(100) == b"READY=1"
        running.process.send_signal(signal.SIGHUP)
        assert [manager.recv(100), manager.recv(100)] == [b"RELOADING=1", b"READY=1"]
        assert running.end() == 0
        assert manager.recv(100) == b"STOPPING=1"


def test_a_local_socket_is_shared_and_its_file_goes_with_the_server(
    program: Callable[..., Program], source: str, tmp_path: Path
) -> None:
    path = tmp_path / "nntp"
    running = program(
        "serve", "--nntp", f"unix:{path}:mode=600", "--imap", "none", "--web", "none", "--workers", "2", source,
    )  # fmt: skip  # a command line
    assert running.line() == f"local: unix:{path}:mode=600"
    assert path.stat().st_mode & 0o777 == 0o600
    with socket.socket(socket.AF_UNIX) as way:
        way.connect(str(path))
        client = Reader(way)
        assert client.line().startswith("201 ")
        assert client.ask("GROUP l") == "211 2 1 2 l"
        client.close()
    assert running.end() == 0
    assert not path.exists()
    again = program("serve", "--nntp", f"unix:{path}", "--imap", "none", "--web", "none")
    assert again.line() == f"local: unix:{path}"
    assert again.end() == 0
