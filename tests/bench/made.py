"""Made archives of any size, imported once and used again."""

from __future__ import annotations

import json
import shutil
import sqlite3
from contextlib import closing, suppress
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Final

from tests.bench.processes import ran_to_its_end
from tests.make_archive import write_folder
from tests.synthetic import Generator, Options

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

__all__ = ["LIST", "Import", "made"]

LIST: Final = "bench.list"
_START: Final = 1_547_510_400
"""In the middle of a month: a few messages are all of one, whoever tells the time of day."""


@dataclass(frozen=True, slots=True)
class Import:
    """What an import took, in seconds and octets; ``shares`` are those of the tables in ``disk``."""

    messages: int
    mbox: int
    seconds: float
    cpu: float
    peak: int
    disk: int
    shares: Mapping[str, int]


def made(
    size: int,
    folder: Path,
    *,
    keep: bool = False,
    tell: Callable[[str], object],
) -> tuple[Path, Import]:
    """Return an archive of ``LIST`` with so many messages, made and imported if it is not there yet.

    Its mailbox is deleted when it is imported, unless it is to be kept. An import that was cut off begins again.
    """
    place = folder / str(size)
    archive, figures = place / "archive", place / "import.json"
    if not figures.exists():
        mbox = place / "list-a.mbox"
        if not (place / "mbox-is-whole").exists():
            tell(f"making {size} messages")
            write_folder(Generator(Options(messages=size, lists=1, start=_START)), place)
            (place / "mbox-is-whole").touch()
        shutil.rmtree(archive, ignore_errors=True)
        tell(f"importing {size} messages")
        took = ran_to_its_end(archive, "import", LIST, mbox)
        disk = sum(path.stat().st_size for path in archive.iterdir())
        found = Import(
            size, mbox.stat().st_size, took.seconds, took.cpu, took.peak, disk, _shares(archive)
        )
        figures.write_text(json.dumps(asdict(found)) + "\n", "ascii")
        if not keep:
            (place / "mbox-is-whole").unlink()
            mbox.unlink()
    return archive, Import(**json.loads(figures.read_text("ascii")))


def _shares(archive: Path) -> Mapping[str, int]:
    """Return how many octets of an archive's file each table takes with its indexes, if this SQLite can tell."""
    found: dict[str, int] = {}
    with (
        closing(sqlite3.connect(archive / "archive.sqlite3")) as database,
        suppress(sqlite3.OperationalError),
    ):
        tables = dict(database.execute("SELECT name, tbl_name FROM sqlite_schema").fetchall())
        for name, octets in database.execute("SELECT name, pgsize FROM dbstat WHERE aggregate = 1"):
            table = tables.get(name, name)
            found[table] = found.get(table, 0) + octets
    return found
