"""Blobs out of a git repository, in order, by a process that is asked ahead, and replaced when it dies of one.

What git gives is believed where its digest is the name that was asked for: of an object that lies about its size, git
gives fewer octets than it says, and the next answer in their place.
"""

from __future__ import annotations

import hashlib
import os
import re
import select
from collections import deque
from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, Self

from storage.errors import SourceError
from storage.sources.content import too_large
from storage.sources.gitprogram import complaint, output, start, stop

if TYPE_CHECKING:
    import subprocess
    from collections.abc import Mapping

__all__ = ["WINDOW", "Blobs", "Lost"]

WINDOW: Final = 48
"""Blobs asked for ahead of their answers: the requests fit into the smallest pipe, so that writing never waits."""

MAX_DEATHS: Final = 100
"""How often git may die without giving a blob in between before the repository as a whole is taken for broken."""

PATIENCE: Final = 60.0
"""How many seconds git may think about a blob; one that waits for us in return would wait for ever."""

_AT_ONCE: Final = 1 << 18
"""Octets read at a time."""

MAX_HEAD: Final = 256
"""Octets of the line before a blob."""

_COMMAND: Final = "cat-file"
_DIED: Final = 128
"""The exit code of git when it gives up by itself."""

_SHA256_DIGITS: Final = 64
_ANSWER: Final = re.compile(rb"[0-9a-f]{40,64} ([a-z]+) ([0-9]{1,18})\n")


@dataclass(frozen=True, slots=True)
class Lost:
    """Why a blob is not to be had."""

    why: str


class Blobs:
    """The blobs of a repository; ``own`` and ``env`` are what git is started with."""

    def __init__(self, label: str, own: str, env: Mapping[str, str], max_octets: int) -> None:
        self._label = label
        self._own = own
        self._env = env
        self._max_octets = max_octets
        self._pending: deque[str] = deque()
        self._process: subprocess.Popen[bytes] | None = None
        self._pipe = _Pipe(-1)
        self._deaths = 0
        self._died_of_first = False

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._end()

    def ask(self, name: str) -> None:
        """Ask for a blob; no more than ``WINDOW`` are to be under way."""
        self._pending.append(name)
        if self._process is not None:
            self._send(self._process, name)

    def answer(self) -> bytes | Lost:
        """Return the octets of the first blob of those that were asked for and not answered.

        Raises:
            SourceError: git cannot be run, or the repository as a whole is broken.
        """
        found: bytes | Lost | None = None
        while found is None:
            if self._process is None:
                self._process = start(self._label, self._own, (_COMMAND, "--batch"), self._env)
                self._pipe = _Pipe(output(self._process).fileno())
                self._send(self._process, *self._pending)
            try:
                found = self._read(self._pending[0])
                self._deaths = 0
            except _Ended:
                found = self._bury(self._process)
        self._pending.popleft()
        self._died_of_first = False
        return found

    def _send(self, process: subprocess.Popen[bytes], *names: str) -> None:
        assert process.stdin is not None
        with suppress(BrokenPipeError):  # it died: that is noticed when the answer is read
            process.stdin.write("".join(f"{name}\n" for name in names).encode())
            process.stdin.flush()

    def _read(self, name: str) -> bytes | Lost:
        """Read one answer.

        Raises:
            _Ended: git died over it, or has stopped.
        """
        head = self._pipe.line()
        if head == b"%b missing\n" % name.encode():
            return Lost(
                f"blob {name} is missing in the repository: fetch it there, "
                f"then run 'git cat-file blob {name} | listgate import LIST -'"
            )
        found = _ANSWER.fullmatch(head)
        if found is None:
            raise _Ended
        kind, size = found[1], int(found[2])
        if kind != b"blob" or size > self._max_octets:
            self._end()  # rather than read what nobody wants
            return Lost(too_large(self._max_octets) if kind == b"blob" else "it is no file")
        octets = self._pipe.take(size + 1)[:-1]
        if _name(octets, len(name)) != name:
            self._end()
            return Lost(f"blob {name} is damaged in the repository: run 'git fsck' there")
        return octets

    def _bury(self, process: subprocess.Popen[bytes]) -> Lost | None:
        """Tell why the first blob is lost, where git died over it a second time."""
        code = _DIED if process.poll() is None and self._pipe.is_silent else process.wait()
        said = complaint(self._own, _COMMAND)
        self._end()
        self._deaths += 1
        if code != _DIED or self._deaths > MAX_DEATHS:
            raise SourceError(
                f"{self._label}: git ended while it read messages (code {code}, {said}): "
                "try again; if that does not help, run 'git fsck' there and fetch it again"
            )
        lost, self._died_of_first = self._died_of_first, True
        return Lost(f"git cannot read it ({said})") if lost else None

    def _end(self) -> None:
        if self._process is not None:
            stop(self._process)
            self._process = None


class _Ended(Exception):
    """There is no more to read, though there should be."""


class _Pipe:
    """What a process writes; ``is_silent`` once it has written nothing for too long."""

    def __init__(self, descriptor: int) -> None:
        self._descriptor = descriptor
        self._octets = bytearray()
        self.is_silent = False

    def line(self) -> bytes:
        """Return a line with its end; what is longer than any that git writes here comes without."""
        while (end := self._octets.find(b"\n")) < 0 and len(self._octets) < MAX_HEAD:
            self._fill()
        return self.take(min(end + 1, MAX_HEAD) or MAX_HEAD)

    def take(self, count: int) -> bytes:
        """Return so many octets.

        Raises:
            _Ended: there are fewer.
        """
        while len(self._octets) < count:
            self._fill()
        taken = bytes(self._octets[:count])
        del self._octets[:count]
        return taken

    def _fill(self) -> None:
        ready, _, _ = select.select([self._descriptor], [], [], PATIENCE)
        self.is_silent = not ready
        octets = os.read(self._descriptor, _AT_ONCE) if ready else b""
        if not octets:
            raise _Ended
        self._octets += octets


def _name(octets: bytes, digits: int) -> str:
    """Return the name that git gives to a blob, by the digest whose names have so many digits."""
    make = hashlib.sha256 if digits == _SHA256_DIGITS else hashlib.sha1
    digest = make(b"blob %d\0" % len(octets), usedforsecurity=False)
    digest.update(octets)
    return digest.hexdigest()
