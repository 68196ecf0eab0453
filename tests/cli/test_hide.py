"""``listgate hide`` and ``unhide``: not on the web, and still everywhere else."""

from __future__ import annotations

from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from storage.sqlite import SqliteArchive
from tests.cli.conftest import put
from tests.mail import mail

if TYPE_CHECKING:
    from tests.cli.conftest import Listgate


def hidden(name: str = "l") -> list[int]:
    with closing(SqliteArchive(Path("listgate-archive"))) as archive:
        return list(archive.mailing_list(name).hidden)


@pytest.fixture
def filled(listgate: Listgate, tmp_path: Path) -> Listgate:
    """The command line, with a list of three messages, the third of which is in another one as well."""
    listgate("import", "l", put(tmp_path / "x", *(mail(f"{n}") for n in range(1, 4))))
    listgate("import", "k", put(tmp_path / "y", mail("3"), mail("4")))
    return listgate


def test_messages_are_hidden_and_shown_again(filled: Listgate) -> None:
    said = filled("hide", "l", "<3@x.example>", "1@x.example")
    assert (said.code, said.out, said.err) == (0, "l 3: hidden\nl 1: hidden\n", "")
    assert (hidden("l"), hidden("k")) == ([1, 3], [])
    assert ["hidden", "2"] in filled("show", "l").table
    assert not any(row[0] == "hidden" for row in filled("show", "k").table)

    said = filled("hide", "l", "2@x.example", "1@x.example")
    assert (said.code, said.out) == (0, "l 2: hidden\nl 1: hidden already\n")
    said = filled("unhide", "l", "1@x.example", "3@x.example")
    assert (said.code, said.out, said.err) == (0, "l 1: shown\nl 3: shown\n", "")
    assert hidden() == [2]
    assert filled("unhide", "l", "1@x.example").out == "l 1: shown already\n"
    assert filled("check").code == 0


def test_what_is_hidden_is_exported_and_drawn_as_before(filled: Listgate) -> None:
    before = filled("export", "l").octets, filled("lists").out, filled("thread", "2@x.example").out
    filled("hide", "l", "2@x.example")
    after = filled("export", "l").octets, filled("lists").out, filled("thread", "2@x.example").out
    assert after == before


@pytest.mark.parametrize("command", ["hide", "unhide"])
def test_if_one_is_not_there_none_is_changed(filled: Listgate, command: str) -> None:
    filled("hide", "l", "2@x.example")
    for name in ("4@x.example", "9@x.example", "1@x.example\x1b"):
        said = filled(command, "l", "2@x.example", "1@x.example", name)
        assert (said.code, said.out) == (1, "")
        assert said.err.startswith("listgate: l: no message ")
        assert said.err.rstrip("\n").isprintable()
    assert hidden() == [2]


def test_a_message_that_is_removed_is_hidden_no_longer(filled: Listgate) -> None:
    filled("hide", "l", "2@x.example", "3@x.example")
    filled("remove", "l", "2@x.example")
    assert hidden() == [3]
    assert filled("hide", "l", "2@x.example").code == 1
    assert filled("check").code == 0
