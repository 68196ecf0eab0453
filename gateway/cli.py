"""The command line, and the composition root: the only module that knows everything."""

from __future__ import annotations

import argparse
import asyncio
import getpass
import io
import os
import sys
import tempfile
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING, Final

import gateway
import storage
from gateway import shown
from gateway.arguments import DEFAULT_ARCHIVE, build_parser
from gateway.config import Config, load
from gateway.demo import write_demo
from gateway.errors import Refused
from gateway.intake import Plan, open_for_writing, take_in
from gateway.passwords import hash_password
from gateway.sasl import MalformedMessage
from storage.check import check
from storage.errors import ArchiveError, NoSuchList, NoSuchMessage
from storage.export import as_mboxrd, exported, write_eml, write_maildir
from storage.ingest import rerender
from storage.model import check_list_name
from storage.sqlite import SqliteArchive

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from storage.model import MailingList
    from storage.sqlite import SqliteWriter

__all__ = ["main"]

DONE: Final = 0
REFUSED: Final = 1
INTERRUPTED: Final = 130

SUBJECT_WINDOW: Final = 30 * 86_400
"""Seconds within which a reply is looked for by its subject, where the configuration wants it."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line; return the exit code: 0 done, 1 something was refused, 2 usage."""
    if gateway.__version__ != storage.__version__:
        print(  # noqa: T201 - before anything else can be trusted
            "listgate: the packages 'gateway' and 'storage' are not of the same version; "
            "install listgate again, in an environment of its own",
            file=sys.stderr,
        )
        return REFUSED
    parsed = build_parser(RUNS).parse_args(arguments)
    shown.log_to_stderr()
    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(errors="replace")  # subjects may be in any script
    try:
        code: int = parsed.run(parsed)
        sys.stdout.flush()
    except (ArchiveError, Refused) as error:
        shown.complain(str(error))
    except OSError as error:
        if not isinstance(error, BrokenPipeError):  # whoever read our output has enough of it
            shown.complain(f"{error.filename or 'standard output'}: {error.strerror or error}")
    except KeyboardInterrupt:
        return INTERRUPTED
    else:
        return code
    _give_up_output()
    return REFUSED


def _give_up_output() -> None:
    """Let what could not be written go nowhere, so that Python does not try again at its end."""
    try:
        sys.stdout.flush()
    except OSError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def _config(parsed: argparse.Namespace) -> Config:
    return load(getattr(parsed, "config", None))


def _directory(parsed: argparse.Namespace, config: Config) -> Path:
    """Return the archive's folder: the command line's, the environment's, the configuration's, or the usual one."""
    given = getattr(parsed, "archive", None) or os.environ.get("LISTGATE_ARCHIVE")
    return Path(given) if given else config.archive or Path(DEFAULT_ARCHIVE)


def _existing(parsed: argparse.Namespace) -> SqliteArchive:
    """Open an archive that is there to be looked at.

    Raises:
        Refused: there is none.
    """
    directory = _directory(parsed, _config(parsed))
    if not directory.is_dir():
        raise Refused(f"{directory}: no archive there; make one with 'listgate import LIST SOURCE'")
    return SqliteArchive(directory)


def _record(archive: SqliteArchive, name: str) -> MailingList:
    """Return what the archive knows of a list.

    Raises:
        Refused: there is no such list.
    """
    try:
        return archive.mailing_list(name)
    except NoSuchList:
        raise Refused(
            f"{name}: no list is called so; 'listgate lists' shows those there are"
        ) from None


def _serve(parsed: argparse.Namespace) -> int:
    config = _config(parsed)
    return _serve_from(_directory(parsed, config), parsed, config, parsed.sources)


def _demo(parsed: argparse.Namespace) -> int:
    with tempfile.TemporaryDirectory(prefix="listgate-demo-") as folder:
        sources = write_demo(Path(folder) / "sources")
        config = _config(parsed)
        given = getattr(parsed, "archive", None)
        directory = Path(given) if given else Path(folder) / "archive"
        return _serve_from(directory, parsed, config, map(str, sources))


def _serve_from(
    directory: Path, parsed: argparse.Namespace, config: Config, paths: Iterable[str]
) -> int:
    from gateway.serving import choose_listeners, serve  # noqa: PLC0415 - brings Twisted, half of the start's time

    listeners = choose_listeners(parsed, config)
    plan = _plan(paths, config)
    code = DONE
    with closing(open_for_writing(directory)) as writer:
        _rerender(writer)
        if plan.paths:
            summaries = take_in(writer, plan)
            shown.errors().print(shown.summary_table(summaries))
            code = REFUSED if any(each.rejected for each in summaries.values()) else DONE
        _describe(writer, config)
    serve(directory, listeners, plan, config, lambda: _config(parsed))
    return code


def _plan(paths: Iterable[str], config: Config, name: str | None = None) -> Plan:
    """Return what is to be read, and whether replies are to be found by their subjects."""
    return Plan(tuple(paths), name, SUBJECT_WINDOW if config.threads_by_subject else None)


def _describe(writer: SqliteWriter, config: Config) -> None:
    """Give the lists that there are the descriptions and addresses that the configuration has for them."""
    with writer.batch() as batch:
        for name, each in config.lists.items():
            if writer.has(name):
                batch.describe(
                    name, description=each.description or None, address=each.address or None
                )


def _rerender(writer: SqliteWriter) -> None:
    """Make anew what an earlier version of listgate rendered."""
    from gateway.renderers import RENDERERS  # noqa: PLC0415 - loads the faces' commands, which only writing needs

    counts = rerender(writer, RENDERERS)
    done = next(counts, 0)
    if not done:
        return
    with shown.progress_bar() as bar:
        task = bar.add_task("rendering anew", total=None, messages=done)
        for count in counts:
            done += count
            bar.update(task, messages=done)


def _import(parsed: argparse.Namespace) -> int:
    config = _config(parsed)
    plan = _plan(parsed.sources, config, check_list_name(parsed.list))
    with closing(open_for_writing(_directory(parsed, config))) as writer:
        _rerender(writer)
        summaries = take_in(writer, plan, settle=True)
        _describe(writer, config)
    shown.console().print(shown.summary_table(summaries))
    return REFUSED if any(each.rejected for each in summaries.values()) else DONE


def _lists(parsed: argparse.Namespace) -> int:
    with closing(_existing(parsed)) as archive:
        shown.console().print(shown.list_table(archive.lists()))
    return DONE


def _show(parsed: argparse.Namespace) -> int:
    with closing(_existing(parsed)) as archive:
        record = _record(archive, parsed.list)
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

    with closing(_existing(parsed)) as archive:
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
        async for message in exported(archive, parsed.list):
            if parsed.format == "mboxrd":
                _print_octets(as_mboxrd(message))
            elif parsed.format == "maildir":
                write_maildir(folder, message)
            else:
                write_eml(folder, message)

    with closing(_existing(parsed)) as archive:
        _record(archive, parsed.list)
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
    with closing(_existing(parsed)) as archive:
        _record(archive, parsed.list)
        places = asyncio.run(archive.find(_bracketed(parsed.message_id)))
    number = next((place.number for place in places if place.name == parsed.list), None)
    if number is None:
        raise NoSuchMessage(f"{parsed.list}: no message {parsed.message_id}")
    directory = _directory(parsed, _config(parsed))
    with closing(open_for_writing(directory)) as writer, writer.batch() as batch:
        batch.remove(parsed.list, number)
    shown.console().print(f"{parsed.list} {number}: removed", markup=False)
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

    directory = _directory(parsed, _config(parsed))
    with closing(_existing(parsed)) as archive, closing(open_for_writing(directory)) as writer:
        found, left = asyncio.run(verify(archive, writer))
        count = sum(record.count for record in archive.lists())
    shown.console().print(
        f"{count} messages checked, {found} faults found, {left} left", markup=False
    )
    return REFUSED if left else DONE


def _password(parsed: argparse.Namespace) -> int:  # noqa: ARG001 - every command has the same signature
    password = (
        getpass.getpass("Password: ") if sys.stdin.isatty() else sys.stdin.readline().rstrip("\n")
    )
    try:
        shown.console().print(str(hash_password(password)), markup=False)
    except MalformedMessage as error:
        raise Refused(str(error)) from None
    return DONE


RUNS: Final = {
    "serve": _serve,
    "import": _import,
    "lists": _lists,
    "show": _show,
    "thread": _thread,
    "export": _export,
    "remove": _remove,
    "check": _check,
    "demo": _demo,
    "password": _password,
}
"""What each command runs."""


if __name__ == "__main__":
    sys.exit(main())
