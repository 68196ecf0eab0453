"""The command line as processes of their own, the connections to them, and the one way to wait for something."""

from __future__ import annotations

import os
import re
import select
import signal
import socket
import subprocess
import sys
import time
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Final, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

T = TypeVar("T")

ROOT: Final = Path(__file__).resolve().parents[2]
PATIENCE: Final = 20.0
"""Seconds after which what is waited for is taken never to come; far more than a busy machine needs."""


def until(condition: Callable[[], T], seconds: float = PATIENCE) -> T:
    """Wait for a condition to hold; return its value."""
    deadline = time.monotonic() + seconds
    while not (value := condition()):
        assert time.monotonic() < deadline, f"not so after {seconds} s"
        time.sleep(0.01)
    return value


def environment() -> dict[str, str]:
    """Return the environment in which the command line is run, without settings of the user's."""
    own = {key: value for key, value in os.environ.items() if key != "LISTGATE_ARCHIVE"}
    return own | {"PYTHONPATH": str(ROOT)}


def command(*arguments: str) -> list[str]:
    """Return the command line as the system wants it."""
    return [sys.executable, "-m", "gateway.cli", *arguments]


def ran(
    *arguments: str, cwd: Path, octets: bytes = b"", **settings: str
) -> subprocess.CompletedProcess[bytes]:
    """Run a command to its end, with ``settings`` added to its environment."""
    return subprocess.run(
        command(*arguments),
        cwd=cwd,
        env=environment() | settings,
        input=octets,
        capture_output=True,
        timeout=PATIENCE,
        check=False,
    )


class Program:
    """A command that runs on; its stderr goes to a file, so that it never waits for a reader."""

    def __init__(self, *arguments: str, cwd: Path, **settings: str) -> None:
        self._errors = cwd / f"stderr-{time.monotonic_ns()}"
        with self._errors.open("wb") as errors:
            self.process = subprocess.Popen(
                command(*arguments),
                cwd=cwd,
                env=environment() | settings,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=errors,
                bufsize=0,  # or else a line would be held here where ``select`` does not see it
            )

    @property
    def errors(self) -> str:
        """What it has said on stderr so far."""
        return self._errors.read_text()

    def line(self) -> str:
        """Return the next line it prints."""
        assert self.process.stdout is not None
        ready, _, _ = select.select([self.process.stdout], [], [], PATIENCE)
        line = self.process.stdout.readline() if ready else b""
        assert line, self.errors
        return line.decode().rstrip("\n")

    def port(self) -> int:
        """Return the port of the URL it prints next."""
        line = self.line()
        match = re.fullmatch(
            r"(?:news: nntp|mail: imap|web: http|metrics: http)s?://127\.0\.0\.1:([0-9]+)/", line
        )
        assert match, line
        return int(match[1])

    def end(self, number: signal.Signals = signal.SIGTERM) -> int:
        """Send a signal; return the exit code."""
        self.process.send_signal(number)
        return self.process.wait(PATIENCE)

    def descendants(self) -> list[int]:
        """Return the processes that it and its workers started for other work than serving."""
        own = self._children(self.process.pid)
        below = [pid for worker in own for pid in self._children(worker)]
        return [pid for pid in own + below if b"spawn_main" in _command_line(pid)]

    def close(self) -> None:
        """End it, whatever it does."""
        self.process.kill()
        self.process.wait(PATIENCE)
        for stream in (self.process.stdin, self.process.stdout):
            assert stream is not None
            stream.close()

    def _children(self, parent: int) -> list[int]:
        path = Path(f"/proc/{parent}/task/{parent}/children")
        try:
            return [int(pid) for pid in path.read_text().split()]
        except FileNotFoundError:  # it is gone
            return []


def is_running(pid: int) -> bool:
    """Tell whether a process is there, and not just waiting to be noticed as ended."""
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except (FileNotFoundError, ProcessLookupError):
        return False
    return state != "Z"


class Reader:
    """A newsreader, as far as these tests need one."""

    def __init__(self, connected: socket.socket) -> None:
        self.socket = connected
        self._lines = connected.makefile("rb")

    def line(self) -> str:
        """Return the next line."""
        return self._lines.readline().decode().removesuffix("\r\n")

    def ask(self, text: str) -> str:
        """Send a command; return the status line."""
        self.socket.sendall(text.encode() + b"\r\n")
        return self.line()

    def block(self) -> list[str]:
        """Return the lines that follow a status line."""
        return list(iter(self.line, "."))

    def close(self) -> None:
        """Hang up."""
        self._lines.close()
        self.socket.close()


@contextmanager
def reader(port: int) -> Iterator[Reader]:
    """Connect to a server, and pass over its greeting."""
    connected = Reader(socket.create_connection(("127.0.0.1", port), timeout=PATIENCE))
    try:
        assert connected.line().startswith("201 ")
        yield connected
    finally:
        connected.close()


def _command_line(pid: int) -> bytes:
    try:
        return Path(f"/proc/{pid}/cmdline").read_bytes()
    except (FileNotFoundError, ProcessLookupError):
        return b""
