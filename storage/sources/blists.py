"""A saved tree of blists' pages: a file a message, in folders for year, month and day, read in that order.

A message's page is told by its path, or by its number alone where all lie in one folder; index pages and attachments are
passed over. What a message answers is guessed, as ``blistsparent`` says, and may be told better by a better copy.
"""

from __future__ import annotations

import os
import re
import stat
import time
from collections import OrderedDict
from contextlib import suppress
from datetime import UTC, datetime
from itertools import islice
from typing import TYPE_CHECKING, Final

from storage.errors import SourceError
from storage.message.dates import sent
from storage.message.fields import parse_header
from storage.message.ids import message_id
from storage.model import Fidelity
from storage.sources.base import MAX_MESSAGE, SETTLED, Incoming, Rejected, readable, shown
from storage.sources.blistspage import Key, Page, key_of, linked, parse_page
from storage.sources.blistsparent import Clues, answered
from storage.sources.content import SNIFFED, too_large
from storage.sources.directory import DirectorySource, Layout, Listed
from storage.sources.names import name_from_path
from storage.sources.whole import WholeFile

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["BlistsPage", "BlistsTree", "is_blists"]

MAX_CHAIN: Final = 100
"""How many pages of a thread are looked back at."""
MAX_KEPT: Final = 2000
"""Of how many pages the clues are kept, for those that come behind them in a thread."""
_MAX_DEPTH: Final = 4
"""Year, month, day, and a folder a page where a program saved each as ``index.html``."""
_TRIED: Final = 16
_LISTED: Final = 2000
"""How many files are looked at, and names of a folder, before it is taken for something else."""
_OF_DAY: Final = re.compile(r"(.*/)[0-9]{4}/[0-9]{1,2}/[0-9]{1,2}/", re.DOTALL)
_SUFFIXES: Final = ("", ".html", ".htm", ".txt", "/index.html")
_DAY: Final = 86_400

_LAYOUT: Final = Layout(
    kind="blists",
    parts=("",),
    accepts=lambda _: True,
    order=lambda name: key_of(name) or (),
    lasting=lambda name: name,
)


def is_blists(folder: str) -> bool:
    """Tell whether a folder holds pages of blists, or folders by year, month or day that do.

    Raises:
        OSError: it cannot be read.
    """
    return _first_page(folder) is not None


class BlistsPage(WholeFile):
    """One page, saved as a file."""

    def suggested_name(self) -> str | None:
        """Return the name of the page's list."""
        with readable(self._path):
            page = _page(self._path)
        return name_from_path(page.list_name) if page else None


class BlistsTree(DirectorySource):
    """A folder with pages of one list; ``label`` is the path that the list's name is made from."""

    def __init__(self, folder: str, label: str, max_message: int = MAX_MESSAGE) -> None:
        super().__init__(folder, _LAYOUT, label, max_message)
        self._clues: OrderedDict[Key, tuple[Clues, Key | None]] = OrderedDict()
        self._read_at: tuple[bytes, int] | None = None

    def messages(self, after: bytes) -> Iterator[Incoming | Rejected]:
        """Yield what lies behind a cursor, as ``Source.messages`` says."""
        modified = self._modified()
        settled = time.time_ns() - modified >= SETTLED * 1e9
        last = after
        for item in super().messages(after):
            last = item.cursor
            yield item
        self._read_at = (last, modified) if settled else None

    def changed(self, after: bytes) -> bool:
        """Tell whether pages may have come to the newest day, as ``Source.changed`` says; index pages count once.

        Pages of earlier days are found when the folder is imported again.
        """
        try:
            if self._read_at == (after, self._modified()):
                return False
        except SourceError:
            return False
        return super().changed(after)

    def suggested_name(self) -> str | None:
        """Return the name that the folder's own suggests, or where that is a number, the pages' titles."""
        name = name_from_path(self._label)
        if name is None or name.rpartition(".")[2].isdigit():
            with readable(self._folder):
                page = _first_page(self._folder)
            name = name_from_path(page.list_name) if page else None
        return name

    def _modified(self) -> int:
        """Return when a page was last put into the newest day's folder, or a folder into those above; nanoseconds."""
        newest = 0
        folder = self._folder
        with readable(folder):
            for _ in range(_MAX_DEPTH):
                newest = max(newest, os.stat(folder).st_mtime_ns)
                numbered = _numbered_folders(folder)
                if not numbered:
                    break
                folder = os.path.join(folder, numbered[-1])
        return newest

    def _files(self) -> Iterator[Listed]:
        """Yield the pages' files in no order."""
        with readable(self._folder):
            for key, path in _paths(self._folder):
                with suppress(FileNotFoundError):
                    status = os.stat(os.path.join(self._folder, path))
                    if stat.S_ISREG(status.st_mode):
                        yield Listed(tuple(key), path, "", status.st_ctime_ns, status.st_size)

    def _read(self, file: Listed, cursor: bytes, progress: int) -> Incoming | Rejected | None:
        """Read one page and guess what it answers; None where it went away."""
        path = os.path.join(self._folder, file.name)
        label = shown(path)
        if file.size > self._max_message:
            return Rejected(label, too_large(self._max_message), cursor, progress)
        try:
            page = _page(path)
        except FileNotFoundError:
            return None
        except OSError as error:
            return Rejected(label, f"it cannot be read ({error.strerror})", cursor, progress)
        if page is None:
            return Rejected(
                label, "it is a web page, but not one of blists with a message", cursor, progress
            )
        key = Key(*map(int, file.order))
        parent = self._parent(key, os.path.abspath(path), page)
        raw = page.message(parent)
        received = _received(key, raw)
        return Incoming(raw, received, label, cursor, progress, Fidelity.PAGE)

    def _parent(self, key: Key, path: str, page: Page) -> bytes | None:
        """Return the id of the message that a page's answers."""
        clues, previous = self._keep(key, path, page)
        before: list[Clues] = []
        at = key
        while previous is not None and previous < at and len(before) < MAX_CHAIN:
            found = self._clues_of(previous, path)
            if found is None:
                break
            before.append(found[0])
            at, previous = previous, found[1]
        if not before and clues.is_reply:
            neighbour = linked(page.previous, path) if page.previous else None
            found = self._clues_of(neighbour, path) if neighbour else None
            before = [found[0]] if found and found[0].subject == clues.subject else []
        parent = answered(clues, before)
        return parent.own if parent and parent.own != clues.own else None

    def _keep(self, key: Key, path: str, page: Page) -> tuple[Clues, Key | None]:
        own = message_id(parse_header(page.message()))[0]
        previous = linked(page.thread_previous, path) if page.thread_previous else None
        kept = Clues.of(own or b"", page), previous
        self._clues[key] = kept
        self._clues.move_to_end(key)
        if len(self._clues) > MAX_KEPT:
            self._clues.popitem(last=False)
        return kept

    def _clues_of(self, key: Key, beside: str) -> tuple[Clues, Key | None] | None:
        """Return the clues of a page, and which came before it in its thread; None where it was not saved."""
        if key in self._clues:
            return self._clues[key]
        for path in _candidates(key, beside):
            with suppress(OSError):
                page = _page(path) if os.path.isfile(path) else None
                if page is not None:
                    return self._keep(key, path, page)
        return None


def _page(path: str, size: int = MAX_MESSAGE) -> Page | None:
    """Read a page, or so much of it, or return None where it is none.

    Raises:
        OSError: it cannot be read.
    """
    with open(path, "rb") as file:
        return parse_page(file.read(size))


def _candidates(key: Key, beside: str) -> Iterator[str]:
    """Yield the paths at which a page may lie, by the absolute path of another one."""
    of_day = _OF_DAY.match(beside)
    if of_day:
        folder = f"{of_day[1]}{key.year:04}/{key.month:02}/{key.day:02}"
    else:
        folder = os.path.dirname(beside)
    yield from (f"{folder}/{key.number}{suffix}" for suffix in _SUFFIXES)


def _paths(folder: str) -> Iterator[tuple[Key, str]]:
    """Yield what may be pages, with their paths relative to the folder.

    Raises:
        OSError: a folder cannot be read.
    """
    pending = [("", 0)]
    while pending:
        part, depth = pending.pop()
        files, folders = [], []
        with os.scandir(os.path.join(folder, part)) as entries:
            for entry in entries:
                path = os.path.join(part, entry.name)
                if not entry.is_dir(follow_symlinks=False):
                    files.append(path)
                elif entry.name.isdigit() and depth < _MAX_DEPTH:
                    folders.append((path, depth + 1))
        for path in sorted(files):
            key = key_of(os.path.abspath(os.path.join(folder, path)))
            if (key is None or not key.year) and not (depth or folders):
                key = key_of(path)  # all pages lie in one folder, whatever that is called
            if key is not None and (key.year or not depth) and not (folders and not key.year):
                yield key, path
        pending.extend(sorted(folders, reverse=True))


def _first_page(folder: str) -> Page | None:
    """Return a page of the folder or of those below by number, or None; no more than a few files are looked at.

    Raises:
        OSError: a folder cannot be read.
    """
    pending = [(folder, 0)]
    left = _TRIED
    while pending and left:
        part, depth = pending.pop()
        folders = []
        with os.scandir(part) as entries:
            for entry in islice(entries, _LISTED):
                if entry.is_dir(follow_symlinks=False):
                    if entry.name.isdigit() and depth < _MAX_DEPTH:
                        folders.append((entry.path, depth + 1))
                elif left and key_of(entry.name if not depth else entry.path) and entry.is_file():
                    left -= 1
                    page = _page(entry.path, SNIFFED)
                    if page is not None:
                        return page
        pending.extend(sorted(folders, reverse=True))
    return None


def _numbered_folders(folder: str) -> list[str]:
    """Return the names of the folders in one that are numbers, ascending."""
    with os.scandir(folder) as entries:
        names = [
            entry.name
            for entry in entries
            if entry.name.isdigit() and entry.is_dir(follow_symlinks=False)
        ]
    return sorted(names, key=int)


def _received(key: Key, raw: bytes) -> int | None:
    """Return when the list got a message by its day, noon, where its Date does not agree; None where it does."""
    try:
        noon = datetime(key.year, key.month, key.day, 12, tzinfo=UTC).timestamp()
    except ValueError:
        return None
    sent_at = sent(parse_header(raw))
    return None if sent_at is not None and abs(sent_at - noon) <= 1.5 * _DAY else int(noon)
