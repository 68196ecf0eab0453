"""That the programs that measure run, and tell of every line; not what they tell."""

from __future__ import annotations

import json
import xml.etree.ElementTree as ET
from dataclasses import asdict
from typing import TYPE_CHECKING

import pytest

from tests.bench import news
from tests.bench.__main__ import COMMANDS, main
from tests.bench.beside import web_lines
from tests.bench.held import percentile
from tests.bench.made import LIST, made
from tests.bench.mail import lines as mail_lines
from tests.bench.plots import curves
from tests.bench.processes import Served, cpu_seconds, resident_octets, served
from tests.bench.tables import Table

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from tests.bench.lines import Line

SMALL, LARGE = 30, 60
QUICK = ("--rounds", "1", "--fewer", "1000")


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("bench")


@pytest.fixture(scope="module")
def server(folder: Path) -> Iterator[Served]:
    archive, _ = made(SMALL, folder, tell=lambda _: None)
    with served(archive) as running:
        yield running


def assert_told(table: Path, lines: Sequence[Line], numbers: slice) -> None:
    """Assert that a table has a row for each line, and that each has its numbers."""
    _, _, *rows = table.read_text().splitlines()
    cells = [[cell.strip() for cell in row.strip("|").split("|")] for row in rows]
    assert [row[0] for row in cells] == [line.name for line in lines]
    for row in cells:
        assert all(float(cell) >= 0 for cell in row[numbers]), row


def both(server: Served, face: str, end: str = "") -> list[str]:
    """Return arguments that compare a server with itself."""
    return [f"{name}=127.0.0.1:{server.ports[face]}{end}" for name in ("one", "other")]


def test_news_servers_are_compared(server: Served, tmp_path: Path) -> None:
    pid = f"one={server.process}"
    options = ("--group", LIST, "--pid", pid, *QUICK, "--out", str(tmp_path))
    assert main(["wire", *both(server, "nntp"), *options]) == 0
    assert_told(tmp_path / "wire.md", news.lines(), slice(1, 4))
    assert_told(tmp_path / "wire-processor.md", news.lines(), slice(2, 3))
    figures = json.loads((tmp_path / "wire.json").read_text())
    # Where a reply is cut, and so what DEFLATE makes of it, depends on who else is active.
    plain = [each for name, each in figures.items() if "DEFLATE" not in name]
    assert all(each["one"]["octets"] == each["other"]["octets"] for each in plain)


def test_mail_servers_are_compared(server: Served, tmp_path: Path) -> None:
    servers = both(server, "imap", f":anonymous:x:{LIST}")
    assert main(["mail", servers[0], *QUICK, "--out", str(tmp_path)]) == 0
    assert_told(tmp_path / "mail.md", mail_lines(("a", "b")), slice(1, 2))


def test_web_archives_are_compared(server: Served, tmp_path: Path) -> None:
    url = f"http://127.0.0.1:{server.ports['http']}/{LIST}/"
    told = ("--news", f"127.0.0.1:{server.ports['nntp']}", "--group", LIST)
    servers = (f"one={url}", f"other=listgate+{url}")
    assert main(["web", *servers, *told, *QUICK, "--out", str(tmp_path)]) == 0
    assert_told(tmp_path / "web.md", web_lines(), slice(1, 4))


def test_what_a_server_does_not_have_is_told(server: Served, tmp_path: Path) -> None:
    options = ("--group", "not.there", "--only", "connect", *QUICK, "--out", str(tmp_path))
    assert main(["wire", *both(server, "nntp"), *options]) == 0
    assert "411" in (tmp_path / "wire.md").read_text()


def test_sizes_are_compared_and_used_again(folder: Path, tmp_path: Path, server: Served) -> None:
    options = ("--folder", str(folder), "--faces", "nntp", "--only", "OVER", *QUICK)
    assert main(["scale", "--sizes", f"{SMALL},{LARGE}", *options, "--out", str(tmp_path)]) == 0
    lines = [line for line in news.lines() if "OVER" in line.name]
    assert_told(tmp_path / "nntp.md", lines, slice(2, 5))
    drawn = [ET.parse(path).getroot() for path in tmp_path.glob("nntp-*.svg")]
    assert len(drawn) == len(lines)
    assert all(len(root.findall("{*}circle")) == 4 for root in drawn)
    imports = json.loads((tmp_path / "import.json").read_text())
    assert [asdict(made(size, folder, tell=pytest.fail)[1]) for size in (SMALL, LARGE)] == imports
    assert all(each["shares"]["segment"] for each in imports)


def test_connections_are_held(folder: Path, tmp_path: Path, server: Served) -> None:
    counts = (
        "--idle",
        "5",
        "--idle-mail",
        "2",
        "--busy",
        "3",
        "--pause",
        "0.01",
        "--seconds",
        "0.3",
    )
    options = ("--size", str(SMALL), "--folder", str(folder), "--asked", "5", "--rounds", "1")
    assert main(["held", *options, *counts, "--out", str(tmp_path)]) == 0
    held = json.loads((tmp_path / "held.json").read_text())
    assert held["errors"] == []
    assert held["articles"] > 3
    assert 0 < held["p50"] <= held["p99"]
    assert "ratio" in (tmp_path / "fairness.md").read_text()


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_tells_what_it_takes(
    command: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as ended:
        main([command, "--help"])
    assert ended.value.code == 0
    assert command in capsys.readouterr().out


def test_the_system_tells_what_a_process_took(server: Served) -> None:
    before = cpu_seconds(server.process)
    assert 0 < before <= cpu_seconds(server.process)
    assert resident_octets(server.process) > 1e6


def test_a_percentile_is_one_of_the_values() -> None:
    assert [percentile(range(1, 101), percent) for percent in (0, 50, 99, 100)] == [1, 51, 100, 100]
    assert percentile((), 50) == 0


def test_tables_are_aligned_and_escaped() -> None:
    table = Table(["a", "b"], [["x|y", "1"], ["z", "22"]])
    assert table.markdown() == "| a | b |\n| --- | --: |\n| x\\|y | 1 |\n| z | 22 |\n"
    assert table.text() == "a     b\n-------\nx|y   1\nz    22\n"
    assert [Table.number(value) for value in (0, 0.0123, 1.26, 12.34, 123.4)] == [
        "0",
        "0.012",
        "1.3",
        "12.3",
        "123",
    ]


def test_a_drawing_has_its_points_in_its_frame() -> None:
    drawing = ET.fromstring(curves("<t>", "x", "y", {"a": [(10, 0.5), (1000, 2)], "b": [(10, 7)]}))
    places = [
        (float(each.attrib["cx"]), float(each.attrib["cy"]))
        for each in drawing.findall("{*}circle")
    ]
    (left, low), (right, high), _ = places
    assert left < right
    assert low > high  # down is more
    assert all(0 <= x <= 720 and 0 <= y <= 400 for x, y in places)
    assert drawing.findtext("{*}title") == "<t>"
