"""``listgate deliver``: what mail servers make of its exit codes is what must become of the mail."""

from __future__ import annotations

import os
from contextlib import closing
from typing import TYPE_CHECKING

import pytest

from gateway import accepting
from gateway.commands import deliver
from storage.errors import ArchiveUnavailable
from storage.sqlite import SqliteArchive, SqliteWriter
from tests.cli.programs import ran
from tests.mail import done, mail

if TYPE_CHECKING:
    from pathlib import Path

    from tests.cli.conftest import Listgate


def kept(folder: Path, name: str = "l") -> list[bytes]:
    """Return the original octets of a list's messages."""
    with closing(SqliteArchive(folder / "listgate-archive")) as archive:
        record = archive.mailing_list(name)
        return [done(archive.raw(name, n)) for run in record.present(1, record.high) for n in run]


def test_a_mail_is_stored_once(listgate: Listgate, tmp_path: Path) -> None:
    first = listgate("deliver", "l", "--create", octets=mail("1"))
    assert first == (0, b"", "")
    for _ in range(2):
        assert listgate("deliver", "l", octets=mail("2")) == (0, b"", "")
    assert kept(tmp_path) == [mail("1"), mail("2")]


def test_the_line_that_a_mail_server_puts_before_it_goes(
    listgate: Listgate, tmp_path: Path
) -> None:
    from_line = b"From a@x.example Thu Jan  1 12:00:00 2004\n"
    assert listgate("deliver", "l", "--create", octets=from_line + mail("1")).code == 0
    assert listgate("deliver", "l", octets=mail("1")).code == 0
    assert kept(tmp_path) == [mail("1")]


def test_what_was_removed_stays_away_and_does_not_bounce(
    listgate: Listgate, tmp_path: Path
) -> None:
    listgate("deliver", "l", "--create", octets=mail("1"))
    listgate("remove", "l", "1@x.example")
    assert listgate("deliver", "l", octets=mail("1")) == (0, b"", "")
    assert kept(tmp_path) == []


@pytest.mark.parametrize("octets", [b"", b"\n", b"From a Thu Jan  1 12:00:00 2004\n", b"text\n"])
def test_what_is_no_mail(listgate: Listgate, tmp_path: Path, octets: bytes) -> None:
    said = listgate("deliver", "l", "--create", octets=octets)
    assert said.code == os.EX_DATAERR
    assert said.err.startswith("listgate: standard input: it ")
    assert not (tmp_path / "listgate-archive").exists()


def test_a_mail_that_is_too_large(listgate: Listgate, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(deliver, "MAX_MESSAGE", len(mail("1")))
    assert listgate("deliver", "l", "--create", octets=mail("1")).code == 0
    said = listgate("deliver", "l", octets=mail("1") + b"\n")
    assert said.code == os.EX_DATAERR
    assert "it has more than the " in said.err


def test_lists_are_made_only_where_that_is_asked_for(listgate: Listgate, tmp_path: Path) -> None:
    said = listgate("deliver", "l", octets=mail("1"))
    assert said.code == os.EX_TEMPFAIL  # a disk that is not mounted has no archive either
    assert "no archive there" in said.err
    listgate("deliver", "l", "--create", octets=mail("1"))
    said = listgate("deliver", "m", octets=mail("1"))
    assert said == (os.EX_NOUSER, b"", "listgate: m: no list is called so; '--create' makes it\n")
    said = listgate("deliver", "..", "--create", octets=mail("1"))
    assert said.code == os.EX_USAGE
    assert "cannot name a list" in said.err
    assert len(kept(tmp_path)) == 1


def test_a_new_list_is_described_as_the_configuration_says(
    listgate: Listgate, tmp_path: Path
) -> None:
    config = tmp_path / "listgate.toml"
    config.write_text('[lists.l]\ndescription = "About l"\naddress = "l@x.example"\n')
    listgate("--config", str(config), "deliver", "l", "--create", octets=mail("1"))
    assert "About l" in listgate("show", "l").out
    assert "l@x.example" in listgate("show", "l").out


def test_what_cannot_be_stored_now_is_to_be_tried_again(
    listgate: Listgate,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    config = tmp_path / "listgate.toml"
    config.write_text("no TOML")
    said = listgate("--config", str(config), "deliver", "l", "--create", octets=mail("1"))
    assert said.code == os.EX_TEMPFAIL
    assert "not TOML" in said.err
    listgate("deliver", "l", "--create", octets=mail("1"))

    def full(self: object, *arguments: object) -> None:
        raise ArchiveUnavailable("the disk is full")

    with monkeypatch.context() as patch:
        patch.setattr(SqliteWriter, "batch", full)
        said = listgate("deliver", "l", octets=mail("2"))
    assert said.code == os.EX_TEMPFAIL
    assert "the disk is full" in caplog.text

    def broken(*arguments: object) -> None:
        raise ZeroDivisionError

    with monkeypatch.context() as patch:
        patch.setattr(accepting, "store_group", broken)
        said = listgate("deliver", "l", octets=mail("2"))
    assert said.code == os.EX_TEMPFAIL
    assert "ZeroDivisionError" in caplog.text
    assert listgate("deliver", "l", octets=mail("2")).code == 0


def test_as_a_program(tmp_path: Path) -> None:
    first = ran("deliver", "l", "--create", cwd=tmp_path, octets=mail("1"))
    assert (first.returncode, first.stdout, first.stderr) == (0, b"", b"")
    assert ran("deliver", "m", cwd=tmp_path, octets=mail("1")).returncode == os.EX_NOUSER
    assert kept(tmp_path) == [mail("1")]
