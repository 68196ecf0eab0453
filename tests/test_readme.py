"""The README's table of standards, and its links, say what is so."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from gateway.imap import registry
from gateway.nntp.registry import COMMANDS

ROOT = Path(__file__).resolve().parents[1]
README = (ROOT / "README.md").read_text(encoding="utf-8")
READMES = [
    ROOT / "README.md",
    *sorted(ROOT.glob("*/README.md")),
    *sorted(ROOT.glob("*/*/README.md")),
]
ROWS = re.findall(r"^\| ((?:\d{4}(?:, )?)+) \|(.*)\|(.*)\|(.*)\|(.*)\|$", README, re.MULTILINE)
IMAP_TABLES = [
    "COMMANDS",
    "ENABLED",
    "FETCH_ITEMS",
    "FETCH_MODIFIERS",
    "LIST_RETURNS",
    "LIST_SELECTIONS",
    "SEARCH_JOINS",
    "SEARCH_KEYS",
    "SEARCH_RETURNS",
    "SELECT_PARAMETERS",
    "SORT_KEYS",
    "STATUS_ITEMS",
    "THREAD_ALGORITHMS",
]
CITED = re.compile(r"RFC (\d{4})")


def test_the_table_is_read() -> None:
    assert len(ROWS) > 15


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row[0])
def test_what_a_row_names_is_there(row: tuple[str, ...]) -> None:
    numbers, _, modules, status, tests = row
    assert status.strip()
    for path in re.findall(r"`([^`]+)`", modules):
        text = (ROOT / path).read_text(encoding="utf-8")
        assert path.endswith(".py")
        assert text
    for path in re.findall(r"`([^`]+)`", tests):
        assert (ROOT / path).exists(), path
    cited = {
        number
        for path in (ROOT / each for each in ("gateway", "storage"))
        for module in path.rglob("*.py")
        for number in CITED.findall(module.read_text(encoding="utf-8"))
    }
    assert set(numbers.split(", ")) <= cited, "a row for a standard that no module cites"


def test_every_standard_that_a_module_cites_has_a_row() -> None:
    rows = {number for row in ROWS for number in row[0].split(", ")}
    for folder in ("gateway", "storage"):
        for module in (ROOT / folder).rglob("*.py"):
            missing = set(CITED.findall(module.read_text(encoding="utf-8"))) - rows
            assert not missing, f"{module} cites {missing}"


@pytest.mark.parametrize("readme", READMES, ids=lambda path: str(path.relative_to(ROOT)))
def test_links_lead_somewhere(readme: Path) -> None:
    for target in re.findall(r"\]\(([^)#]+)\)", readme.read_text(encoding="utf-8")):
        assert (readme.parent / target).exists(), target


@pytest.mark.parametrize("face", ["nntp", "imap"])
def test_every_transcript_that_a_quirk_names_is_there(face: str) -> None:
    text = (ROOT / f"gateway/{face}/README.md").read_text(encoding="utf-8")
    quirks = re.findall(r"^\| [^|]+\|[^|]+\|[^|]+\| ((?:`[^`]+`(?:, )?)+) \|$", text, re.MULTILINE)
    assert quirks
    for name in re.findall(r"`([^`]+)`", " ".join(quirks)):
        assert (ROOT / f"tests/transcripts/{face}/{name}.txt").exists(), name


def test_every_command_has_a_transcript() -> None:
    spoken = "".join(
        path.read_text(encoding="utf-8") for path in (ROOT / "tests/transcripts/nntp").iterdir()
    )
    for keyword in COMMANDS:
        assert re.search(rf"^C: {keyword.decode()}\b", spoken, re.MULTILINE | re.IGNORECASE), (
            keyword
        )


@pytest.mark.parametrize("table", IMAP_TABLES)
def test_every_row_of_the_tables_of_imap_is_spoken_in_a_transcript(table: str) -> None:
    lines = [
        line
        for path in (ROOT / "tests/transcripts/imap").iterdir()
        for line in path.read_text(encoding="utf-8").upper().splitlines()
        if line.startswith("C: ")
    ]
    spoken = "\n".join(lines)
    rows = getattr(registry, table)
    assert rows
    for name in rows:
        assert re.search(rf"(?<![A-Z.]){re.escape(name.decode())}", spoken), name
