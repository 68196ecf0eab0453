"""PublicInboxSource: what public-inbox keeps in git, which may grow.

Of version 2 is a folder with ``git/0.git``, ``git/1.git`` and so on, the epochs of one history; each commit puts a
message in as the file ``m``, or takes one out by putting it in as ``d``. Of version 1 is one repository whose files are
messages, named by a digest of their ids; so may an epoch stand alone. Commits are read oldest first, so that whoever
reads now and whoever followed from the beginning number the same.

A cursor is an epoch, a commit in it, and a digest of where the epochs before ended. It fits as long as those end there
and the commit is in the epoch's history: else a message was edited or purged, and all is read again.
"""

from __future__ import annotations

import logging
import os
import re
from functools import lru_cache
from typing import TYPE_CHECKING, Final, NamedTuple

from storage.errors import SourceError
from storage.sources.base import MAX_MESSAGE, Incoming, Rejected, Withdrawn, shown
from storage.sources.content import refusal
from storage.sources.cursor import digest, pack, unpack
from storage.sources.git import Lost, Repository
from storage.sources.names import name_from_path

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from storage.sources.base import Item
    from storage.sources.git import Change, Reading

__all__ = [
    "ADDED",
    "REMOVED",
    "PublicInboxSource",
    "epochs_of",
    "find_inbox",
    "is_bare",
    "open_inbox",
]

log = logging.getLogger(__name__)

_KIND: Final = "public-inbox"
_EPOCH: Final = re.compile(r"([0-9]{1,9})\.git")
_EPOCHS: Final = "git"
_ALL: Final = "all.git"
"""The repository that lends a reader the objects of all epochs, and has no commits."""

ADDED: Final = "m"
REMOVED: Final = "d"
"""The files of version 2: a message put in, one taken out."""
_VERSION_1: Final = re.compile(r"[0-9a-f]{2}/[0-9a-f]{38}")
_VERSION_1_FOLDER: Final = re.compile(r"[0-9a-f]{2}")
_LABEL_END: Final = re.compile(r"(?:\.git|\.[0-9]{1,9})+/*\Z")
"""What the name of a repository ends with that is not the list's: copies of epochs are called ``list.example.org.0``."""


class _Cursor(NamedTuple):
    epoch: int = -1
    commit: str = ""
    before: str = ""  # digest of where the epochs before end


class _Epoch(NamedTuple):
    number: int
    repository: Repository
    tip: str


class _Found(NamedTuple):
    """A change that a message comes from, with what it is given with."""

    change: Change
    cursor: bytes
    progress: int


class PublicInboxSource:
    """An inbox's folder, one repository of it, or one that stands alone; ``label`` is what a list's name is made from."""

    def __init__(self, path: str, label: str, max_message: int = MAX_MESSAGE) -> None:
        self.name = shown(os.path.abspath(path))
        self._path = path
        self._label = label
        self._max_message = max_message
        self._repositories: dict[int, Repository] = {}

    @property
    def size(self) -> int:
        """The octets of all packs."""
        return sum(epoch.repository.octets for epoch in self._epochs())

    def messages(self, after: bytes) -> Iterator[Item]:
        """Yield what lies behind a cursor, as ``Source.messages`` says."""
        epochs = self._epochs()
        begun = self._fitting(unpack(_KIND, after, _Cursor()), epochs)
        progress = 0
        for at, epoch in enumerate(epochs):
            octets = epoch.repository.octets
            if epoch.number >= begun.epoch:
                behind = begun.commit if epoch.number == begun.epoch else ""
                yield from self._of_epoch(epoch, behind, _ends(epochs[:at]), progress, octets)
            progress += octets

    def changed(self, after: bytes) -> bool:
        """Tell whether there are other commits, as ``Source.changed`` says."""
        epochs = self._epochs()
        return bool(epochs) and unpack(_KIND, after, _Cursor()) != _end(epochs)

    def suggested_name(self) -> str | None:
        """Return the name that the inbox's folder suggests."""
        return name_from_path(_LABEL_END.sub("", self._label) or self._label)

    def _epochs(self) -> list[_Epoch]:
        """Return the repositories that have a commit now, in order."""
        epochs = []
        for number, path in _repositories(self._path):
            if number not in self._repositories:
                found = Repository.at(path)
                if found is None:
                    continue
                self._repositories[number] = found
            tip = self._repositories[number].tip()
            if tip is not None:
                epochs.append(_Epoch(number, self._repositories[number], tip))
        return epochs

    def _fitting(self, begun: _Cursor, epochs: Sequence[_Epoch]) -> _Cursor:
        """Return where to go on: the cursor, or one from which everything is read."""
        if begun == _Cursor():
            return begun
        for at, epoch in enumerate(epochs):
            if epoch.number == begun.epoch and _ends(epochs[:at]) == begun.before:
                if begun.commit in {"", epoch.tip}:
                    return begun
                with epoch.repository.reading() as reading:
                    if reading.is_ancestor(begun.commit, epoch.tip):
                        return begun
        log.warning(
            "%s: its history is another than before (a message was edited or purged there): reading all of it again. "
            "What was purged there stays here until 'listgate remove LIST MESSAGE-ID'",
            self.name,
        )
        return _Cursor()

    def _of_epoch(
        self, epoch: _Epoch, behind: str, before: str, start: int, octets: int
    ) -> Iterator[Item]:
        """Yield what an epoch has behind a commit, with progress from ``start`` on."""
        if epoch.tip == behind:
            return
        with epoch.repository.reading() as reading:
            wanted = _wanted(reading, epoch, behind, before, (start, octets))
            label = shown(os.path.abspath(epoch.repository.path))
            for found, raw in reading.blobs(
                ((found.change.blob, found) for found in wanted), self._max_message
            ):
                yield _item(found, raw, f"{label} {found.change.commit}")


def open_inbox(path: str, label: str, max_message: int = MAX_MESSAGE) -> PublicInboxSource | None:
    """Return the source that a folder is, or None where it is no inbox, though it may be a git repository.

    Raises:
        SourceError: it is a git repository, and git cannot tell of what.
    """
    folder = os.path.abspath(path)
    name, above = os.path.basename(folder), os.path.dirname(folder)
    if name in {_EPOCHS, _ALL} and epochs_of(above):
        return PublicInboxSource(
            above, os.path.dirname(label) or os.path.basename(above), max_message
        )
    if epochs_of(folder):
        return PublicInboxSource(path, label, max_message)
    repository = Repository.at(path)
    tip = None if repository is None else repository.tip()
    if repository is None or not (
        _holds_mail(repository.path, tip) if tip else repository.path == path
    ):
        return None
    if os.path.basename(above) == _EPOCHS and _EPOCH.fullmatch(name):
        label = os.path.basename(os.path.dirname(above)) or label
    elif name == ".git":
        label = os.path.basename(above)
    return PublicInboxSource(path, label, max_message)


def find_inbox(path: str, label: str, max_message: int = MAX_MESSAGE) -> PublicInboxSource | None:
    """Return the source that a folder among others is, or None; what git cannot tell is found out by reading it."""
    try:
        return open_inbox(path, label, max_message)
    except SourceError:
        return PublicInboxSource(path, label, max_message) if is_bare(path) else None


def is_bare(path: str) -> bool:
    """Tell whether a folder is a git directory: there are no files of mail in it to look for."""
    repository = Repository.at(path)
    return repository is not None and repository.path == path


@lru_cache(maxsize=4096)
def _holds_mail(path: str, tip: str) -> bool:
    """Tell whether a commit is one of an inbox's; kept, because folders are searched again and again."""
    with Repository(path).reading() as reading:
        tree = reading.tree(tip)
        if not tree:  # what was put in last was purged
            return reading.touches(tip, ADDED, REMOVED)
    if any(kind == "blob" and name in {ADDED, REMOVED} for kind, name in tree):
        return True
    return all(kind == "tree" and _VERSION_1_FOLDER.fullmatch(name) for kind, name in tree)


def epochs_of(folder: str) -> list[tuple[int, str]]:
    """Return the numbers and names of an inbox's epochs, in order; none where a folder is no inbox's."""
    try:
        names = os.listdir(os.path.join(folder, _EPOCHS))
    except OSError:
        return []
    return sorted((int(found[1]), name) for name in names if (found := _EPOCH.fullmatch(name)))


def _repositories(path: str) -> Iterator[tuple[int, str]]:
    """Yield the numbers and paths of an inbox's repositories."""
    epochs = epochs_of(path)
    for number, name in epochs:
        yield number, os.path.join(path, _EPOCHS, name)
    if not epochs:
        yield 0, path


def _ends(epochs: Sequence[_Epoch]) -> str:
    return digest(" ".join(f"{epoch.number}:{epoch.tip}" for epoch in epochs).encode())


def _end(epochs: Sequence[_Epoch]) -> _Cursor:
    """Return the cursor behind everything."""
    return _Cursor(epochs[-1].number, epochs[-1].tip, _ends(epochs[:-1]))


def _wanted(
    reading: Reading, epoch: _Epoch, behind: str, before: str, extent: tuple[int, int]
) -> Iterator[_Found]:
    """Yield the changes of messages behind a commit, each with the newest cursor that skips none after it."""
    start, octets = extent
    total = reading.count(behind, epoch.tip)
    held: Change | None = None
    safe, commit, done = behind, "", 0
    for change in reading.changes(behind, epoch.tip):
        if not _is_of_mail(change):
            continue
        if held is not None:
            if change.commit != held.commit:
                safe = held.commit
            yield _Found(
                held,
                pack(_KIND, _Cursor(epoch.number, safe, before)),
                start + octets * done // max(total, 1),
            )
        done += change.commit != commit
        commit = change.commit
        held = change
    if held is not None:
        yield _Found(held, pack(_KIND, _Cursor(epoch.number, epoch.tip, before)), start + octets)


def _is_of_mail(change: Change) -> bool:
    """Tell whether a message was put in or taken out.

    Where a file of version 1 has become another, the other is put in, and what it was stays.
    """
    if change.path in {ADDED, REMOVED}:
        return change.status != "D"
    return _VERSION_1.fullmatch(change.path) is not None


def _item(found: _Found, raw: bytes | Lost, position: str) -> Item:
    change = found.change
    if isinstance(raw, Lost):
        return Rejected(position, raw.why, found.cursor, found.progress)
    if change.path == REMOVED or change.status == "D":
        return Withdrawn(raw, position, found.cursor, found.progress)
    if why := refusal(raw):
        return Rejected(position, why, found.cursor, found.progress)
    return Incoming(raw, change.committed, position, found.cursor, found.progress)
