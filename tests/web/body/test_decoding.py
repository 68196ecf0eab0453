from __future__ import annotations

import pytest

from gateway.web.body.decoding import RUN, text_runs

TEXT = "Жё <b> @ 日本 \\ ~ +\n" * (RUN // 16)


@pytest.mark.parametrize(
    ("charset", "runs"),
    [
        ("utf-8", True),
        ("utf-7", True),
        ("koi8-r", True),
        ("gb18030", True),
        ("big5", True),
        ("shift_jis", True),
        ("euc-jp", True),
        ("cp037", False),
        ("utf-16", False),
        ("utf-32-be", False),
        ("iso-2022-jp-2", False),
        ("iso-2022-kr", False),
        ("hz", False),
    ],
)
def test_a_text_in_runs_is_the_text(charset: str, runs: bool) -> None:
    written = TEXT.encode(charset, "replace")
    text = written.decode(charset)
    found = list(text_runs(written, charset.encode()))
    assert "".join(found) == text
    if runs:
        assert len(found) > 1
        assert max(map(len, found)) <= RUN


@pytest.mark.parametrize("charset", ["utf-8", "utf-16"])
def test_runs_end_with_lines(charset: str) -> None:
    text = "x" * (RUN + 5) + "\n" + "y" * (RUN + 5) + "\nz"
    found = list(text_runs(text.encode(charset), charset.encode()))
    assert [run[0] for run in found] == ["x", "y", "z"]
    assert "".join(found) == text


def test_of_nothing_there_are_no_runs() -> None:
    assert list(text_runs(b"", b"utf-8")) == []
