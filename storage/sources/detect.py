"""Which kind of source a path is, told by its content."""

from __future__ import annotations

import os
import stat
import sys
from typing import TYPE_CHECKING, Final

from storage.errors import SourceError
from storage.sources.base import MAX_MESSAGE, readable, shown
from storage.sources.blists import BlistsPage, BlistsTree, is_blists
from storage.sources.blistspage import is_page
from storage.sources.compressed import Octets, is_compressed
from storage.sources.content import SNIFFED, Content, sniff
from storage.sources.directory import DirectorySource, Layout
from storage.sources.eml import EML, is_eml_name
from storage.sources.maildir import MAILDIR, is_maildir
from storage.sources.mboxfile import MboxFile
from storage.sources.mh import MH, is_mh
from storage.sources.pipermail import is_pipermail, volume_order
from storage.sources.public_inbox import find_inbox, is_bare, open_inbox
from storage.sources.volumes import VolumeFolder
from storage.sources.whole import StreamSource, WholeFile

if TYPE_CHECKING:
    from storage.sources.base import Source

__all__ = ["STANDARD_INPUT", "expand", "open_source"]

STANDARD_INPUT: Final = "-"
"""The path that stands for standard input."""


def open_source(path: str, max_message: int = MAX_MESSAGE) -> Source:
    """Return the source that a path is: a file, a folder with a message a file, or ``-`` for standard input.

    A file may be an mbox, a tar archive or a single message, compressed or not; a folder a maildir, an MH folder or
    one of ``.eml`` files, or a public-inbox or a git repository of one.

    Raises:
        SourceError: there is no such file, it cannot be read, or the folder is none of these.
    """
    if path == STANDARD_INPUT:
        return StreamSource(sys.stdin.buffer.read, max_message)
    label = os.path.basename(os.path.abspath(path))
    with readable(path):
        status = os.stat(path)
        if stat.S_ISREG(status.st_mode):
            return _open_file(path, label, max_message)
        web_archive = _web_archive(path, label, max_message)
        if web_archive is not None:
            return web_archive
        layout = _layout(path) if stat.S_ISDIR(status.st_mode) else None
    if layout is not None:
        return DirectorySource(path, layout, label, max_message)
    if stat.S_ISDIR(status.st_mode):
        inbox = open_inbox(path, label, max_message)
        if inbox is not None:
            return inbox
        raise SourceError(
            f"{shown(path)}: neither a maildir, nor an MH folder, nor a folder of .eml files, nor a public-inbox: "
            "name the files in it, or let each mbox in it become a list of its own"
        )
    raise SourceError(f"{shown(path)}: neither a file nor a folder: pipe it into '-'")


def expand(path: str, max_message: int = MAX_MESSAGE) -> list[Source]:
    """Return the sources that a path stands for, each of which is to become a list.

    A folder gives one source for each mbox and archive in it and in the folders below, and one for each folder
    of messages and each public-inbox; the names they suggest are joined by dots. Everything else is one source. Other files in a folder,
    and hidden ones, are passed over; a link to a folder is not followed.

    Raises:
        SourceError: as ``open_source``, and for a folder in which no source is found.
    """
    if path == STANDARD_INPUT or not os.path.isdir(path):
        return [open_source(path, max_message)]
    sources: list[Source] = []
    pending = [""]
    while pending:
        part = pending.pop()
        folder = os.path.join(path, part) if part else path
        label = part or os.path.basename(os.path.abspath(path))
        with readable(folder):
            web_archive = _web_archive(folder, label, max_message)
            if web_archive is not None:
                sources.append(web_archive)
                continue  # what lies in it and below are its pages and attachments
            layout = _layout(folder)
            inbox = None if layout else find_inbox(folder, label, max_message)
            files, folders = ([], []) if is_bare(folder) or inbox else _entries(folder, layout)
        if inbox is not None:
            sources.append(inbox)
        if layout is not None:
            sources.append(DirectorySource(folder, layout, label, max_message))
        for name in files:
            source = _open_collection(
                os.path.join(folder, name), os.path.join(part, name), max_message
            )
            if source is not None:
                sources.append(source)
        pending.extend(os.path.join(part, name) for name in reversed(folders))
    if not sources:
        raise SourceError(
            f"{shown(path)}: no mbox, archive or message in it: name the files one by one"
        )
    return sources


def _open_file(path: str, label: str, max_message: int) -> Source:
    with open(path, "rb", buffering=0) as file:
        head = file.read(SNIFFED)
    if sniff(head) is Content.MBOX and not is_compressed(head):
        return MboxFile(path, label, max_message)
    if is_page(head):
        return BlistsPage(path, label, max_message)
    return WholeFile(path, label, max_message)


def _open_collection(path: str, label: str, max_message: int) -> Source | None:
    """Return the source that a file in a folder is; None where it is no mbox and no archive, or empty.

    A file that cannot be opened is one as well, so that it is named when it is read and the others go on.
    """
    try:
        if not os.path.getsize(path) or _content(path) is Content.MESSAGE:
            return None
        return _open_file(path, label, max_message)
    except OSError:
        return WholeFile(path, label, max_message)


def _content(path: str) -> Content:
    with open(path, "rb", buffering=0) as file:
        return sniff(Octets(file.read).peek(SNIFFED))


def _web_archive(path: str, label: str, max_message: int) -> Source | None:
    """Return the source that a saved folder of a web archive is, or None where the path is none."""
    if not os.path.isdir(path):
        return None
    if is_pipermail(path):
        return VolumeFolder(path, label, volume_order, max_message)
    return BlistsTree(path, label, max_message) if is_blists(path) else None


def _layout(folder: str) -> Layout | None:
    """Return how a folder keeps messages, a file each, or None where it does not."""
    if is_maildir(folder):
        return MAILDIR
    if is_mh(folder):
        return MH
    return EML if any(is_eml_name(name) for name in os.listdir(folder)) else None


def _entries(folder: str, layout: Layout | None) -> tuple[list[str], list[str]]:
    """Return by name the files that may be sources of their own, and the folders to look into."""
    files, folders = [], []
    with os.scandir(folder) as entries:
        for entry in entries:
            hidden = entry.name.startswith(".")
            if entry.is_dir(follow_symlinks=False):
                if hidden == (layout is MAILDIR):  # Maildir++ hides its folders beside ``cur``
                    folders.append(entry.name)
            elif (
                layout in {None, EML}
                and not hidden
                and not is_eml_name(entry.name)
                and entry.is_file()
            ):
                files.append(entry.name)
    return sorted(files), sorted(folders)
