"""A list exported as a public-inbox, again and again."""

from __future__ import annotations

import asyncio
import fcntl
import os
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from storage import export_epochs
from storage.errors import SourceError
from storage.export_epochs import ExportError
from storage.export_public_inbox import Written, export_public_inbox
from storage.message.fields import parse_header
from storage.message.ids import message_id
from storage.model import Fidelity
from storage.sources import open_source
from storage.sources.base import Incoming, Withdrawn
from tests.cli.conftest import put
from tests.mail import Given, fill, mail, take
from tests.repositories import NEEDS_GIT, added, git, grown, loose

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from storage.sources.base import Rejected
    from tests.cli.conftest import Listgate
    from tests.mail import Engine

pytestmark = NEEDS_GIT

RAWS = (
    mail("1", body="From here\n>From there\n"),
    mail("2", answers="1", subject="=?utf-8?q?Gr=C3=BC=C3=9Fe?=\n =?utf-8?q?_zwei?="),
    b"Message-ID: <3@x.example>\r\nSubject: <a>\x00\tb\r\n\r\nCRLF and 8 bits: \xff\x00\r\n",
    b"Subject: neither id nor body, nor an end",
    mail("5", 'From: "x" <y>, <<>@z>\nX-A: folded\n\tlike this', body="data 5\ncommit x\ndone\n"),
    b"From: =?utf-8?q?A=0AB_=3C=3E?= <a@b@c.example>\nMessage-ID: <6@x.example>\n\n\n",
)


class Better(Given):
    """Gives poor copies of messages."""

    def messages(self, after: bytes) -> Iterator[Incoming | Rejected]:
        for each in Given.messages(self, after):
            assert isinstance(each, Incoming)
            yield replace(each, fidelity=Fidelity.PAGE)


def export(engine: Engine, folder: Path, name: str = "l") -> Written:
    return asyncio.run(export_public_inbox(engine.archive(), name, folder))


def told(folder: Path) -> list[tuple[str, bytes]]:
    """Return what an inbox gives: ``+`` for a message, ``-`` for one taken back."""
    items = list(open_source(str(folder)).messages(b""))
    assert all(isinstance(each, Incoming | Withdrawn) for each in items)
    signs = {Incoming: "+", Withdrawn: "-"}
    return [(signs[type(each)], getattr(each, "raw", b"")) for each in items]


def number_of(engine: Engine, raw: bytes) -> int:
    own, _ = message_id(parse_header(raw))
    assert own is not None
    (place,) = asyncio.run(engine.archive().find(own))
    return place.number


def test_what_a_list_says_of_itself_tells_git_nothing(engine: Engine, tmp_path: Path) -> None:
    """A twin's description and address come from another server."""
    fill(engine.writer(), "l", [mail("1")])
    with engine.writer().batch() as batch:
        address = "l@x.example> 0 +0000\ndata 0\nM 100644 inline evil\ndata 0\n"
        batch.describe("l", description='Of l\n[publicinbox "m"]', address=address)
    export(engine, tmp_path / "out")
    assert told(tmp_path / "out") == [("+", mail("1"))]
    assert git(tmp_path / "out/git/0.git", "ls-tree", "--name-only", "HEAD") == "m\n"
    example = (tmp_path / "out/inbox.config.example").read_text("utf-8").splitlines()
    assert [line for line in example if line.startswith(("[", "\taddress"))] == [
        '[publicinbox "l"]',
        "\taddress = l@x.example 0 +0000 data 0 M 100644 inline evil data 0",
    ]


def test_every_octet_and_time_comes_back(engine: Engine, tmp_path: Path) -> None:
    take(engine.writer(), "l", Given(list(RAWS), received=1_500_000_000))
    assert export(engine, tmp_path / "inbox") == Written(added=len(RAWS))
    items = list(open_source(str(tmp_path / "inbox")).messages(b""))
    assert [each.raw for each in items if isinstance(each, Incoming)] == [*RAWS]
    assert {each.received for each in items if isinstance(each, Incoming)} == {1_500_000_000}
    git(tmp_path / "inbox/git/0.git", "fsck", "--strict")


def test_commits_tell_who_wrote_and_about_what(engine: Engine, tmp_path: Path) -> None:
    with engine.writer().batch() as batch:
        batch.mailing_list("l")
        batch.describe("l", address="list@x.example", description="A list")
    fill(engine.writer(), "l", RAWS)
    export(engine, tmp_path / "inbox")
    log = git(tmp_path / "inbox/git/0.git", "log", "--reverse", "--format=%an|%ae|%at|%cn|%ce|%s")
    first, second, third, fourth, _, sixth = log.splitlines()
    assert first == "A|a@x.example|1072958400|l|list@x.example|Topic"
    assert second.endswith("|Grüße zwei")
    assert third.startswith("||")
    assert third.endswith("|a b")
    assert fourth.endswith("|neither id nor body, nor an end")
    assert sixth.startswith("A B|")
    assert (tmp_path / "inbox/description").read_text() == "A list\n"
    assert "address = list@x.example\n" in (tmp_path / "inbox/inbox.config.example").read_text()


def test_again_adds_only_what_is_new(engine: Engine, tmp_path: Path) -> None:
    folder = tmp_path / "inbox"
    fill(engine.writer(), "l", RAWS[:2])
    assert export(engine, folder).added == 2
    commit = git(folder / "git/0.git", "rev-parse", "HEAD")
    assert export(engine, folder) == Written()
    assert git(folder / "git/0.git", "rev-parse", "HEAD") == commit
    (folder / "description").write_text("my own\n")
    fill(engine.writer(), "l", RAWS, now=1_700_000_001)
    assert export(engine, folder) == Written(added=4)
    assert told(folder) == [("+", raw) for raw in RAWS]
    assert (folder / "description").read_text() == "my own\n"


def test_what_is_removed_is_taken_out_once(engine: Engine, tmp_path: Path) -> None:
    folder = tmp_path / "inbox"
    writer = engine.writer()
    fill(writer, "l", RAWS[:3])
    export(engine, folder)
    gone = number_of(engine, RAWS[1])
    with writer.batch() as batch:
        batch.remove("l", gone)
    assert export(engine, folder) == Written(removed=1)
    assert export(engine, folder) == Written()
    fill(writer, "l", RAWS[3:4], now=1_700_000_001)
    assert export(engine, folder) == Written(added=1)
    expected = [*RAWS[:3], RAWS[1], RAWS[3]]
    assert told(folder) == [*zip("+++-+", expected, strict=True)]
    assert export(engine, tmp_path / "afresh") == Written(added=3)
    assert told(tmp_path / "afresh") == [("+", RAWS[at]) for at in (0, 2, 3)]


def test_a_better_copy_takes_the_place_of_the_poorer(engine: Engine, tmp_path: Path) -> None:
    folder = tmp_path / "inbox"
    poor = mail("1", body="Text.\n").replace(b"a@x.example", b"a@...xample")
    take(engine.writer(), "l", Better([poor, RAWS[1]]))
    export(engine, folder)
    full = mail("1", "X-More: fields", body="Text.\n")
    assert fill(engine.writer(), "l", [full]).improved == 1
    assert export(engine, folder) == Written(replaced=1)
    assert export(engine, folder) == Written()
    assert told(folder) == [("+", poor), ("+", RAWS[1]), ("-", poor), ("+", full)]


def test_a_full_epoch_is_followed_by_another(
    engine: Engine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(export_epochs, "EPOCH_OCTETS", 3_000)
    monkeypatch.setattr(export_epochs, "CHECKPOINT_OCTETS", 2_000)
    raws = [mail(str(number), body=os.urandom(600).hex() + "\n") for number in range(12)]
    folder = tmp_path / "inbox"
    fill(engine.writer(), "l", raws[:10])
    export(engine, folder)
    fill(engine.writer(), "l", raws[10:], now=1_700_000_001)
    with engine.writer().batch() as batch:
        batch.remove("l", 1)
    assert export(engine, folder) == Written(added=2, removed=1)
    assert told(folder) == [("+", raw) for raw in raws[:10]] + [
        ("-", raws[0]),
        *[("+", raw) for raw in raws[10:]],
    ]
    epochs = sorted((folder / "git").iterdir(), key=lambda path: int(path.stem))
    assert len(epochs) > 2
    lent = (folder / "all.git/objects/info/alternates").read_text().split()
    assert lent == [f"../../git/{path.name}/objects" for path in reversed(epochs)]
    for epoch in epochs:
        git(folder / "all.git", "cat-file", "-e", git(epoch, "rev-parse", "HEAD").strip())


def test_an_export_that_was_cut_off_goes_on(
    engine: Engine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(export_epochs, "CHECKPOINT_OCTETS", 1)
    folder = tmp_path / "inbox"
    fill(engine.writer(), "l", RAWS)
    written = export_epochs.Epochs.write
    count = 0

    def fail_at_the_third(self: export_epochs.Epochs, commit: export_epochs.Commit) -> None:
        nonlocal count
        count += 1
        if count == 3:
            raise KeyboardInterrupt
        written(self, commit)

    with monkeypatch.context() as patch:
        patch.setattr(export_epochs.Epochs, "write", fail_at_the_third)
        with pytest.raises(KeyboardInterrupt):
            export(engine, folder)
    again = export(engine, folder)
    assert told(folder) == [("+", raw) for raw in RAWS]
    assert again.added >= len(RAWS) - 2


def test_other_folders_are_left_alone(engine: Engine, tmp_path: Path) -> None:
    fill(engine.writer(), "l", RAWS[:2])
    fill(engine.writer(), "other", RAWS[:1])
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine/letter").write_text("x")
    with pytest.raises(ExportError, match="mine"):
        export(engine, tmp_path / "mine")
    inbox = tmp_path / "foreign"
    grown(inbox / "git/0.git", *added(*RAWS[:2]))
    (inbox / "inbox.lock").touch()
    before = sorted(inbox.rglob("*"))
    with pytest.raises(ExportError, match="something else wrote it"):
        export(engine, inbox)
    assert sorted(inbox.rglob("*")) == before
    export(engine, tmp_path / "l")
    with pytest.raises(ExportError, match="another list"):
        export(engine, tmp_path / "l", "other")


def test_an_empty_list_is_an_empty_inbox(engine: Engine, tmp_path: Path) -> None:
    fill(engine.writer(), "l", [])
    assert export(engine, tmp_path / "inbox") == Written()
    assert told(tmp_path / "inbox") == []
    fill(engine.writer(), "l", RAWS[:1], now=1_700_000_001)
    assert export(engine, tmp_path / "inbox") == Written(added=1)


def test_lost_octets_of_a_removed_message_are_told_of(engine: Engine, tmp_path: Path) -> None:
    fill(engine.writer(), "l", RAWS[:3])
    export(engine, tmp_path / "inbox")
    with engine.writer().batch() as batch:
        batch.remove("l", 2)
    loose(tmp_path / "inbox/git/0.git", RAWS[1]).unlink()
    with pytest.raises(ExportError, match="missing"):
        export(engine, tmp_path / "inbox")


def test_git_that_cannot_write_is_one_error(
    engine: Engine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    fill(engine.writer(), "l", RAWS)
    (tmp_path / "bin").mkdir()
    monkeypatch.setenv("PATH", str(tmp_path / "bin"))
    with pytest.raises(SourceError, match="install git"):
        export(engine, tmp_path / "inbox")
    script = tmp_path / "bin/git"
    script.write_text("#!/bin/sh\necho fatal: the disk is full >&2\nexit 128\n")
    script.chmod(0o700)
    with pytest.raises(ExportError, match=r"inbox: .*the disk is full"):
        export(engine, tmp_path / "inbox")
    monkeypatch.undo()
    assert export(engine, tmp_path / "inbox").added == len(RAWS)


def test_other_writers_wait(engine: Engine, tmp_path: Path) -> None:
    fill(engine.writer(), "l", RAWS[:1])
    epochs = export_epochs.Epochs(tmp_path / "inbox", engine.archive().mailing_list("l"))
    with (tmp_path / "inbox/inbox.lock").open("ab") as lock:
        with pytest.raises(BlockingIOError):
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        epochs.close()
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)


def test_the_command_tells_what_it_wrote(listgate: Listgate, tmp_path: Path) -> None:
    assert listgate("import", "l", put(tmp_path / "x", *RAWS[:2])).code == 0
    said = listgate("export", "l", "--format", "public-inbox", "--output", "inbox")
    assert (said.code, said.out) == (0, "inbox: 2 added, 0 removed, 0 replaced\n")
    assert told(tmp_path / "inbox") == [("+", raw) for raw in RAWS[:2]]
    assert listgate("export", "l", "--format", "public-inbox").out.startswith("l: 2 added")
    (tmp_path / "file").touch()
    said = listgate("export", "l", "--format", "public-inbox", "--output", "file")
    assert said.code == 1
    assert said.err.count("\n") == 1
