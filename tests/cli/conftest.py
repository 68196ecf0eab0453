"""The command line run in this process, in an empty folder of its own, and as a program that serves."""

from __future__ import annotations

import io
import sys
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import pytest

from gateway.cli import main
from tests.cli.programs import Program
from tests.sources.mboxes import mbox, settle

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

ROUND: bytes = b"From mboxrd@z Tue Jan  2 10:00:00 2024\n"
"""The From_ line of what is exported again."""


class Said(NamedTuple):
    """What a command did."""

    code: int
    octets: bytes
    err: str

    @property
    def out(self) -> str:
        return self.octets.decode()

    @property
    def table(self) -> list[list[str]]:
        """The cells of the table printed, row by row, its head first."""
        lines = (line.split() for line in self.out.splitlines() if "─" not in line)
        return [cells for cells in lines if cells]


class Listgate:
    """Runs commands, by default on the archive that is in the current folder by default."""

    def __init__(
        self, capsys: pytest.CaptureFixture[bytes], monkeypatch: pytest.MonkeyPatch
    ) -> None:
        self._capsys = capsys
        self._monkeypatch = monkeypatch

    def __call__(self, *arguments: str, octets: bytes = b"") -> Said:
        with self._monkeypatch.context() as patch:
            patch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(octets)))
            code = main(arguments)
        return Said(code, *self._said())

    def usage(self, *arguments: str) -> Said:
        """Run what ends in the parser of the command line."""
        with pytest.raises(SystemExit) as ended:
            main(arguments)
        assert isinstance(ended.value.code, int)
        return Said(ended.value.code, *self._said())

    def _said(self) -> tuple[bytes, str]:
        said = self._capsys.readouterr()
        return said.out, said.err.decode()


@pytest.fixture
def listgate(
    capsysbinary: pytest.CaptureFixture[bytes], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> Listgate:
    """The command line, in an empty folder."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("LISTGATE_ARCHIVE", raising=False)
    monkeypatch.setenv("COLUMNS", "300")
    return Listgate(capsysbinary, monkeypatch)


@pytest.fixture
def program(tmp_path: Path) -> Iterator[Callable[..., Program]]:
    """Start programs; they end with the test."""
    started: list[Program] = []

    def start(*arguments: str, **settings: str) -> Program:
        made = Program(*arguments, cwd=tmp_path, **settings)
        started.append(made)
        return made

    yield start
    for each in started:
        each.close()


def put(path: Path, *raws: bytes) -> str:
    """Write an mbox that was not touched for a minute; return its name."""
    path.write_bytes(mbox(*raws, line=ROUND))
    settle(path)
    return str(path)


def grow(path: str, *raws: bytes) -> None:
    """Append messages to an mbox."""
    with Path(path).open("ab") as file:
        file.write(mbox(*raws, line=ROUND))
