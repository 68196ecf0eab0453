"""``listgate lists``, ``show`` and ``thread``: what people see."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

import pytest

from tests.cli.conftest import put
from tests.cli.programs import ran
from tests.mail import mail

if TYPE_CHECKING:
    from pathlib import Path

    from tests.cli.conftest import Listgate

NOON = "Thu, 1 Jan 2004 12:00:00 +0000"
LATER = "Fri, 2 Jan 2004 12:00:00 +0000"


@pytest.mark.parametrize(
    "arguments", [("lists",), ("show", "l"), ("thread", "a@b"), ("export", "l"), ("check",)]
)
def test_without_an_archive_there_is_nothing_to_look_at(
    listgate: Listgate, tmp_path: Path, arguments: tuple[str, ...]
) -> None:
    said = listgate(*arguments)
    assert (said.code, said.out) == (1, "")
    assert said.err == (
        "listgate: listgate-archive: no archive there; make one with 'listgate import LIST SOURCE'\n"
    )
    assert not (tmp_path / "listgate-archive").exists()


@pytest.mark.parametrize(
    "arguments", [("show", "k"), ("export", "k"), ("remove", "k", "a@b"), ("hide", "k", "a@b")]
)
def test_an_unknown_list_is_refused(
    listgate: Listgate, tmp_path: Path, arguments: tuple[str, ...]
) -> None:
    listgate("import", "l", put(tmp_path / "x", mail("1")))
    said = listgate(*arguments)
    assert (said.code, said.out) == (1, "")
    assert said.err == "listgate: k: no list is called so; 'listgate lists' shows those there are\n"


def test_lists_are_shown_by_name_with_their_water_marks(listgate: Listgate, tmp_path: Path) -> None:
    listgate("import", "b", put(tmp_path / "x", *(mail(f"{n}") for n in range(3))))
    listgate("import", "a.b", put(tmp_path / "y", mail("1")))
    listgate("remove", "b", "0@x.example")
    assert listgate("lists").table == [
        ["list", "messages", "low", "high", "description"],
        ["a.b", "1", "1", "1"],
        ["b", "2", "2", "3"],
    ]


def test_a_list_is_shown_with_its_ends(listgate: Listgate, tmp_path: Path) -> None:
    listgate("import", "l", put(tmp_path / "x", mail("1"), mail("2"), mail("3")))
    listgate("remove", "l", "2@x.example")
    table = listgate("show", "l").table
    assert ["messages", "2"] in table
    assert ["water", "marks", "1", "to", "3"] in table
    assert ["removed", "1"] in table
    assert ["first", "message", "received", "2024-01-02", "10:00:00Z"] in table
    assert any(
        row[:5] == ["last", "message", "received", "2024-01-02", "10:00:00Z,"] for row in table
    )


def test_an_emptied_list_has_no_ends(listgate: Listgate, tmp_path: Path) -> None:
    listgate("import", "l", put(tmp_path / "x", mail("1")))
    listgate("remove", "l", "1@x.example")
    table = listgate("show", "l").table
    assert ["messages", "0"] in table
    assert ["water", "marks", "2", "to", "1"] in table
    assert not any(row[:2] == ["first", "message"] for row in table)


def test_a_thread_is_drawn_as_a_tree_ghosts_included(listgate: Listgate, tmp_path: Path) -> None:
    path = put(
        tmp_path / "x",
        mail("1", answers="gone", subject="Re: One", date=NOON),
        mail("2", answers="1", subject="Re: Two", date=LATER),
        mail("3", answers="gone", subject="Re: =?utf-8?q?Gr=C3=BC=C3=9Fe?=", date=LATER),
        mail("4", subject="Apart"),
    )
    listgate("import", "l", path)
    for name in ("<1@x.example>", "2@x.example"):
        assert listgate("thread", name).out.splitlines() == [
            "l",
            "└── <gone@x.example> (not in the archive)",
            f"    ├── 1 A <a@x.example>  {NOON}  Re: One",
            f"    │   └── 2 A <a@x.example>  {LATER}  Re: Two",
            f"    └── 3 A <a@x.example>  {LATER}  Re: Grüße",
        ]


def test_a_thread_is_drawn_in_each_list_that_has_it(listgate: Listgate, tmp_path: Path) -> None:
    path = put(tmp_path / "x", mail("1"))
    listgate("import", "b", path)
    listgate("import", "a", path)
    lines = listgate("thread", "1@x.example").out.splitlines()
    assert (lines[0], lines[2]) == ("a", "b")


@pytest.mark.parametrize("name", ["gone@x.example", "nowhere@x.example", "", "\udcff"])
def test_a_message_that_is_not_there_has_no_thread(
    listgate: Listgate, tmp_path: Path, name: str
) -> None:
    listgate("import", "l", put(tmp_path / "x", mail("1", answers="gone")))
    said = listgate("thread", name)
    assert (said.code, said.out) == (1, "")
    assert said.err.endswith(": no list has this message\n")
    assert len(said.err.splitlines()) == 1


def test_mail_does_not_command_the_terminal(listgate: Listgate, tmp_path: Path) -> None:
    evil = "=?utf-8?q?a=1B]0=3Bowned=07=C2=9B2J=E2=80=AEb=0D=0Ac?= \x1b[31m[red]bold[/red] \x08"
    listgate("import", "l", put(tmp_path / "x", mail("1", subject=evil)))
    said = listgate("thread", "1@x.example")
    assert len(said.out.splitlines()) == 2
    assert all(each.isprintable() for line in said.out.splitlines() for each in line)
    assert "[red]bold[/red]" in said.out


def test_a_terminal_of_another_script_gets_what_it_can_show(tmp_path: Path) -> None:
    path = put(tmp_path / "x", mail("1", subject="=?utf-8?q?Gr=C3=BC=C3=9Fe?="))
    plain = partial(ran, cwd=tmp_path, PYTHONUTF8="0", PYTHONIOENCODING="ascii")
    assert plain("import", "l", path).returncode == 0
    shown = plain("thread", "1@x.example")
    assert shown.returncode == 0
    assert b"  Gr??e\n" in shown.stdout
