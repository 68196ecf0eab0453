"""``listgate remove``: gone for good."""

from __future__ import annotations

from random import Random
from typing import TYPE_CHECKING

from tests.cli.conftest import ROUND, put
from tests.mail import mail
from tests.sources.mboxes import mbox

if TYPE_CHECKING:
    from pathlib import Path

    from tests.cli.conftest import Listgate


def test_a_removed_message_is_gone_and_does_not_come_back(
    listgate: Listgate, tmp_path: Path
) -> None:
    raws = [mail(f"{n}", body=f"secret {n}\n") for n in range(1, 4)]
    listgate("import", "l", put(tmp_path / "x", *raws))
    said = listgate("remove", "l", "<3@x.example>")
    assert (said.code, said.out, said.err) == (0, "l 3: removed\n", "")
    assert b"secret 3" not in listgate("export", "l").octets
    assert listgate("thread", "3@x.example").code == 1
    assert listgate("check").code == 0

    again = listgate("import", "l", "-", octets=mbox(*raws, mail("4")))
    assert again.table[1][1:7] == ["4", "1", "2", "0", "1", "0"]
    assert listgate("lists").table[1] == ["l", "3", "1", "4"]
    assert b"secret 3" not in listgate("export", "l").octets


def test_the_octets_are_gone_from_the_file(listgate: Listgate, tmp_path: Path) -> None:
    """They are noise that no packing changes, so they are seen wherever they lie."""
    noise = bytes(Random(1).choices(range(14, 256), k=20_000))
    secret = b"Message-ID: <1@x.example>\n\n%b\n" % noise
    listgate("import", "l", put(tmp_path / "x", mail("0"), secret))
    for more in range(2, 5):  # the block grows, and is put somewhere else
        listgate("import", "l", put(tmp_path / f"x{more}", mail(f"{more}", body="y" * more)))
    archive = tmp_path / "listgate-archive"
    assert _remains(noise, archive) > 0
    listgate("remove", "l", "1@x.example")
    assert _remains(noise, archive) == 0
    assert listgate("export", "l").octets.startswith(mbox(mail("0"), line=ROUND))


def test_answers_stay_together(listgate: Listgate, tmp_path: Path) -> None:
    path = put(tmp_path / "x", mail("1"), mail("2", answers="1"), mail("3", answers="1"))
    listgate("import", "l", path)
    listgate("remove", "l", "1@x.example")
    lines = listgate("thread", "3@x.example").out.splitlines()
    assert lines[1] == "└── <1@x.example> (not in the archive)"
    assert len(lines) == 4


def test_other_lists_keep_their_copy(listgate: Listgate, tmp_path: Path) -> None:
    path = put(tmp_path / "x", mail("1"))
    listgate("import", "a", path)
    listgate("import", "b", path)
    listgate("remove", "a", "1@x.example")
    assert listgate("export", "a").octets == b""
    assert listgate("export", "b").octets == (tmp_path / "x").read_bytes()
    assert listgate("check").code == 0


def test_what_is_not_there_is_refused(listgate: Listgate, tmp_path: Path) -> None:
    listgate("import", "l", put(tmp_path / "x", mail("1", answers="ghost")))
    listgate("import", "k", put(tmp_path / "y", mail("2")))
    for name in ("ghost@x.example", "2@x.example", "1@x.example\x1b"):
        said = listgate("remove", "l", name)
        assert (said.code, said.out) == (1, "")
        assert said.err.startswith("listgate: l: no message ")
        assert said.err.rstrip("\n").isprintable()
    listgate("remove", "l", "1@x.example")
    assert listgate("remove", "l", "1@x.example").code == 1


def _remains(noise: bytes, folder: Path) -> int:
    """Return how many pieces of the noise are to be found in the files of a folder."""
    octets = b"".join(path.read_bytes() for path in folder.iterdir())
    return sum(noise[at : at + 40] in octets for at in range(0, len(noise), 40))
