"""The made archives and cases: always the same, and true."""

from __future__ import annotations

import json
import os
import re
from typing import TYPE_CHECKING

from tests import make_archive, make_edge_cases
from tests.edge_cases import cases
from tests.synthetic import Generator, Options, Truth

if TYPE_CHECKING:
    from pathlib import Path

    import pytest


def made(options: Options) -> tuple[list[bytearray], list[Truth]]:
    """Return each list's mbox, and the truth."""
    boxes = [bytearray() for _ in range(options.lists)]
    told: list[Truth] = []
    Generator(options).run([box.extend for box in boxes], told.append)
    return boxes, told


def test_the_same_options_make_the_same_octets() -> None:
    options = Options(messages=300, lists=2, defects=10)
    assert made(options) == made(options)
    assert made(options) != made(Options(messages=300, lists=2, defects=10, seed=2))


def test_the_truth_tells_where_each_record_lies() -> None:
    boxes, told = made(Options(messages=600, defects=10))
    names = sorted({each.name for each in told})
    assert names == ["list-a", "list-b", "list-c"]
    for name, box in zip(names, boxes, strict=True):
        own = [each for each in told if each.name == name]
        assert [each.number for each in own] == list(range(1, len(own) + 1))
        starts = [match.start() for match in re.finditer(rb"(?m)^From ", box)]
        assert [each.offset for each in own] == starts
        for each in own:
            head, _, _ = bytes(box[each.offset :][: each.length]).partition(b"\n\n")
            assert each.own == b"-" or b"\nMessage-I" in head
            assert each.own == b"-" or each.own in head


def test_every_kind_of_damage_is_done() -> None:
    _, told = made(Options(messages=5000, lists=2, defects=3))
    assert set("".join(each.flags for each in told)) == set("-xdDnisgtomr8bBzfSec")


def test_a_later_part_is_what_would_follow_the_earlier_one() -> None:
    whole, _ = made(Options(messages=400, lists=2))
    first, _ = made(Options(messages=250, lists=2))
    rest, _ = made(Options(messages=400, lists=2, skip=250))
    assert [one + two for one, two in zip(first, rest, strict=True)] == whole


def test_an_archive_without_damage_has_none() -> None:
    _, told = made(Options(messages=500, lists=2, defects=0))
    assert set("".join(each.flags for each in told)) <= set("-xmrc")
    assert {each.parent for each in told} & {b"?"} == set()


def test_the_command_writes_a_folder(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    arguments = ["--messages", "50", "--lists", "2", "--truth", "--out", str(tmp_path)]
    assert make_archive.main(arguments) == 0
    boxes, told = made(Options(messages=50, lists=2))
    assert [(tmp_path / f"list-{each}.mbox").read_bytes() for each in "ab"] == boxes
    lines = (tmp_path / "truth.tsv").read_text()
    assert lines == "".join(each.line() for each in told)
    assert capsys.readouterr().err.startswith("50 messages")


def test_every_case_is_a_file_with_what_is_expected_of_it(tmp_path: Path) -> None:
    assert make_edge_cases.main([str(tmp_path)]) == 0
    assert make_edge_cases.main([]) == 2
    index = json.loads((tmp_path / "cases.json").read_text())
    assert len(index) == len({each["file"] for each in index}) == 259
    for each, case in zip(index, cases(), strict=True):
        assert (tmp_path / each["file"]).read_bytes() == case.data
        assert (each["file"], each["why"], each["expect"]) == (case.file, case.why, case.expect)
    assert sum(len(files) for _, _, files in os.walk(tmp_path)) == 260
