"""The program ``git``, run so that nothing but its arguments tells it what to do.

It is given a git directory of our own: no configuration, hook, graft, replacement or attribute of this machine or of
a foreign repository has any effect, and no protocol is allowed unless the caller allows it.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
from contextlib import contextmanager, suppress
from typing import IO, TYPE_CHECKING, Final

from storage.errors import SourceError
from storage.sources.base import CHUNK, shown

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

__all__ = [
    "MAX_GIST",
    "QUIET",
    "complaint",
    "gist",
    "isolated",
    "output",
    "printable",
    "running",
    "start",
    "stop",
]

MAX_GIST: Final = 300
"""Characters of git's own words that are passed on."""

QUIET: Final = {
    "LC_ALL": "C",
    "GIT_ALLOW_PROTOCOL": "none",
    "GIT_ATTR_NOSYSTEM": "1",
    "GIT_CONFIG_GLOBAL": os.devnull,
    "GIT_CONFIG_NOSYSTEM": "1",
    "GIT_CONFIG_SYSTEM": os.devnull,
    "GIT_NO_LAZY_FETCH": "1",
    "GIT_NO_REPLACE_OBJECTS": "1",
    "GIT_OPTIONAL_LOCKS": "0",
    "GIT_PROTOCOL_FROM_USER": "0",
    "GIT_TERMINAL_PROMPT": "0",
}
"""The environment in which git is run, beside the search path."""

_INHERITED: Final = ("PATH", "TMPDIR")


@contextmanager
def isolated(label: str) -> Iterator[str]:
    """Make a git directory of our own, with nothing in it; it is gone when the block ends.

    Raises:
        SourceError: there is no room for it.
    """
    own = ""
    try:
        own = tempfile.mkdtemp(prefix="listgate-git-")
        for part in ("objects", "refs"):
            os.mkdir(os.path.join(own, part))
        with open(os.path.join(own, "HEAD"), "wb") as file:
            file.write(b"ref: refs/heads/none\n")
    except OSError as error:
        shutil.rmtree(own, ignore_errors=True)
        raise SourceError(
            f"{shown(label)}: no temporary folder can be made ({error.strerror}): make room, or set TMPDIR"
        ) from error
    try:
        yield own
    finally:
        shutil.rmtree(own, ignore_errors=True)


@contextmanager
def running(
    label: str, own: str, arguments: Sequence[str], env: Mapping[str, str]
) -> Iterator[subprocess.Popen[bytes]]:
    """Run git as ``start`` does; it has ended when the block ends."""
    process = start(label, own, arguments, env)
    try:
        yield process
    finally:
        stop(process)


def start(
    label: str, own: str, arguments: Sequence[str], env: Mapping[str, str]
) -> subprocess.Popen[bytes]:
    """Start git; what it says on stderr is kept in the folder ``own``, for ``complaint``.

    Raises:
        SourceError: it cannot be run.
    """
    try:
        with open(_stderr(own, arguments[0]), "wb") as stderr:
            return subprocess.Popen(  # noqa: S603 - no shell, and no argument comes from a repository
                ("git", "--no-pager", *arguments),  # noqa: S607 - wherever it is installed
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=stderr,
                bufsize=CHUNK,
                env={**_inherited(), **QUIET, **env},
                start_new_session=True,  # an interrupt from the keyboard is for us
            )
    except OSError as error:
        raise SourceError(
            f"{shown(label)}: it needs the program 'git', which cannot be run ({error.strerror}): install git"
        ) from error


def stop(process: subprocess.Popen[bytes]) -> None:
    """End a process, if it has not ended, and let go of its pipes."""
    process.kill()
    process.wait()
    for pipe in (process.stdin, process.stdout):
        if pipe is not None:
            with suppress(BrokenPipeError):
                pipe.close()


def output(process: subprocess.Popen[bytes]) -> IO[bytes]:
    """Return what the process's output is read from."""
    assert process.stdout is not None
    return process.stdout


def complaint(own: str, command: str) -> str:
    """Return why git gave up, the last time that it was started to do this in ``own``."""
    with open(_stderr(own, command), "rb") as file:
        return gist(file.read(CHUNK))


def gist(said: bytes) -> str:
    """Return what matters of what git said on stderr, as one line."""
    lines = [printable(line) for line in said.splitlines()]
    grave = [line for line in lines if line.startswith(("fatal: ", "error: "))] or lines
    text = grave[-1] if grave else "it does not say why"
    return text.removeprefix("fatal: ").removeprefix("error: ")[:MAX_GIST]


def printable(said: bytes) -> str:
    """Return what git said, where a foreign server may have had a say, without what moves a cursor."""
    text = said.decode("utf-8", "backslashreplace")
    return "".join([character if character.isprintable() else " " for character in text])


def _inherited() -> dict[str, str]:
    return {key: os.environ[key] for key in _INHERITED if key in os.environ}


def _stderr(own: str, command: str) -> str:
    return os.path.join(own, f"stderr-{command}")
