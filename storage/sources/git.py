"""Git repositories, read and never obeyed: they may come from anybody.

Refs are read here, without a process; objects by git's plumbing, which is given a git directory of our own and the way
to the foreign objects only. Nothing of a repository becomes an argument but names of objects, in hexadecimal digits.
"""

from __future__ import annotations

import os
import re
from collections import deque
from contextlib import contextmanager
from dataclasses import dataclass
from typing import IO, TYPE_CHECKING, Final, NamedTuple, TypeVar

from storage.errors import SourceError
from storage.sources.base import CHUNK, MAX_MESSAGE, shown
from storage.sources.gitblobs import WINDOW, Blobs, Lost
from storage.sources.gitprogram import complaint, isolated, output, running

if TYPE_CHECKING:
    import subprocess
    from collections.abc import Iterable, Iterator, Mapping, Sequence

__all__ = ["Change", "Lost", "Reading", "Repository"]

MAX_REFS: Final = 64 << 20
"""Octets of the file of packed refs that are looked at: half a million refs."""

MAX_REF: Final = 4096
"""Octets of one ref's file that are looked at."""

MAX_LINKS: Final = 5
"""How many symbolic refs may lead from one to the next, as in git."""

MAX_LINE: Final = 4096
"""Octets of a line of git's output that are looked at; those that tell of mail are far shorter."""

MAX_SHALLOW: Final = 1 << 20
"""Octets of the list of commits at which a shallow clone was cut off."""

_HASH: Final = re.compile(r"[0-9a-f]{40}(?:[0-9a-f]{24})?")
_SHA256_DIGITS: Final = 64
_SHA256: Final = (
    b"[core]\nrepositoryformatversion = 1\nbare = true\n[extensions]\nobjectformat = sha256\n"
)
_REF: Final = re.compile(r"refs(?:/(?!\.)[^\x00- \x7f~^:?*\[\\/]++)++")
_COMMIT: Final = re.compile(rb"([0-9a-f]{40,64}) ([0-9]{1,18})? ?(.*)\n")
_CHANGE: Final = re.compile(
    rb":([0-7]{6}) ([0-7]{6}) ([0-9a-f]{40,64}) ([0-9a-f]{40,64}) ([A-Z])[0-9]*\t(.+)\n"
)
_BESIDE: Final = (".idx", ".rev", ".bitmap", ".keep", ".promisor", ".mtimes")
"""What the files end with that lie beside packs."""
_FILES: Final = (b"100644", b"100755")

T = TypeVar("T")


class Change(NamedTuple):
    """What a commit did to a file: ``status`` is ``A``, ``M`` or ``D``, ``blob`` what the file is, or was until then.

    ``committed`` is the committer's time, None where there is none; ``note`` what the trailer says that was asked for.
    """

    commit: str
    committed: int | None
    note: str
    status: str
    blob: str
    path: str


class _Commit(NamedTuple):
    name: str
    committed: int | None
    note: str


class Repository:
    """A git directory, wherever it came from."""

    def __init__(self, path: str) -> None:
        self.path = path
        self._packed: tuple[tuple[int, ...], Mapping[str, str]] = ((), {})

    @classmethod
    def at(cls, folder: str) -> Repository | None:
        """Return the repository whose git directory or work tree a folder is, or None."""
        for path in (folder, os.path.join(folder, ".git")):
            parts = (os.path.join(path, part) for part in ("objects", "refs"))
            if os.path.isfile(os.path.join(path, "HEAD")) and all(map(os.path.isdir, parts)):
                return cls(path)
        return None

    def tip(self) -> str | None:
        """Return the newest commit, which HEAD names; None where there is none yet."""
        text = self._read("HEAD")
        for _ in range(MAX_LINKS):
            if _HASH.fullmatch(text):
                return text
            ref = text.removeprefix("ref:").strip()
            if ref == text or not _REF.fullmatch(ref):
                return None
            text = self._read(ref) or self._packed_refs().get(ref, "")
        return None

    @property
    def octets(self) -> int:
        """How many octets its objects have, packed and loose."""
        objects = os.path.join(self.path, "objects")
        loose = (f"{number:02x}" for number in range(256))
        return sum(_octets(os.path.join(objects, part)) for part in ("pack", *loose))

    @contextmanager
    def reading(self) -> Iterator[Reading]:
        """Open it to read objects; whatever was started for that has ended when the block ends.

        Raises:
            SourceError: there is no room for temporary files.
        """
        with isolated(self.path) as own:
            shallow = _contents(os.path.join(self.path, "shallow"), MAX_SHALLOW)
            if shallow:
                _write(os.path.join(own, "shallow"), shallow)
            if len(self.tip() or "") == _SHA256_DIGITS:
                _write(os.path.join(own, "config"), _SHA256)
            objects = os.path.join(os.path.abspath(self.path), "objects")
            env = {"GIT_DIR": own, "GIT_OBJECT_DIRECTORY": objects}
            yield Reading(shown(self.path), own, env)

    def _read(self, name: str) -> str:
        """Return what a ref's file says; empty where there is none."""
        octets = _contents(os.path.join(self.path, name), MAX_REF)
        return octets.decode("ascii", "replace").strip()

    def _packed_refs(self) -> Mapping[str, str]:
        """Return the refs that lie together in one file, which is read when it is another than before."""
        path = os.path.join(self.path, "packed-refs")
        try:
            status = os.stat(path)
        except OSError:
            return {}
        mark = status.st_ino, status.st_size, status.st_mtime_ns
        if mark != self._packed[0]:
            self._packed = mark, _packed(_contents(path, MAX_REFS).decode("ascii", "replace"))
        return self._packed[1]


@dataclass(frozen=True, slots=True)
class Reading:
    """A repository opened to read; commits are given as ``Repository.tip`` and ``changes`` give them."""

    label: str
    own: str
    env: Mapping[str, str]

    def is_ancestor(self, commit: str, tip: str) -> bool:
        """Tell whether a commit is there, and in the history of another."""
        with self._git("merge-base", "--is-ancestor", commit, tip) as process:
            return process.wait() == 0

    def count(self, after: str, tip: str) -> int:
        """Return how many commits there are, behind ``after`` where that is not empty.

        Raises:
            SourceError: the history is broken.
        """
        with self._git("rev-list", "--count", "--first-parent", *_range(after, tip)) as process:
            text = output(process).read(MAX_LINE)
            self._see_it_ended_well(process, "rev-list")
        return int(text)

    def touches(self, tip: str, *paths: str) -> bool:
        """Tell whether a commit in the history changed one of these files.

        Raises:
            SourceError: the history is broken.
        """
        with self._git("rev-list", "-1", "--first-parent", tip, "--", *paths) as process:
            found = output(process).read(MAX_LINE)
            self._see_it_ended_well(process, "rev-list")
        return bool(found)

    def tree(self, commit: str) -> Sequence[tuple[str, str]]:
        """Return the kinds and names of what lies in a commit's topmost folder; of a huge one, the beginning.

        Raises:
            SourceError: it is broken.
        """
        with self._git("ls-tree", commit, "--") as process:
            lines = output(process).read(CHUNK).decode("utf-8", "replace").split("\n")[:-1]
            if not output(process).read(1):
                self._see_it_ended_well(process, "ls-tree")
        heads = (line.partition("\t") for line in lines)
        return [(head.split(" ")[1], name) for head, _, name in heads if " " in head]

    def note(self, commit: str, trailer: str) -> str:
        """Return what a trailer of a commit's text says; empty where it has none.

        Raises:
            SourceError: the commit is broken.
        """
        with self._git("log", "-1", f"--format={_trailer(trailer)}", commit, "--") as process:
            line = output(process).read(MAX_LINE)
            self._see_it_ended_well(process, "log")
        return line.decode("utf-8", "replace").strip()

    def changes(self, after: str, tip: str, trailer: str = "") -> Iterator[Change]:
        """Yield what the commits did to files, oldest first, behind ``after`` where that is not empty.

        Where lines of history were merged, the first parent's is followed. ``trailer`` names what becomes the notes.

        Raises:
            SourceError: the history is broken; what came before is sound.
        """
        order = ("--first-parent", "-m", "--reverse", "--root", "--no-show-signature", "--no-notes")
        head = f"--format=%H %ct {_trailer(trailer)}" if trailer else "--format=%H %ct"
        shape = ("--raw", "-r", "--no-abbrev", "--no-renames", head)
        with self._git("log", *order, *shape, *_range(after, tip)) as process:
            commit = _Commit("", None, "")
            for line in _lines(output(process)):
                if found := _CHANGE.fullmatch(line):
                    if (change := _change(commit, found)) is not None:
                        yield change
                elif found := _COMMIT.fullmatch(line):
                    when = None if found[2] is None else int(found[2])
                    commit = _Commit(found[1].decode(), when, found[3].decode("utf-8", "replace"))
            self._see_it_ended_well(process, "log")

    def blobs(
        self, wanted: Iterable[tuple[str, T]], max_octets: int = MAX_MESSAGE
    ) -> Iterator[tuple[T, bytes | Lost]]:
        """Yield the octets of blobs, in order, each with what came along with its name.

        Raises:
            SourceError: the repository as a whole is broken.
        """
        with Blobs(self.label, self.own, self.env, max_octets) as blobs:
            companions: deque[T] = deque()
            for name, companion in wanted:
                blobs.ask(name)
                companions.append(companion)
                if len(companions) >= WINDOW:
                    yield companions.popleft(), blobs.answer()
            while companions:
                yield companions.popleft(), blobs.answer()

    @contextmanager
    def _git(self, *arguments: str) -> Iterator[subprocess.Popen[bytes]]:
        with running(self.label, self.own, arguments, self.env) as process:
            yield process

    def _see_it_ended_well(self, process: subprocess.Popen[bytes], command: str) -> None:
        if process.wait():
            raise SourceError(
                f"{self.label}: git cannot read it ({complaint(self.own, command)}): "
                "run 'git fsck' there, or fetch it again"
            )


def _contents(path: str, limit: int) -> bytes:
    """Return the beginning of a file, or nothing where there is none; nobody is waited for where it is a pipe."""
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
        with open(descriptor, "rb") as file:
            return file.read(limit) or b""
    except OSError:
        return b""


def _octets(folder: str) -> int:
    """Return how many octets the files in a folder have that hold objects."""
    try:
        with os.scandir(folder) as entries:
            names = [each for each in entries if not each.name.endswith(_BESIDE)]
            return sum(each.stat().st_size for each in names)
    except OSError:  # there is none, or a file went away: it is a measure only
        return 0


def _packed(text: str) -> Mapping[str, str]:
    """Return the refs that a file of packed refs tells of."""
    lines = (line.partition(" ") for line in text.split("\n") if not line.startswith(("#", "^")))
    return {ref: name for name, _, ref in lines if ref}


def _range(after: str, tip: str) -> tuple[str, ...]:
    return (f"{after}..{tip}" if after else tip, "--")


def _trailer(name: str) -> str:
    return f"%(trailers:key={name},valueonly,separator=%x2C)"


def _change(commit: _Commit, found: re.Match[bytes]) -> Change | None:
    """Return what a line tells; None where it is not about a file."""
    old_mode, new_mode, old, new, status, path = found.groups()
    mode, blob = (old_mode, old) if status == b"D" else (new_mode, new)
    if mode not in _FILES:
        return None
    name = path.decode("utf-8", "backslashreplace")
    return Change(*commit, status.decode(), blob.decode(), name)


def _lines(pipe: IO[bytes]) -> Iterator[bytes]:
    """Yield lines; those that are too long to tell of mail are passed over."""
    while line := pipe.readline(MAX_LINE):
        if line.endswith(b"\n"):
            yield line
            continue
        while line and not line.endswith(b"\n"):
            line = pipe.readline(MAX_LINE)


def _write(path: str, octets: bytes) -> None:
    with open(path, "wb") as file:
        file.write(octets)
