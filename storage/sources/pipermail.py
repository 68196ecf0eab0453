"""Pipermail: a folder with a text file a month, as Mailman 2 offers them, and web pages beside them.

The volumes are read in the calendar's order, whatever their names' order is. Volumes only grow, as a rule the last one;
so a cursor tells which volume is at hand and how many of its messages were given, and is good for as long as those
before have the sizes they had. A volume that was compressed since is the same volume: what counts is its text's size.
"""

from __future__ import annotations

import os
import re
import time
from dataclasses import replace
from html import unescape
from io import BytesIO
from itertools import islice
from typing import TYPE_CHECKING, Final, NamedTuple
from urllib.parse import unquote

from storage.model import Fidelity
from storage.sources.base import MAX_MESSAGE, SETTLED, Record, readable, shown
from storage.sources.compressed import Octets
from storage.sources.content import SNIFFED, Content, sniff
from storage.sources.cursor import digest, pack, unpack
from storage.sources.mbox import MboxSplitter
from storage.sources.names import name_from_path

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from storage.sources.base import Item

__all__ = ["PipermailFolder", "is_pipermail", "is_volume", "linked_volumes", "volume_order"]

_KIND: Final = "pipermail"
_MONTHS: Final = {
    name: number
    for number, name in enumerate(
        ("january", "february", "march", "april", "may", "june",
         "july", "august", "september", "october", "november", "december"), 1)
}  # fmt: skip  # a list of words
_SUFFIX: Final = r"\.txt(?:\.(?:gz|bz2|xz|zst))?"
_VOLUME: Final = re.compile(
    r"(?:(?P<year>[0-9]{4})(?:-(?P<name>[A-Za-z]{3,9})|-(?P<month>[01][0-9])|q(?P<quarter>[1-4]))?"
    r"|(?:Week-of-Mon-)?(?P<day>[0-9]{8}))" + _SUFFIX
)
_LINK: Final = re.compile(r"""<a\s[^<>]*?href\s*=\s*["']?([^"'<>\s]+)""", re.IGNORECASE)
_ANY_VOLUME: Final = re.compile(r"[^/?#]+" + _SUFFIX)
_GZIP_OCTETS: Final = 18
"""The octets of the shortest gzip file."""


class _Cursor(NamedTuple):
    before: str = ""  # digest of the volumes before this one and the sizes of their texts
    volume: str = ""  # its name without what tells a format
    given: int = 0  # how many of its records
    last: str = ""  # digest of the last one given
    size: int = -1  # of its text, when all of it was given; else -1


class _Volume(NamedTuple):
    stem: str
    path: str
    size: int  # of its text


def volume_order(name: str) -> tuple[int, int, int] | None:
    """Return the year, month and day with which a volume begins, or None where its name tells no period.

    Years, quarters, months, weeks and days: ``2004.txt``, ``2004q2.txt``, ``2004-April.txt.gz``,
    ``Week-of-Mon-20040405.txt``, ``20040405.txt``.
    """
    match = _VOLUME.fullmatch(name)
    if match is None:
        return None
    if match["day"]:
        return int(match["day"][:4]), int(match["day"][4:6]), int(match["day"][6:])
    if match["name"]:
        month = _MONTHS.get(match["name"].lower())
        return None if month is None else (int(match["year"]), month, 0)
    quarter = match["quarter"]
    return int(match["year"]), int(quarter) * 3 - 2 if quarter else int(match["month"] or 0), 0


def linked_volumes(page: str) -> list[str]:
    """Return the references to volumes in an index page, the oldest first: pipermail puts the newest first."""
    names = {link: unquote(link).rpartition("/")[2] for link in map(unescape, _LINK.findall(page))}
    found = [link for link, name in names.items() if _ANY_VOLUME.fullmatch(name)]
    found.reverse()
    return sorted(found, key=lambda link: volume_order(names[link]) or ())


def is_pipermail(folder: str) -> bool:
    """Tell whether a folder is one of pipermail's: messages of its first volume are as pipermail writes them.

    Raises:
        OSError: it cannot be read.
    """
    for volume in _volumes(folder):
        if volume.size:
            with open(volume.path, "rb", buffering=0) as file:
                return is_volume(Octets(file.read).peek(SNIFFED))
    return False


def is_volume(head: bytes) -> bool:
    """Tell whether text that begins so is one of pipermail's volumes."""
    return sniff(head) is Content.MBOX and any(
        record.fidelity is Fidelity.TEXT
        for record in MboxSplitter(BytesIO(head).read, "").records()
    )


class PipermailFolder:
    """A folder of volumes, which may grow; ``label`` is the path that a list's name is made from."""

    def __init__(self, folder: str, label: str, max_message: int = MAX_MESSAGE) -> None:
        self.name = shown(os.path.abspath(folder))
        self._folder = folder
        self._label = label
        self._max_message = max_message

    @property
    def size(self) -> int:
        """The octets of all volumes' texts.

        Raises:
            SourceError: the folder cannot be read.
        """
        with readable(self._folder):
            return sum(volume.size for volume in _volumes(self._folder))

    def messages(self, after: bytes) -> Iterator[Item]:
        """Yield what lies behind a cursor, as ``Source.messages`` says."""
        with readable(self._folder):
            volumes = _volumes(self._folder)
        begun = unpack(_KIND, after, _Cursor())
        start = _position(volumes, begun)
        if start is None:
            start, begun = 0, _Cursor()
        progress = sum(volume.size for volume in volumes[:start])
        for at, volume in enumerate(volumes[start:], start):
            cursor = _Cursor(_state(volumes[:at]), volume.stem)
            given = self._still_given(volume, begun) if at == start else 0
            yield from self._behind(given, volume, cursor, progress)
            progress += volume.size

    def changed(self, after: bytes) -> bool:
        """Tell whether a volume has grown or come, as ``Source.changed`` says."""
        try:
            volumes = _volumes(self._folder)
        except OSError:
            return False
        cursor = unpack(_KIND, after, _Cursor())
        at = _position(volumes, cursor)
        return at is None or at < len(volumes) - 1 or volumes[at].size != cursor.size

    def suggested_name(self) -> str | None:
        """Return the name that the folder's own suggests."""
        return name_from_path(self._label)

    def _still_given(self, volume: _Volume, cursor: _Cursor) -> int:
        """Return how many records of a volume were given: none, where the last one of them is another now."""
        record = next(islice(self._records(volume), max(cursor.given - 1, 0), None), None)
        return cursor.given if record and digest(record.raw) == cursor.last else 0

    def _behind(
        self, given: int, volume: _Volume, cursor: _Cursor, progress: int
    ) -> Iterator[Item]:
        """Yield a volume's records behind those given, the last one with a cursor that tells that it is."""
        held: Item | None = None
        for count, record in enumerate(self._records(volume), 1):
            if held:
                yield held
                held = None
            if record is None:
                return
            if count > given:
                cursor = cursor._replace(given=count, last=digest(record.raw))
                held = record.found(pack(_KIND, cursor), progress + record.end)
        if held:
            at_end = pack(_KIND, cursor._replace(size=volume.size))
            yield replace(held, cursor=at_end, progress=progress + volume.size)

    def _records(self, volume: _Volume) -> Iterator[Record | None]:
        """Yield a volume's records; None at the end of one that was written to a moment ago and is cut there."""
        label = shown(volume.path)
        with readable(volume.path), open(volume.path, "rb", buffering=0) as file:
            fresh = time.time_ns() - os.fstat(file.fileno()).st_mtime_ns < SETTLED * 1e9
            octets = Octets(file.read)
            for record in MboxSplitter(octets.read, label, max_message=self._max_message).records():
                if fresh and (octets.damage or not record.raw.endswith(b"\n")):
                    yield None
                    return
                yield record
            if octets.damage and not fresh:
                yield Record(label, b"", None, octets.damage, 0, 0)


def _volumes(folder: str) -> list[_Volume]:
    """Return a folder's volumes in the calendar's order; of one that is there twice, the longer text."""
    found: dict[str, tuple[tuple[int, ...], _Volume]] = {}
    with os.scandir(folder) as entries:
        for entry in entries:
            order = volume_order(entry.name)
            if order and entry.is_file():
                stem = entry.name.partition(".txt")[0]
                volume = _Volume(stem, entry.path, _text_size(entry))
                if stem not in found or found[stem][1].size < volume.size:
                    found[stem] = order, volume
    return [volume for _, volume in sorted(found.values())]


def _text_size(entry: os.DirEntry[str]) -> int:
    """Return the size of a volume's text; gzip tells it at its end (RFC 1952 s. 2.3.1), of others it is the file's."""
    size = entry.stat().st_size
    if not entry.name.endswith(".gz") or size < _GZIP_OCTETS:
        return size
    with open(entry.path, "rb", buffering=0) as file:
        return int.from_bytes(os.pread(file.fileno(), 4, size - 4), "little")


def _position(volumes: Sequence[_Volume], cursor: _Cursor) -> int | None:
    """Return the index of the volume that a cursor is in, or None where it fits no longer."""
    at = next((at for at, volume in enumerate(volumes) if volume.stem == cursor.volume), None)
    return at if at is not None and _state(volumes[:at]) == cursor.before else None


def _state(volumes: Iterable[_Volume]) -> str:
    """Return a digest of volumes and the sizes of their texts."""
    return digest("".join(f"{volume.stem} {volume.size}\n" for volume in volumes).encode())
