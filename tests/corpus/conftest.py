"""The real archives, imported once for all tests."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import pytest

from storage.sources import Incoming, open_source
from tests.mail import NOW, SqliteEngine, take

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from storage.archive import Archive
    from storage.ingest import Summary

CLOCK: Final = NOW + 10**8
"""When all is imported: 2027, after the last of it was sent."""

FILES: Final = {
    "kernel-hardening": "kernel-hardening.mbox.xz",
    "linux-man": "linux-man.mbox.xz",
    "usenet": "usenet-net.lang.lisp-1982-1986.mbox.xz",
    "pipermail": "twisted-web-pipermail.tar.xz",
    "third-party": "edge-third-party.tar.xz",
    "fork": "sa-ham/fork.mbox.xz",
    "ilug": "sa-ham/ilug.mbox.xz",
    "rpm-zzzlist": "sa-ham/rpm-zzzlist.mbox.xz",
    "razor-users": "sa-ham/razor-users.mbox.xz",
    "spamassassin-talk": "sa-ham/spamassassin-talk.mbox.xz",
    "exmh-workers": "sa-ham/exmh-workers.mbox.xz",
    "exmh-users": "sa-ham/exmh-users.mbox.xz",
    "spamassassin-devel": "sa-ham/spamassassin-devel.mbox.xz",
    "social": "sa-ham/social.mbox.xz",
}


@dataclass(frozen=True, slots=True)
class Imported:
    """The archive of everything, and what became of each file, by list."""

    archive: Archive
    summaries: dict[str, Summary]
    folder: Path

    def originals(self, name: str) -> list[bytes]:
        """Return the octets of a list's records as they are in its file."""
        source = open_source(str(self.folder / FILES[name]))
        return [each.raw for each in source.messages(b"") if isinstance(each, Incoming)]


@pytest.fixture(scope="session")
def imported(corpus: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Imported]:
    """Every file of the corpus in one SQLite archive."""
    engine = SqliteEngine(tmp_path_factory.mktemp("corpus") / "archive")
    writer = engine.writer()
    summaries = {
        name: take(writer, name, open_source(str(corpus / file)), now=CLOCK)
        for name, file in FILES.items()
    }
    yield Imported(engine.archive(), summaries, corpus)
    engine.close()
