"""Export as a public-inbox of version 2, which ``public-inbox-index`` takes and its servers serve.

Each message is a commit with the file ``m``, byte for byte; one that was removed is a commit with the file ``d``. Run
again, it adds what is new: the trailer of each commit tells how far the repository is with it, so that there is no second
record that could disagree.
"""

from __future__ import annotations

import re
import time
from contextlib import closing
from dataclasses import dataclass, replace
from hashlib import sha1
from typing import TYPE_CHECKING, Final

from storage.errors import NoSuchMessage
from storage.export_epochs import Commit, Epochs, ExportError, one_line
from storage.message.addresses import addresses
from storage.message.fields import parse_header
from storage.message.words import decode
from storage.sources.public_inbox import REMOVED

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping
    from pathlib import Path

    from storage.archive import Archive
    from storage.message.fields import Header
    from storage.model import MailingList

__all__ = ["Written", "export_public_inbox"]

TRAILER: Final = "Listgate"
_NOTE: Final = re.compile(r"([0-9]{1,10}) ([0-9]{1,10}) ([0-9]{1,19}) ([0-9]{1,10})")

MAX_NAME: Final = 200
"""Characters of a sender's name or address in a commit."""

_REMOVAL: Final = "rm"
_NO_SUBJECT: Final = "(no subject)"


@dataclass(slots=True)
class Written:
    """What was written: messages ``added``, those ``removed``, and those ``replaced`` by a better copy."""

    added: int = 0
    removed: int = 0
    replaced: int = 0


@dataclass(frozen=True, slots=True)
class _Note:
    """What a trailer says: messages up to ``last`` are in, and changes up to ``revision``; the commit is of ``number``."""

    validity: int
    last: int = 0
    revision: int = 0
    number: int = 0

    def __str__(self) -> str:
        return f"{self.validity} {self.last} {self.revision} {self.number}"


@dataclass(frozen=True, slots=True)
class _Place:
    """Where the newest copy of a message lies in the repository, and whether it was taken out since."""

    epoch: int
    blob: str
    removed: bool


async def export_public_inbox(archive: Archive, name: str, folder: Path) -> Written:
    """Write what of a list is not yet in a public-inbox's folder, which is made if there is none.

    Raises:
        NoSuchList: no list is called ``name``.
        ExportError: the folder is of something else, or cannot be written; whole commits are kept.
        SourceError: it cannot be read.
    """
    record = archive.mailing_list(name)
    written = Written()
    with closing(Epochs(folder, record)) as epochs:
        done = _done(epochs, record)
        await _bring_up_to_date(archive, epochs, record, done, written)
        for run in record.present(done.last + 1, record.high):
            for number in run:
                note = _Note(record.validity, number, record.revision, number)
                commit = await _commit(archive, name, note)
                if commit is not None:
                    epochs.write(commit)
                    written.added += 1
        epochs.finish()
    return written


def _done(epochs: Epochs, record: MailingList) -> _Note:
    """Return how far the repository is.

    Raises:
        ExportError: something else wrote it, or the list's numbers were given anew since.
    """
    if epochs.is_empty:
        return _Note(record.validity)
    note = _note(epochs.last_note(TRAILER))
    if note is None or note.validity != record.validity or note.last > record.high:
        why = (
            "something else wrote it"
            if note is None
            else "it is of another list, or of older numbers"
        )
        raise ExportError(
            f"{epochs.folder}: its newest commit is not of this list ({why}): name another folder"
        )
    return note


async def _bring_up_to_date(
    archive: Archive, epochs: Epochs, record: MailingList, done: _Note, written: Written
) -> None:
    """Take out what was removed since, and put better copies in the place of poorer ones."""
    now = int(time.time())
    touched = {*await archive.removed(record.name, done.revision)} if done.last else set()
    touched |= {*await archive.changed(record.name, done.revision)} if done.last else set()
    for number, place in sorted(_places(epochs, touched).items()):
        note = replace(done, number=number)
        commit = await _commit(archive, record.name, note)
        if commit is None and place.removed:
            continue  # an earlier export has seen to it
        if commit is not None and not place.removed and place.blob == _blob(commit.raw):
            continue  # it was only rendered anew
        if not place.removed:
            raw = epochs.octets(place.epoch, place.blob)
            epochs.write(
                Commit(raw, f"{_REMOVAL}\n\n{TRAILER}: {note}", "", now, now, removes=True)
            )
        if commit is not None:
            epochs.write(commit)
        written.removed += commit is None
        written.replaced += commit is not None


def _places(epochs: Epochs, numbers: Collection[int]) -> Mapping[int, _Place]:
    """Return where those messages lie that are in the repository, by number."""
    places = {}
    if numbers:
        for epoch, change in epochs.changes(TRAILER):
            note = _note(change.note)
            if note is not None and note.number in numbers and change.status != "D":
                places[note.number] = _Place(epoch, change.blob, change.path == REMOVED)
    return places


async def _commit(archive: Archive, name: str, note: _Note) -> Commit | None:
    """Return the commit that puts a message in, or None where it was removed."""
    try:
        entry, raw = await archive.entry(name, note.number), await archive.raw(name, note.number)
    except NoSuchMessage:  # since the catalogue was read
        return None
    header = parse_header(raw)
    subject = one_line(decode(header.first(b"subject") or b"")) or _NO_SUBJECT
    sent = entry.received if entry.sent is None else entry.sent
    text = f"{subject}\n\n{TRAILER}: {note}"
    return Commit(raw, text, _sender(header), sent, entry.received)


def _sender(header: Header) -> str:
    """Return who wrote a message, as git names an author."""
    found = addresses(header.first(b"from") or b"")
    first = next((each for each in found if each.host), None)
    if first is None:
        return "<>"
    name = one_line(decode(first.name or b""), MAX_NAME)
    return f"{name} <{one_line(decode(b'%b@%b' % (first.mailbox or b'', first.host or b'')), MAX_NAME)}>"


def _note(text: str) -> _Note | None:
    found = _NOTE.fullmatch(text)
    return _Note(*map(int, found.groups())) if found else None


def _blob(raw: bytes) -> str:
    """Return the name that git gives to these octets."""
    return sha1(b"blob %d\0%b" % (len(raw), raw), usedforsecurity=False).hexdigest()
