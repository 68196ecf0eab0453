"""A twin on the command line: it changes with its origin, and in no other way."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Final

from tests.cli.conftest import put
from tests.mail import mail

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tests.cli.conftest import Listgate
    from tests.cli.programs import Program

NNTP: Final = ("--nntp", "127.0.0.1:0", "--imap", "none", "--web", "none")


def test_a_twin_is_shown_as_one_and_takes_nothing_else(
    listgate: Listgate, program: Callable[..., Program], tmp_path: Path
) -> None:
    mbox = put(tmp_path / "a.mbox", mail("1"), mail("2"))
    origin = program("serve", *NNTP, "--archive", "origin", mbox)
    url = f"nntp://127.0.0.1:{origin.port()}/a"
    listgate("mirror", "add", "a", url, "--run")
    assert ["twin", "of", url] in listgate("show", "a").table
    remedy = f"to make it a list of its own run 'listgate mirror remove a {url}'\n"

    said = listgate("import", "a", put(tmp_path / "more.mbox", mail("3")))
    assert said.code == 1
    assert said.err.endswith(f": a is a twin of {url} and changes with it only; {remedy}")
    assert said.err.count(remedy) == 1
    said = listgate("deliver", "a", octets=mail("3"))
    assert said.code == os.EX_TEMPFAIL
    assert said.err.endswith(f"a is a twin of {url} and changes with it only; {remedy}")
    said = listgate("remove", "a", "1@x.example")
    assert (said.code, said.err.count("\n")) == (1, 1)
    assert said.err.endswith(remedy)
    assert ["messages", "2"] in listgate("show", "a").table

    listgate("mirror", "remove", "a", url)
    assert listgate("import", "a", str(tmp_path / "more.mbox")).code == 0
    assert listgate("remove", "a", "1@x.example").code == 0
    table = listgate("show", "a").table
    assert ["messages", "2"] in table
    assert not any(row[0] == "twin" for row in table)


def test_a_list_with_mail_of_its_own_is_no_twin(
    listgate: Listgate, program: Callable[..., Program], tmp_path: Path
) -> None:
    mbox = put(tmp_path / "a.mbox", mail("1"), mail("2"))
    origin = program("serve", *NNTP, "--archive", "origin", mbox)
    listgate("import", "a", put(tmp_path / "own.mbox", mail("own"), mail("2")))
    listgate("mirror", "add", "a", f"nntp://127.0.0.1:{origin.port()}/a", "--run")
    table = listgate("show", "a").table
    assert ["messages", "3"] in table
    assert not any(row[0] == "twin" for row in table)
