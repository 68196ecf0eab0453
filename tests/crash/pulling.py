"""A pull from another server as a process of its own, to be killed in the middle.

python -m tests.crash.pulling ARCHIVE URL
"""

from __future__ import annotations

import subprocess
import sys
from contextlib import closing
from pathlib import Path
from typing import Final

from gateway.intake import open_for_writing
from gateway.mirror.imap import ImapSource
from gateway.mirror.nntp import NntpSource
from gateway.mirror.url import parse_url
from gateway.renderers import RENDERERS
from storage.errors import ArchiveUnavailable
from storage.ingest import ingest
from storage.sqlite import SqliteArchive
from tests.cli.programs import environment, until

__all__ = ["PULLED", "count", "pull", "pulled_until"]

PULLED: Final = "pulled.list"


def pull(directory: Path, url: str) -> tuple[int, int]:
    """Pull what is new; return how many messages came, and how many of them were new to the archive."""
    path = parse_url(url).path
    source = ImapSource(url, path) if url.startswith("imap") else NntpSource(url, path)
    with closing(open_for_writing(directory)) as writer:
        summary = ingest(writer, PULLED, source, RENDERERS)
    return summary.read, summary.added


def pulled_until(directory: Path, url: str, enough: int) -> bool:
    """Pull in a process that is killed when more than so many messages are there; tell whether it was."""
    command = [sys.executable, "-m", "tests.crash.pulling", str(directory), url]
    with subprocess.Popen(command, env=environment()) as running:
        until(lambda: count(directory) > enough or running.poll() is not None)
        running.kill()
    return running.returncode != 0


def count(directory: Path) -> int:
    """Return how many messages have been pulled so far."""
    try:
        with closing(SqliteArchive(directory)) as archive:
            return sum(record.count for record in archive.lists())
    except ArchiveUnavailable:  # not there yet
        return 0


if __name__ == "__main__":
    pull(Path(sys.argv[1]), sys.argv[2])
