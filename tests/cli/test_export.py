"""``listgate export``: the original octets back, in three formats."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.cli.conftest import ROUND, put
from tests.cli.programs import command, environment
from tests.mail import mail
from tests.sources.mboxes import RECEIVED, mbox, settle

if TYPE_CHECKING:
    from tests.cli.conftest import Listgate

RAWS = (
    mail("1", body="From here\n>From there\n>>From x\n"),
    mail("2", body=".\n..\n\n\n"),
    b"Message-ID: <3@x.example>\r\n\r\nCRLF and 8 bits: \xff\x00\r\n",
    b"Subject: neither id nor body\n\n",
    mail("5", "X-A: folded\n\tlike this", answers="1", body="\x1b[31m\n" + "long " * 2000 + "\n"),
)


@pytest.fixture
def filled(listgate: Listgate, tmp_path: Path) -> Listgate:
    """The command line, with a list called ``l`` of ``RAWS`` in the archive."""
    assert listgate("import", "l", put(tmp_path / "x", *RAWS)).table[1][2] == str(len(RAWS))
    return listgate


def test_a_well_formed_mboxrd_comes_back_octet_for_octet(filled: Listgate, tmp_path: Path) -> None:
    assert filled("export", "l").octets == (tmp_path / "x").read_bytes()
    assert filled("export", "l", "--output", "y").octets == b""
    assert Path("y").read_bytes() == mbox(*RAWS, line=ROUND)


def test_a_message_without_a_last_line_end_gets_one_in_an_mboxrd(
    listgate: Listgate, tmp_path: Path
) -> None:
    (tmp_path / "1.eml").write_bytes(mail("1", body="cut"))
    settle(tmp_path / "1.eml")
    listgate("import", "l", "1.eml")
    assert listgate("export", "l").octets.endswith(b"\n\ncut\n\n")
    listgate("export", "l", "--format", "eml")
    assert Path("l/00000001.eml").read_bytes() == mail("1", body="cut")


def test_a_maildir_has_the_octets_and_goes_in_again_as_known(filled: Listgate) -> None:
    assert filled("export", "l", "--format", "maildir").code == 0
    files = sorted(Path("l/cur").iterdir(), key=lambda path: int(path.name.split(".")[1]))
    assert [path.read_bytes() for path in files] == list(RAWS)
    assert {path.stat().st_mtime for path in files} == {RECEIVED}
    assert not [*Path("l/tmp").iterdir(), *Path("l/new").iterdir()]
    for folder in Path("l").iterdir():
        settle(folder)
    assert filled("import", "l", "l").table[1][1:4] == ["5", "0", "5"]


def test_files_have_the_octets_and_are_named_by_number(filled: Listgate) -> None:
    filled("remove", "l", "2@x.example")
    assert filled("export", "l", "--format", "eml", "--output", "o").code == 0
    found = {path.name: path.read_bytes() for path in Path("o").iterdir()}
    assert found == {f"{n:08}.eml": RAWS[n - 1] for n in (1, 3, 4, 5)}


@pytest.mark.parametrize("form", ["maildir", "eml"])
def test_exporting_again_changes_nothing(filled: Listgate, form: str) -> None:
    for _ in range(2):
        assert filled("export", "l", "--format", form).code == 0
        assert len([path for path in Path("l").rglob("*") if path.is_file()]) == len(RAWS)


@pytest.mark.parametrize("form", ["mboxrd", "maildir", "eml"])
def test_what_cannot_be_written_is_refused(filled: Listgate, tmp_path: Path, form: str) -> None:
    said = filled("export", "l", "--format", form, "--output", str(tmp_path / "x/y"))
    assert said.code == 1
    assert said.err.startswith(f"listgate: {tmp_path}/x")
    assert said.err.endswith(": Not a directory\n")
    assert len(said.err.splitlines()) == 1


@pytest.mark.parametrize(
    "arguments",
    [("export", "l"), ("export", "l", "--output", "/dev/full"), ("lists",), ("show", "l")],
)
@pytest.mark.skipif(not Path("/dev/full").exists(), reason="no /dev/full here")
def test_a_full_disk_is_one_line(
    filled: Listgate, tmp_path: Path, arguments: tuple[str, ...]
) -> None:
    with Path("/dev/full").open("wb") as full:
        ended = subprocess.run(
            command(*arguments),
            cwd=tmp_path,
            env=environment(),
            stdout=full,
            stderr=subprocess.PIPE,
            check=False,
        )
    assert ended.returncode == 1
    place = "/dev/full" if "/dev/full" in arguments else "standard output"
    assert ended.stderr.decode() == f"listgate: {place}: No space left on device\n"


@pytest.mark.parametrize("unbuffered", ["", "1"])
def test_who_has_read_enough_may_hang_up(
    listgate: Listgate, tmp_path: Path, unbuffered: str
) -> None:
    listgate("import", "l", put(tmp_path / "x", mail("1", body="x" * (1 << 20) + "\n")))
    reading, writing = os.pipe()
    running = subprocess.Popen(
        command("export", "l"),
        cwd=tmp_path,
        env=environment() | {"PYTHONUNBUFFERED": unbuffered},
        stdout=writing,
        stderr=subprocess.PIPE,
    )
    os.close(writing)
    assert os.read(reading, 5) == b"From "
    os.close(reading)
    _, errors = running.communicate(timeout=20)
    assert (running.returncode, errors) == (1, b"")
