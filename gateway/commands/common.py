"""What the commands share: the options all of them take, exit codes, the archive they name, and reports."""

from __future__ import annotations

import argparse
import os
from pathlib import Path
from typing import TYPE_CHECKING, Final, Protocol

from gateway import shown
from gateway.config import Config, load
from gateway.errors import Refused
from gateway.intake import Plan
from storage.errors import NoSuchList
from storage.ingest import rerender
from storage.sqlite import SqliteArchive

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from storage.model import MailingList
    from storage.sqlite import SqliteWriter

    Run = Callable[[argparse.Namespace], int]

__all__ = [
    "DEFAULT_ARCHIVE",
    "DONE",
    "REFUSED",
    "AddCommand",
    "archive_directory",
    "common_options",
    "config_of",
    "describe",
    "existing",
    "plan_of",
    "record_of",
    "rerender_all",
]

DEFAULT_ARCHIVE: Final = "./listgate-archive"

DONE: Final = 0
REFUSED: Final = 1

SUBJECT_WINDOW: Final = 30 * 86_400
"""Seconds within which a reply is looked for by its subject, where the configuration wants it."""


class AddCommand(Protocol):
    """Adds a command; returns its parser."""

    def __call__(self, name: str, text: str, run: Run, /) -> argparse.ArgumentParser: ...


def common_options() -> argparse.ArgumentParser:
    """Return a parser of the options that every command takes."""
    common = argparse.ArgumentParser(add_help=False)
    common.add_argument(
        "--archive",
        metavar="DIR",
        default=argparse.SUPPRESS,
        help=f"the archive's folder (else $LISTGATE_ARCHIVE, else the configuration's, else {DEFAULT_ARCHIVE})",
    )
    common.add_argument(
        "--config",
        metavar="FILE",
        type=Path,
        default=argparse.SUPPRESS,
        help="a configuration file (TOML)",
    )
    return common


def config_of(parsed: argparse.Namespace) -> Config:
    """Return the configuration that the command line names, or the defaults.

    Raises:
        ConfigError: it cannot be used.
    """
    return load(getattr(parsed, "config", None))


def archive_directory(parsed: argparse.Namespace, config: Config) -> Path:
    """Return the archive's folder: the command line's, the environment's, the configuration's, or the usual one."""
    given = getattr(parsed, "archive", None) or os.environ.get("LISTGATE_ARCHIVE")
    return Path(given) if given else config.archive or Path(DEFAULT_ARCHIVE)


def existing(parsed: argparse.Namespace) -> SqliteArchive:
    """Open an archive that is there to be looked at.

    Raises:
        Refused: there is none.
    """
    directory = archive_directory(parsed, config_of(parsed))
    if not directory.is_dir():
        raise Refused(f"{directory}: no archive there; make one with 'listgate import LIST SOURCE'")
    return SqliteArchive(directory)


def record_of(archive: SqliteArchive, name: str) -> MailingList:
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


def plan_of(paths: Iterable[str], config: Config, name: str | None = None) -> Plan:
    """Return what is to be read, and whether replies are to be found by their subjects."""
    return Plan(tuple(paths), name, SUBJECT_WINDOW if config.threads_by_subject else None)


def describe(writer: SqliteWriter, config: Config) -> None:
    """Give the lists that there are the descriptions and addresses that the configuration has for them."""
    with writer.batch() as batch:
        for name, each in config.lists.items():
            if writer.has(name):
                batch.describe(
                    name, description=each.description or None, address=each.address or None
                )


def rerender_all(writer: SqliteWriter) -> None:
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
