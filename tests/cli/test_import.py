"""``listgate import``: what it tells, and what it refuses."""

from __future__ import annotations

import os
import sqlite3
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, cast

import pytest

from gateway.intake import Inlet, Plan, open_for_writing, take_in
from storage.errors import SourceError
from storage.sqlite import schema
from tests.cli.conftest import ROUND, put
from tests.mail import Given, mail
from tests.sources.mboxes import mbox, settle
from tests.sources.tars import tar

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from storage.sources.base import Incoming, Rejected
    from tests.cli.conftest import Listgate

HEAD = ["list", "read", "added", "known", "renamed", "removed", "rejected", "seconds"]


def test_what_became_of_the_messages_is_told_in_a_table(listgate: Listgate, tmp_path: Path) -> None:
    other = mail("2", body="Other text.\n")
    said = listgate("import", "a.b", put(tmp_path / "x", mail("1"), mail("2"), mail("1"), other))
    assert said.code == 0
    assert said.table[0] == HEAD
    assert said.table[1][:-1] == ["a.b", "4", "3", "1", "1", "0", "0"]
    assert said.err == ""


def test_the_same_again_adds_nothing_and_more_is_added(listgate: Listgate, tmp_path: Path) -> None:
    path = put(tmp_path / "x", mail("1"))
    listgate("import", "l", path)
    assert listgate("import", "l", path).table[1][1:4] == ["0", "0", "0"]
    put(tmp_path / "x", mail("1"), mail("2"))
    assert listgate("import", "l", path).table[1][1:4] == ["1", "1", "0"]
    assert listgate("lists").table[1] == ["l", "2", "1", "2"]


def test_what_an_earlier_version_did_not_render_is_rendered(
    listgate: Listgate, tmp_path: Path
) -> None:
    path = put(tmp_path / "x", mail("1"), mail("2"))
    listgate("import", "l", path)
    with closing(sqlite3.connect(Path("listgate-archive") / schema.FILE)) as connection, connection:
        connection.execute("DELETE FROM page WHERE kind = 'facts'")
    assert listgate("check").code == 1
    assert listgate("import", "l", path).code == 0
    assert listgate("check").code == 0


def test_several_sources_go_to_one_list(listgate: Listgate, tmp_path: Path) -> None:
    paths = [put(tmp_path / f"x{n}", mail(f"{n}"), mail("both")) for n in range(3)]
    assert listgate("import", "l", *paths).table[1][:5] == ["l", "6", "4", "2", "0"]


def test_standard_input(listgate: Listgate) -> None:
    octets = mbox(mail("1"), mail("2"))
    assert listgate("import", "l", "-", octets=octets).table[1][1:4] == ["2", "2", "0"]
    assert listgate("import", "l", "-", octets=octets).table[1][1:4] == ["2", "0", "2"]


def test_what_is_no_message_is_named_with_its_position(listgate: Listgate, tmp_path: Path) -> None:
    path = tmp_path / "x"
    path.write_bytes(mbox(mail("1")) + ROUND + b"\n" + mbox(mail("2")))
    settle(path)
    said = listgate("import", "l", str(path))
    assert said.code == 1
    assert said.table[1][1:7] == ["2", "2", "0", "0", "0", "1"]
    position = len(mbox(mail("1")))
    (line,) = said.err.splitlines()
    assert line.startswith(f"listgate: {path}")
    assert f"{position:,}" in line or str(position) in line
    assert line.endswith("; skipped")


def test_a_damaged_file_gives_what_can_be_read(listgate: Listgate, tmp_path: Path) -> None:
    broken = tmp_path / "x.tar"
    broken.write_bytes(tar({"1": mail("1"), "2": mail("2")})[: 2 * 512 + 512 + 50])
    settle(broken)
    said = listgate("import", "l", str(broken), put(tmp_path / "y", mail("3")))
    assert said.code == 1
    assert said.err.startswith(f"listgate: {broken}: the archive ends in the middle of a member")
    assert said.table[1][1:3] == ["3", "3"]
    octets = listgate("export", "l").octets
    assert octets.count(b"<1@x.example>") == octets.count(b"<3@x.example>") == 1


def test_names_in_an_archive_do_not_command_the_terminal(
    listgate: Listgate, tmp_path: Path
) -> None:
    path = tmp_path / "x.tar"
    path.write_bytes(tar({"\x1b]0;owned\x07\n\x9b2J": b"no header"}))
    settle(path)
    said = listgate("import", "l", str(path))
    assert said.code == 1
    assert len(said.err.splitlines()) == 1
    assert all(each.isprintable() for each in said.err.rstrip("\n"))


def test_a_missing_file_is_refused(listgate: Listgate, tmp_path: Path) -> None:
    said = listgate("import", "l", str(tmp_path / "missing"))
    assert (said.code, said.out) == (1, "")
    assert said.err == (
        f"listgate: {tmp_path}/missing: cannot be read (No such file or directory): "
        "check the name, the permissions and the disk\n"
    )


@pytest.mark.skipif(os.geteuid() == 0, reason="nothing is forbidden to root")
def test_a_file_that_may_not_be_read_is_refused(listgate: Listgate, tmp_path: Path) -> None:
    path = put(tmp_path / "x", mail("1"))
    (tmp_path / "x").chmod(0)
    said = listgate("import", "l", path)
    assert said.code == 1
    assert said.err.startswith(f"listgate: {path}: cannot be read (Permission denied)")


def test_a_folder_of_nothing_is_refused(listgate: Listgate, tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    said = listgate("import", "l", str(tmp_path / "empty"))
    assert said.code == 1
    assert "no mbox, archive or message in it" in said.err


def test_a_bad_list_name_is_refused_before_anything_is_made(
    listgate: Listgate, tmp_path: Path
) -> None:
    said = listgate("import", "bad..name", put(tmp_path / "x", mail("1")))
    assert said.code == 1
    assert said.err.startswith("listgate: 'bad..name' cannot name a list: ")
    assert not (tmp_path / "listgate-archive").exists()


def test_an_archive_where_there_can_be_none_is_refused(listgate: Listgate, tmp_path: Path) -> None:
    path = put(tmp_path / "x", mail("1"))
    said = listgate("import", "--archive", path, "l", path)
    assert said.code == 1
    assert said.err.startswith(f"listgate: {path}/archive.sqlite3: ")
    assert len(said.err.splitlines()) == 1


def test_a_message_that_seems_to_be_still_written_is_waited_for(
    listgate: Listgate, tmp_path: Path
) -> None:
    (tmp_path / "x").write_bytes(mbox(mail("1"), mail("2", body="cut"))[:-2])
    assert listgate("import", "l", "x").table[1][1:3] == ["2", "2"]


def test_a_source_that_fails_on_the_way_stops_no_other(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    @dataclass
    class Sources:
        inlets: Callable[[], list[Inlet]]
        subject_window: int | None = None

    class Failing(Given):
        def messages(self, after: bytes) -> Iterator[Incoming | Rejected]:
            yield from super().messages(after)
            raise SourceError("failing: the disk is broken: mend it")

    inlets = [Inlet("a", Failing([mail("1")])), Inlet("b", Given([mail("2")]))]
    with closing(open_for_writing(tmp_path / "archive")) as writer:
        taken = take_in(writer, cast("Plan", Sources(lambda: inlets)))
    assert capsys.readouterr().err == "listgate: failing: the disk is broken: mend it\n"
    assert (len(taken["a"].rejected), taken["b"].added) == (1, 1)


def test_an_archive_that_another_writes_to_for_too_long_is_refused(
    listgate: Listgate, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = put(tmp_path / "x", mail("1"))
    listgate("import", "l", path)
    monkeypatch.setattr(schema, "BUSY_MS", 10)
    file = tmp_path / "listgate-archive" / schema.FILE
    with closing(sqlite3.connect(file, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        said = listgate("import", "k", path)
        assert listgate("lists").code == 0
    assert said.code == 1
    assert said.err.endswith("; another listgate is writing to it; wait for it to end\n")
    assert listgate("import", "k", path).code == 0


def test_descriptions_come_from_the_configuration(listgate: Listgate, tmp_path: Path) -> None:
    config = tmp_path / "c.toml"
    config.write_text('[lists."l"]\ndescription = "About all"\naddress = "l@x.example"\n')
    listgate("import", "--config", str(config), "l", put(tmp_path / "x", mail("1")))
    assert listgate("lists").table[1] == ["l", "1", "1", "1", "About", "all"]
    assert ["address", "l@x.example"] in listgate("show", "l").table


def test_replies_are_found_by_subject_where_the_configuration_wants_it(
    listgate: Listgate, tmp_path: Path
) -> None:
    config = tmp_path / "c.toml"
    config.write_text("[threads]\nsubject = true\n")
    path = put(
        tmp_path / "x",
        mail("1", subject="One"),
        mail("2", subject="Re: One", date="Thu, 1 Jan 2004 13:00:00 +0000"),
    )
    listgate("import", "apart", path)
    listgate("import", "--config", str(config), "together", path)
    said = listgate("thread", "2@x.example").out
    apart, together = said[: said.index("together")], said[said.index("together") :]
    assert (apart.count("One"), together.count("One")) == (1, 2)
