"""Programs of other people: finding them, and running them in a home of their own."""

from __future__ import annotations

import os
import pty
import shutil
import socket
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final

import pytest

from tests.cli.programs import until

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

__all__ = ["NEWS_BIN", "Home", "needs", "reachable", "unused_port"]

NEWS_BIN: Final = "/usr/lib/news/bin"
"""Where Debian's inn2 keeps its programs."""

_PATIENCE: Final = 60
"""Seconds that a program may take."""


def needs(*programs: str) -> pytest.MarkDecorator:
    """Skip a test where one of the programs is not installed, and say which."""
    missing = [name for name in programs if shutil.which(name, path=_path()) is None]
    return pytest.mark.skipif(bool(missing), reason=f"not installed: {', '.join(missing)}")


def unused_port() -> int:
    """Return a port on which nobody listens."""
    with socket.create_server(("127.0.0.1", 0)) as found:
        port: int = found.getsockname()[1]
    return port


def reachable(port: int, process: subprocess.Popen[bytes]) -> bool:
    """Wait for a server to listen on a port; tell whether it does, or has ended."""

    def is_listening() -> bool:
        try:
            socket.create_connection(("127.0.0.1", port), timeout=_PATIENCE).close()
        except ConnectionRefusedError:
            return False
        return True

    until(lambda: process.poll() is not None or is_listening(), _PATIENCE)
    return process.poll() is None


@dataclass(frozen=True, slots=True)
class Home:
    """An empty home folder, and programs that run in it."""

    folder: Path

    def __truediv__(self, name: str) -> Path:
        return self.folder / name

    def write(self, name: str, text: str) -> Path:
        """Write a file, its folders as well; return its path."""
        path = self.folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
        return path

    def inn_conf(self) -> str:
        """Write as much of a configuration as INN's programs want; return its path."""
        settings = {
            "domain": "x.example",
            "enableoverview": "false",
            "hismethod": "hisv6",
            "mta": "/bin/true",
            "pathnews": "/usr/lib/news",
        }
        text = "".join(f"{key}: {value}\n" for key, value in settings.items())
        return str(self.write("inn.conf", text))

    def run(self, *command: str | Path, said: str | bytes = b"", **variables: str) -> bytes:
        """Run a program to its end; return what it wrote, errors as well."""
        done = subprocess.run(
            command,
            input=said.encode() if isinstance(said, str) else said,
            cwd=self.folder,
            env=self._environment(variables),
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            timeout=_PATIENCE,
            check=False,
        )
        return done.stdout

    def run_on_terminal(self, *command: str | Path, keys: str = "", at: str = "") -> str:
        """Run a program on a terminal to its end, type ``keys`` when it shows ``at``; return what it showed."""
        return self.converse(*command, answers=[(at, keys)] if keys else [])

    def converse(self, *command: str | Path, answers: Iterable[tuple[str, str]]) -> str:
        """Run a program on a terminal to its end; return what it showed.

        ``answers`` are what to wait for, and what to type then, in order.
        """
        ours, theirs = pty.openpty()
        with subprocess.Popen(
            ("timeout", str(_PATIENCE), *command),
            cwd=self.folder,
            env=self._environment({"TERM": "xterm"}),
            stdin=theirs,
            stdout=theirs,
            stderr=theirs,
            start_new_session=True,
        ):
            os.close(theirs)
            return _converse(ours, answers).decode(errors="replace")

    def _environment(self, variables: Mapping[str, str]) -> Mapping[str, str]:
        return {"HOME": str(self.folder), "PATH": _path(), "LANG": "C.UTF-8", **variables}


def _path() -> str:
    return os.pathsep.join([os.environ.get("PATH", os.defpath), NEWS_BIN])


def _converse(terminal: int, answers: Iterable[tuple[str, str]]) -> bytes:
    shown, seen = b"", 0
    left = [(at.encode(), keys.encode()) for at, keys in answers]
    with open(terminal, "r+b", buffering=0) as screen:
        while True:
            try:
                piece = screen.read(1 << 16)
            except OSError:  # Linux: nobody is on the other side any more
                return shown
            shown += piece
            while left and (found := shown.find(left[0][0], seen)) >= 0:
                at, keys = left.pop(0)
                seen = found + len(at)
                screen.write(keys)
