"""Blobs out of a git repository, in order, by a process that is asked ahead and replaced when it dies of one."""

from __future__ import annotations

import re
from collections import deque
from contextlib import suppress
from dataclasses import dataclass
from typing import IO, TYPE_CHECKING, Final, Self

from storage.errors import SourceError
from storage.sources.content import too_large
from storage.sources.gitprogram import complaint, output, start, stop

if TYPE_CHECKING:
    import subprocess
    from collections.abc import Mapping

__all__ = ["WINDOW", "Blobs", "Lost"]

WINDOW: Final = 48
"""Blobs asked for ahead of their answers: the requests fit into the smallest pipe, so that writing never waits."""

MAX_DEATHS: Final = 10
"""How often git may die without giving a blob in between before the repository as a whole is taken for broken."""

MAX_HEAD: Final = 256
"""Octets of the line before a blob."""

_COMMAND: Final = "cat-file"
_DIED: Final = 128
"""The exit code of git when it gives up by itself."""

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
                self._send(self._process, *self._pending)
            found = self._read(output(self._process))
            if found is None:
                found = self._bury(self._process)
            else:
                self._deaths = 0
        self._pending.popleft()
        self._died_of_first = False
        return found

    def _send(self, process: subprocess.Popen[bytes], *names: str) -> None:
        assert process.stdin is not None
        with suppress(BrokenPipeError):  # it died: that is noticed when the answer is read
            process.stdin.write("".join(f"{name}\n" for name in names).encode())
            process.stdin.flush()

    def _read(self, pipe: IO[bytes]) -> bytes | Lost | None:
        """Read one answer; None where git died over it."""
        line = pipe.readline(MAX_HEAD)
        if line.endswith(b" missing\n"):
            return Lost("its octets are missing in the repository")
        found = _ANSWER.fullmatch(line)
        if found is None:
            return None
        kind, size = found[1], int(found[2])
        if kind != b"blob" or size > self._max_octets:
            self._end()  # rather than read what nobody wants
            return Lost(too_large(self._max_octets) if kind == b"blob" else "it is no file")
        octets = pipe.read(size + 1)
        return octets[:-1] if len(octets) > size else None

    def _bury(self, process: subprocess.Popen[bytes]) -> Lost | None:
        """Tell why the first blob is lost, where git died over it a second time."""
        code = process.wait()
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
