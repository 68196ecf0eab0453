"""public-inbox's own programs: what they write is read, what is exported they take and serve."""

from __future__ import annotations

import asyncio
import socket
from typing import TYPE_CHECKING

import pytest

from gateway.mirror.git import GitMirror
from storage.export_public_inbox import Written, export_public_inbox
from storage.sources import open_source
from storage.sources.base import Incoming, Withdrawn
from tests.interop.programs import needs
from tests.interop.public_inbox import served
from tests.mail import MemoryEngine, fill, mail, take

if TYPE_CHECKING:
    from pathlib import Path

    from tests.interop.programs import Home

pytestmark = [
    pytest.mark.interop,
    needs(
        "git", "public-inbox-init", "public-inbox-index", "public-inbox-mda", "public-inbox-nntpd"
    ),
]

TO = "To: list@x.example"
RAWS = tuple(mail(str(number), TO, body=f"{number}\n") for number in range(1, 6))


@pytest.fixture(params=["-V1", "-V2"])
def inbox(request: pytest.FixtureRequest, home: Home) -> Path:
    """An inbox of each version, with four messages that public-inbox delivered."""
    path = home / "inbox"
    init = ("public-inbox-init", request.param, "-L", "basic", "--ng", "lists.x")
    home.run(*init, "x", path, "http://127.0.0.1/x", "list@x.example")
    home.run(
        "git", "config", "-f", home / ".public-inbox/config", "publicinboxmda.spamcheck", "none"
    )
    for raw in RAWS[:4]:
        deliver(home, raw)
    return path


def deliver(home: Home, raw: bytes) -> None:
    said = home.run(
        "public-inbox-mda", "--no-precheck", said=raw, ORIGINAL_RECIPIENT="list@x.example"
    )
    assert said == b""


def told(path: Path, after: bytes = b"") -> str:
    """Return what an inbox gives: the body of each message, behind a sign; public-inbox adds fields."""
    items = list(open_source(str(path)).messages(after))
    assert all(isinstance(each, Incoming | Withdrawn) for each in items)
    signs = {Incoming: "+", Withdrawn: "-"}
    return " ".join(
        signs[type(each)] + getattr(each, "raw", b"").split()[-1].decode() for each in items
    )


def test_what_public_inbox_delivers_and_removes_is_read(inbox: Path, home: Home) -> None:
    assert told(inbox) == "+1 +2 +3 +4"
    items = list(open_source(str(inbox)).messages(b""))
    home.run("public-inbox-learn", "rm", said=RAWS[1])
    deliver(home, RAWS[4])
    assert told(inbox, items[-1].cursor) == "-2 +5"
    assert open_source(str(inbox)).suggested_name() is None  # 'inbox' says nothing


@pytest.mark.parametrize("inbox", ["-V2"], indirect=True)  # the other cannot be purged
def test_a_purge_is_noticed(inbox: Path, home: Home, caplog: pytest.LogCaptureFixture) -> None:
    writer = MemoryEngine().writer()
    take(writer, "l", open_source(str(inbox)))
    home.run("public-inbox-purge", inbox, said=RAWS[3])  # the last: its commit has no file any more
    deliver(home, RAWS[4])
    summary = take(writer, "l", open_source(str(inbox)))
    assert (summary.added, summary.duplicates) == (1, 3)
    assert "listgate remove" in caplog.text


def test_an_export_is_indexed_served_and_mirrored(home: Home) -> None:
    engine = MemoryEngine()
    fill(engine.writer(), "lists.x", RAWS[:4])
    folder = home / "exported"
    asyncio.run(export_public_inbox(engine.archive(), "lists.x", folder))
    home.write(".public-inbox/config", (folder / "inbox.config.example").read_text())
    home.run("public-inbox-index", "-L", "basic", folder)
    with served(home, "public-inbox-nntpd") as port:
        assert bodies(port) == [b"1", b"2", b"3", b"4"]
    with engine.writer().batch() as batch:
        batch.remove("lists.x", 2)
    fill(engine.writer(), "lists.x", RAWS[4:], now=1_700_000_001)
    written = asyncio.run(export_public_inbox(engine.archive(), "lists.x", folder))
    assert written == Written(added=1, removed=1)
    home.run("public-inbox-index", "-L", "basic", folder)
    with served(home, "public-inbox-nntpd") as port:
        assert bodies(port) == [b"1", b"3", b"4", b"5"]
    (home / "archive").mkdir()
    with served(home, "public-inbox-httpd") as port:
        mirror = GitMirror(f"git+http://127.0.0.1:{port}/lists.x", home / "archive")
        signs = [type(each) for each in mirror.messages(b"")]
    assert signs == [Incoming] * 4 + [Withdrawn, Incoming]


def bodies(port: int) -> list[bytes]:
    """Return the text of every article of the group, as the news server has it."""
    with socket.create_connection(("127.0.0.1", port), timeout=30) as connection:
        lines = connection.makefile("rwb")
        found = []
        lines.readline()
        lines.write(b"LISTGROUP lists.x\r\n")
        lines.flush()
        for number in block(lines):
            lines.write(b"BODY %b\r\n" % number)
            lines.flush()
            found += block(lines)
        return found


def block(lines: object) -> list[bytes]:
    """Return the lines behind a response."""
    read = lines.readline  # type: ignore[attr-defined]  # any file
    assert read().startswith(b"2")
    return [*iter(lambda: read().rstrip(b"\r\n"), b".")]
