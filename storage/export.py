"""Export: the original octets back, as an mboxrd stream, a maildir, or a file each."""

from __future__ import annotations

import os
import re
import time
from typing import TYPE_CHECKING, Final, NamedTuple

from storage.message.lines import runs_of_lines

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator
    from pathlib import Path

    from storage.archive import Archive

__all__ = ["Exported", "as_mboxrd", "exported", "mboxrd_pieces", "write_eml", "write_maildir"]

_TO_QUOTE: Final = re.compile(rb"^(?=>*+From )", re.MULTILINE)
_PIECE: Final = 1 << 17  # octets of whole lines that are written at once
_MAILDIR_FOLDERS: Final = ("tmp", "new", "cur")


class Exported(NamedTuple):
    """One message on its way out: ``received`` is when the list got it."""

    number: int
    received: int
    raw: bytes


async def exported(archive: Archive, name: str) -> AsyncIterator[Exported]:
    """Yield a list's messages, ascending by number.

    Raises:
        NoSuchList: no list is called ``name``.
    """
    record = archive.mailing_list(name)
    for run in record.present(1, record.high):
        for number in run:
            entry = await archive.entry(name, number)
            yield Exported(number, entry.received, await archive.raw(name, number))


def as_mboxrd(message: Exported) -> bytes:
    """Return a message as a record of an mboxrd file.

    Undoing the quoting gives the octets back; a message not ended by a line end gets one, as the format wants it.
    """
    return b"".join(mboxrd_pieces(message))


def mboxrd_pieces(message: Exported) -> Iterator[bytes]:
    """Yield what ``as_mboxrd`` returns, in pieces, each made in a few milliseconds."""
    when = time.asctime(time.gmtime(message.received)).encode("ascii")
    yield b"From mboxrd@z %b\n" % when
    for run in runs_of_lines(message.raw, _PIECE):
        yield _TO_QUOTE.sub(b">", run) if b"From " in run else run
    yield b"\n" if message.raw.endswith(b"\n") else b"\n\n"


def write_maildir(folder: Path, message: Exported) -> None:
    """Put a message into a maildir, made where there is none, as seen; a second time changes nothing."""
    for each in _MAILDIR_FOLDERS:
        (folder / each).mkdir(parents=True, exist_ok=True)
    base = f"{message.received}.{message.number}.listgate"
    _put(folder / "cur" / f"{base}:2,S", folder / "tmp" / base, message)


def write_eml(folder: Path, message: Exported) -> None:
    """Put a message into a folder as a file of its own, named by its number."""
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"{message.number:08}.eml"
    _put(path, path.with_suffix(".tmp"), message)


def _put(path: Path, draft: Path, message: Exported) -> None:
    """Write a file whole or not at all, dated by when the list got the message."""
    draft.write_bytes(message.raw)
    os.utime(draft, (message.received, message.received))
    draft.replace(path)
