"""The folder of a public-inbox of version 2, written: its epochs' repositories, filled by ``git fast-import``.

``git/0.git``, ``git/1.git`` … hold the commits; ``all.git`` lends readers the objects of all. While it is written,
``inbox.lock`` is held, as public-inbox's own writers hold it.
"""

from __future__ import annotations

import fcntl
from contextlib import ExitStack, suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from storage.errors import ArchiveError
from storage.sources.git import Lost, Repository
from storage.sources.gitprogram import complaint, isolated, start, stop
from storage.sources.public_inbox import ADDED, REMOVED, epochs_of

if TYPE_CHECKING:
    import subprocess
    from collections.abc import Iterator
    from pathlib import Path

    from storage.model import MailingList
    from storage.sources.git import Change, Reading

__all__ = ["Commit", "Epochs", "ExportError", "one_line"]

EPOCH_OCTETS: Final = 1_000_000_000
"""About how many octets an epoch's packs have when the next is begun, as with public-inbox."""

PACKED: Final = 0.4
"""What part of mail is left when it is packed: public-inbox's own estimate, by which it turns to the next epoch."""

CHECKPOINT_OCTETS: Final = 64 << 20
"""After so many octets of mail what has been written is kept, should the rest be cut off."""

MAX_LINE: Final = 1000
"""Characters of a subject in a commit's text, and of what a list says of itself."""

_LOCK: Final = "inbox.lock"
_IMPORT: Final = ("fast-import", "--quiet", "--done", "--date-format=raw")
_BRANCH: Final = b"refs/heads/master"
_CONFIG: Final = """[core]
	repositoryformatversion = 0
	filemode = true
	bare = true
[repack]
	writeBitmaps = true
"""
_INCLUDE: Final = """[include]
	path = ../../all.git/config
"""
_EXAMPLE: Final = """; For ~/.public-inbox/config. Then run: public-inbox-index {folder}
[publicinbox "{name}"]
	inboxdir = {folder}
	address = {address}
	newsgroup = {name}
	url = https://example.org/{name}
"""


class ExportError(ArchiveError):
    """A public-inbox cannot be written: its text names the folder and the remedy."""


@dataclass(frozen=True, slots=True)
class Commit:
    """What puts a message in, or takes it out where ``removes``; an empty ``author`` is the list."""

    raw: bytes
    text: str
    author: str
    authored: int
    committed: int
    removes: bool = False


class Epochs:
    """An inbox's folder, held against other writers as long as it is open."""

    def __init__(self, folder: Path, record: MailingList) -> None:
        if folder.is_dir() and any(folder.iterdir()) and not (folder / _LOCK).exists():
            raise ExportError(
                f"{folder}: it holds something else: name a folder that is not there yet"
            )
        self.folder = folder
        self._name = record.name
        # A twin's are what its origin says.
        self._address = one_line(record.address) or f"{record.name}@localhost"
        self._description = one_line(record.description) or record.name
        self._committer = f"{record.name} <{self._address}>"
        self._stack = ExitStack()
        self._readings: dict[int, Reading] = {}
        self._process: subprocess.Popen[bytes] | None = None
        self._packed = self._unsaved = 0
        folder.mkdir(parents=True, exist_ok=True)
        self._lock = self._stack.enter_context((folder / _LOCK).open("ab"))
        fcntl.flock(self._lock, fcntl.LOCK_EX)
        self._own = self._stack.enter_context(isolated(str(folder)))
        self._epochs = {
            number: Repository(str(folder / "git" / name))
            for number, name in epochs_of(str(folder))
        }
        self._number = max(self._epochs, default=0)

    @property
    def is_empty(self) -> bool:
        """Whether there is no commit yet."""
        return not self._tips()

    def last_note(self, trailer: str) -> str:
        """Return what a trailer of the newest commit says; there must be a commit."""
        number, tip = self._tips()[-1]
        return self._reading(number).note(tip, trailer)

    def changes(self, trailer: str) -> Iterator[tuple[int, Change]]:
        """Yield the commits of messages, oldest first, each with its epoch; the notes are the trailers."""
        for number, tip in self._tips():
            for change in self._reading(number).changes("", tip, trailer):
                if change.path in {ADDED, REMOVED}:
                    yield number, change

    def octets(self, epoch: int, blob: str) -> bytes:
        """Return the octets of a message that is there.

        Raises:
            ExportError: they are lost.
        """
        ((_, raw),) = self._reading(epoch).blobs([(blob, None)])
        if isinstance(raw, Lost):
            raise ExportError(
                f"{self.folder}: epoch {epoch}, {blob}: {raw.why}: export to another folder"
            )
        return raw

    def write(self, commit: Commit) -> None:
        """Append a commit, to the next epoch where this one is full.

        Raises:
            ExportError: git does not take it.
        """
        if self._process is not None and self._packed >= EPOCH_OCTETS:
            self.finish()
            self._number += 1
        origin = b""
        if self._process is None:
            repository = self._epoch()
            self._packed = repository.octets
            origin = b"from %b^0\n" % _BRANCH if repository.tip() else b""
            env = {"GIT_DIR": repository.path}
            self._process = start(str(self.folder), self._own, _IMPORT, env)
        self._send(self._process, _stream(commit, self._committer, origin))
        self._packed += int(len(commit.raw) * PACKED)
        self._unsaved += len(commit.raw)
        if self._unsaved >= CHECKPOINT_OCTETS:
            self._send(self._process, b"checkpoint\n\n")
            self._unsaved = 0

    def finish(self) -> None:
        """See that all commits are kept, and the folder complete.

        Raises:
            ExportError: git could not keep them.
        """
        self._epoch()
        if self._process is not None:
            self._send(self._process, b"done\n")
            if self._process.wait():
                raise self._refusal()
            stop(self._process)
            self._process = None
        self._complete()

    def close(self) -> None:
        """Let go of the folder; what was not finished may be lost."""
        if self._process is not None:
            stop(self._process)
        self._stack.close()

    def _tips(self) -> list[tuple[int, str]]:
        tips = ((number, each.tip()) for number, each in sorted(self._epochs.items()))
        return [(number, tip) for number, tip in tips if tip is not None]

    def _reading(self, number: int) -> Reading:
        if number not in self._readings:
            opened = self._stack.enter_context(self._epochs[number].reading())
            self._readings[number] = opened
        return self._readings[number]

    def _epoch(self) -> Repository:
        """Return the repository that is written, made if there is none."""
        path = self.folder / "git" / f"{self._number}.git"
        _make_bare(path, _CONFIG + _INCLUDE)
        for report in path.glob("fast_import_crash_*"):  # of an export that was cut off
            report.unlink(missing_ok=True)
        return self._epochs.setdefault(self._number, Repository(str(path)))

    def _complete(self) -> None:
        """Write what stands beside the epochs; what an operator may have changed stays."""
        lender = self.folder / "all.git"
        _make_bare(lender, _CONFIG)
        lines = (
            f"../../git/{number}.git/objects\n" for number in sorted(self._epochs, reverse=True)
        )
        draft = lender / "objects" / "info" / "alternates.new"
        draft.write_text("".join(lines))
        draft.replace(draft.with_name("alternates"))
        folder = self.folder.resolve()
        _write_new(self.folder / "description", f"{self._description}\n")
        example = _EXAMPLE.format(name=self._name, folder=folder, address=self._address)
        _write_new(self.folder / "inbox.config.example", example)

    def _send(self, process: subprocess.Popen[bytes], octets: bytes) -> None:
        assert process.stdin is not None
        try:
            process.stdin.write(octets)
            process.stdin.flush()
        except BrokenPipeError:
            process.wait()
            raise self._refusal() from None

    def _refusal(self) -> ExportError:
        return ExportError(
            f"{self.folder}: git could not write it ({complaint(self._own, _IMPORT[0])}): "
            "check the disk and the permissions, and run it again"
        )


def one_line(text: str, limit: int = MAX_LINE) -> str:
    """Return a text as one line without what git takes for the ends of an address."""
    plain = "".join(
        [each if each.isprintable() and each not in "<>" else " " for each in text[: 2 * limit]]
    )
    return " ".join(plain.split())[:limit]


def _stream(commit: Commit, committer: str, origin: bytes) -> bytes:
    """Return what tells git to make a commit."""
    text = commit.text.encode("utf-8", "replace")
    head = b"commit %b\nauthor %b %d +0000\ncommitter %b %d +0000\n" % (
        _BRANCH,
        (commit.author or committer).encode("utf-8", "replace"),
        max(commit.authored, 0),
        committer.encode("utf-8", "replace"),
        max(commit.committed, 0),
    )
    path = (REMOVED if commit.removes else ADDED).encode()
    file = b"deleteall\nM 100644 inline %b\ndata %d\n%b\n\n" % (path, len(commit.raw), commit.raw)
    return b"%bdata %d\n%b\n%b%b" % (head, len(text), text, origin, file)


def _make_bare(path: Path, config: str) -> None:
    """Make an empty repository, or what is lacking of one."""
    for part in ("objects/info", "refs/heads"):
        (path / part).mkdir(parents=True, exist_ok=True)
    _write_new(path / "config", config)
    _write_new(path / "HEAD", f"ref: {_BRANCH.decode()}\n")


def _write_new(path: Path, text: str) -> None:
    """Write a file unless there is one."""
    with suppress(FileExistsError), path.open("x") as file:
        file.write(text)
