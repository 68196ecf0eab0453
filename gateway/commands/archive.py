"""The commands that look at an archive, take something out of it, or verify it."""

from __future__ import annotations

import asyncio
import sys
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING

from gateway import shown
from gateway.commands.common import (
    DONE,
    REFUSED,
    archive_directory,
    config_of,
    existing,
    record_of,
)
from gateway.errors import Refused
from gateway.intake import open_for_writing
from storage.check import check
from storage.errors import NoSuchMessage
from storage.export import as_mboxrd, exported, write_eml, write_maildir
from storage.export_public_inbox import export_public_inbox
from storage.sqlite import SqliteArchive

if TYPE_CHECKING:
    import argparse
    from collections.abc import Iterable, Sequence

    from gateway.commands.common import AddCommand
    from storage.model import MailingList
    from storage.sqlite import SqliteWriter

__all__ = ["add"]


def add(command: AddCommand) -> None:
    """Add the commands of this family."""
    command("lists", "show the lists with their counts and water marks", _lists)
    show = command("show", "show what is known of a list", _show)
    show.add_argument("list", metavar="LIST")
    thread = command("thread", "draw the thread of a message, in each list that has it", _thread)
    thread.add_argument("message_id", metavar="MESSAGE-ID")
    export = command("export", "give a list's original octets back", _export)
    export.add_argument("list", metavar="LIST")
    export.add_argument(
        "--format",
        choices=("mboxrd", "maildir", "eml", "public-inbox"),
        default="mboxrd",
        help="default: mboxrd; public-inbox: version 2, in git; run again, it adds what is new",
    )
    export.add_argument(
        "--output",
        metavar="PATH",
        type=Path,
        help="a file for mboxrd (else stdout), a folder for the others (else one named as the list)",
    )
    remove = command(
        "remove",
        "remove a message for good: from every face, its number never to be used again",
        _remove,
    )
    remove.add_argument("list", metavar="LIST")
    remove.add_argument("message_id", metavar="MESSAGE-ID")
    hide = command(
        "hide",
        "keep messages from being shown on the web; newsreaders and mail clients have them still",
        _hide,
    )
    unhide = command("unhide", "show hidden messages on the web again", _unhide)
    for each in (hide, unhide):
        each.add_argument("list", metavar="LIST")
        each.add_argument("message_ids", metavar="MESSAGE-ID", nargs="+")
    verify = command("check", "verify water marks, octets, renditions and threads", _check)
    verify.add_argument(
        "--repair", action="store_true", help="make anew what can be made from the original octets"
    )


def _lists(parsed: argparse.Namespace) -> int:
    with closing(existing(parsed)) as archive:
        shown.console().print(shown.list_table(archive.lists()))
    return DONE


def _show(parsed: argparse.Namespace) -> int:
    with closing(existing(parsed)) as archive:
        record = record_of(archive, parsed.list)
        ends = [asyncio.run(archive.entry(record.name, n)) for n in _ends(record)]
    first, last = ends or (None, None)
    shown.console().print(shown.list_details(record, first, last))
    return DONE


def _ends(record: MailingList) -> Sequence[int]:
    """Return the lowest and the highest number present, or nothing."""
    last = record.previous_present(record.high + 1)
    return () if last is None else (record.low, last)


def _thread(parsed: argparse.Namespace) -> int:
    async def draw(archive: SqliteArchive) -> None:
        places = await archive.find(_bracketed(parsed.message_id))
        if not places:
            raise Refused(f"{parsed.message_id}: no list has this message")
        for place in places:
            nodes = await archive.thread(place.name, place.number)
            numbers = [node.number for node in nodes if node.number is not None]
            messages = {number: await archive.served(place.name, number) for number in numbers}
            shown.console().print(shown.thread_tree(place.name, nodes, messages))

    with closing(existing(parsed)) as archive:
        asyncio.run(draw(archive))
    return DONE


def _bracketed(message_id: str) -> bytes:
    """Return a Message-ID as the archive knows it; the angle brackets may be left out."""
    return b"<%b>" % message_id.strip().removeprefix("<").removesuffix(">").encode(
        "utf-8", "surrogateescape"
    )


def _export(parsed: argparse.Namespace) -> int:
    folder = parsed.output or Path(parsed.list)

    async def export(archive: SqliteArchive) -> None:
        if parsed.format == "mboxrd" and parsed.output is not None:
            with parsed.output.open("wb") as file:
                async for message in exported(archive, parsed.list):
                    file.write(as_mboxrd(message))
            return
        if parsed.format == "public-inbox":
            written = await export_public_inbox(archive, parsed.list, folder)
            shown.console().print(
                f"{folder}: {written.added} added, {written.removed} removed, {written.replaced} replaced",
                markup=False,
            )
            return
        async for message in exported(archive, parsed.list):
            if parsed.format == "mboxrd":
                _print_octets(as_mboxrd(message))
            elif parsed.format == "maildir":
                write_maildir(folder, message)
            else:
                write_eml(folder, message)

    with closing(existing(parsed)) as archive:
        record_of(archive, parsed.list)
        try:
            asyncio.run(export(archive))
        except BrokenPipeError:
            raise
        except OSError as error:
            raise Refused(
                f"{error.filename or parsed.output or 'standard output'}: {error.strerror}"
            ) from error
    return DONE


def _print_octets(octets: bytes) -> None:
    """Write to standard output, all of it also where that is not buffered and takes less at a time."""
    left = memoryview(octets)
    while left:
        left = left[sys.stdout.buffer.write(left) :]


def _remove(parsed: argparse.Namespace) -> int:
    with closing(existing(parsed)) as archive:
        record = record_of(archive, parsed.list)
        (number,) = asyncio.run(_numbers(archive, record.name, [parsed.message_id]))
    directory = archive_directory(parsed, config_of(parsed))
    with closing(open_for_writing(directory)) as writer, writer.batch() as batch:
        batch.remove(parsed.list, number)
    shown.console().print(f"{parsed.list} {number}: removed", markup=False)
    return DONE


async def _numbers(archive: SqliteArchive, name: str, message_ids: Iterable[str]) -> Sequence[int]:
    """Return the numbers that messages have in a list.

    Raises:
        NoSuchMessage: one of them is not there.
    """
    numbers = []
    for message_id in message_ids:
        places = await archive.find(_bracketed(message_id))
        number = next((place.number for place in places if place.name == name), None)
        if number is None:
            raise NoSuchMessage(f"{name}: no message {message_id}")
        numbers.append(number)
    return numbers


def _hide(parsed: argparse.Namespace) -> int:
    return _set_hidden(parsed, hidden=True)


def _unhide(parsed: argparse.Namespace) -> int:
    return _set_hidden(parsed, hidden=False)


def _set_hidden(parsed: argparse.Namespace, *, hidden: bool) -> int:
    """Hide or show all the messages that are named, or none where one of them is not there."""
    with closing(existing(parsed)) as archive:
        record = record_of(archive, parsed.list)
        numbers = asyncio.run(_numbers(archive, record.name, parsed.message_ids))
    directory = archive_directory(parsed, config_of(parsed))
    with closing(open_for_writing(directory)) as writer, writer.batch() as batch:
        (batch.hide if hidden else batch.unhide)(record.name, numbers)
    state = "hidden" if hidden else "shown"
    for number in numbers:
        already = " already" if record.is_hidden(number) is hidden else ""
        shown.console().print(f"{record.name} {number}: {state}{already}", markup=False)
    return DONE


def _check(parsed: argparse.Namespace) -> int:
    from gateway.renderers import RENDERERS  # noqa: PLC0415 - loads the faces' commands, which only writing needs

    async def verify(archive: SqliteArchive, writer: SqliteWriter) -> tuple[int, int]:
        found = left = 0
        async for fault in check(archive, writer, RENDERERS, repair=parsed.repair):
            place = " ".join(str(part) for part in (fault.name, fault.number) if part)
            outcome = " (repaired)" if fault.repaired else ""
            shown.complain(f"{place or 'archive'}: {fault.what}{outcome}")
            found, left = found + 1, left + (not fault.repaired)
        return found, left

    directory = archive_directory(parsed, config_of(parsed))
    with closing(existing(parsed)) as archive, closing(open_for_writing(directory)) as writer:
        found, left = asyncio.run(verify(archive, writer))
        count = sum(record.count for record in archive.lists())
    shown.console().print(
        f"{count} messages checked, {found} faults found, {left} left", markup=False
    )
    return REFUSED if left else DONE
