"""A list being brought to where its origin is, as a process of its own, to be killed in the middle.

python -m tests.crash.twinning ARCHIVE URL
"""

from __future__ import annotations

import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path

from gateway.intake import open_for_writing
from gateway.mirror.twin import replicate
from gateway.mirror.url import parse_url
from gateway.renderers import RENDERERS
from storage.ingest import Summary
from storage.sqlite.schema import FILE
from tests.cli.programs import environment, until

__all__ = ["stored", "twin", "twinned_until"]


def twin(directory: Path, url: str) -> Summary:
    """Take over what is new."""
    with closing(open_for_writing(directory)) as writer:
        summary = replicate(writer, parse_url(url).path, url, RENDERERS)
    assert summary is not None
    return summary


def twinned_until(directory: Path, url: str, enough: int) -> bool:
    """Take over in a process that is killed when more than so many messages are there; tell whether it was."""
    command = [sys.executable, "-m", "tests.crash.twinning", str(directory), url]
    with subprocess.Popen(command, env=environment()) as running:
        until(lambda: stored(directory) > enough or running.poll() is not None)
        running.kill()
    return running.returncode != 0


def stored(directory: Path) -> int:
    """Return how many messages are stored, seen by readers or not."""
    if not (directory / FILE).exists():
        return 0
    with closing(sqlite3.connect(f"file:{directory / FILE}?mode=ro", uri=True)) as connection:
        try:
            count: int = connection.execute("SELECT count(*) FROM message").fetchone()[0]
        except sqlite3.OperationalError:  # not there yet
            return 0
    return count


if __name__ == "__main__":
    twin(Path(sys.argv[1]), sys.argv[2])
