"""The web archive of a made archive behind a real server, and what a browser makes of its pages."""

from __future__ import annotations

import contextlib
import json
import os
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from storage.export import Exported, as_mboxrd
from storage.message.dates import sent
from storage.message.fields import parse_header
from tests.interop.news import listgate, running
from tests.mail import NOW

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from tests.interop.browser import Tab

__all__ = ["Website", "axe", "serving_web", "violations", "write_lists"]


@dataclass(frozen=True, slots=True)
class Website:
    """A server's web archive."""

    root: str

    def url(self, path: str) -> str:
        """Return a page's address."""
        return self.root + path


def write_lists(folder: Path, lists: Mapping[str, Sequence[bytes]]) -> Path:
    """Make an archive of lists; return its folder."""
    archive = folder / "archive"
    for name, mails in lists.items():
        path = folder / f"{name}.mbox"
        records = (
            as_mboxrd(Exported(number, sent(parse_header(raw)) or NOW, raw))
            for number, raw in enumerate(mails, 1)
        )
        path.write_bytes(b"".join(records))
        listgate(archive, "import", name, path)
    return archive


@contextlib.contextmanager
def serving_web(archive: Path, *options: str | Path) -> Iterator[Website]:
    """Serve an archive on the web as long as this lasts."""
    faces = ("--nntp", "none", "--imap", "none", "--web", "127.0.0.1:0")
    with running(archive, *faces, *options, ports=1) as ports:
        yield Website(f"http://127.0.0.1:{ports['http']}")


def axe() -> str:
    """Return the axe-core program, whose place ``AXE`` tells; the test is skipped where it is not."""
    path = Path(os.environ.get("AXE", ""))
    if not path.is_file():
        pytest.skip("axe-core is not there: npm install axe-core, and AXE=…/axe.min.js")
    return path.read_text("utf-8")


def violations(tab: Tab, program: str) -> list[str]:
    """Return what axe-core has against a page."""
    tab.run(program + "; 0")
    options: dict[str, Any] = {"resultTypes": ["violations"]}
    found = tab.run(f"axe.run(document, {json.dumps(options)}).then(done => done.violations)")
    return [
        f"{each['id']}: {node['html'][:200]} {node['failureSummary'][:400]}"
        for each in found
        for node in each["nodes"][:3]
    ]
