"""Which source a path is, and which sources a folder stands for."""

from __future__ import annotations

import gzip
import io
import os
import sys
from typing import TYPE_CHECKING

import pytest

from storage.errors import SourceError
from storage.sources import expand, open_source
from storage.sources.base import Incoming, Rejected
from storage.sources.detect import _open_collection
from tests.sources.mboxes import mbox, message, taken, taken_raws
from tests.sources.tars import tar

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from storage.sources import Source


@pytest.mark.parametrize(
    ("octets", "count"),
    [
        (mbox(message(1), message(2)), 2),
        (gzip.compress(mbox(message(1), message(2))), 2),
        (tar({"a": message(1), "b": message(2)}), 2),
        (message(1), 1),
        (b"", 0),
    ],
)
def test_files_are_told_by_their_content(tmp_path: Path, octets: bytes, count: int) -> None:
    path = tmp_path / "misnamed.zip"
    path.write_bytes(octets)
    for source in (open_source(str(path)), *expand(str(path))):
        assert len(taken_raws(source)) == count
        assert source.name == str(path)


def test_relative_path_has_the_name_of_the_absolute_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "list.mbox").write_bytes(mbox(message(1)))
    monkeypatch.chdir(tmp_path)
    assert open_source("./list.mbox").name == str(tmp_path / "list.mbox")


def test_growing_mbox_may_begin_empty(tmp_path: Path) -> None:
    path = tmp_path / "list.mbox"
    path.touch()
    source = open_source(str(path))
    assert taken(source) == []
    path.write_bytes(mbox(message(1)))
    assert taken_raws(source) == [message(1)]


@pytest.mark.parametrize("opened", [open_source, lambda path: expand(path)[0]])
def test_standard_input(monkeypatch: pytest.MonkeyPatch, opened: Callable[[str], Source]) -> None:
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(mbox(message(1)))))
    assert taken_raws(opened("-")) == [message(1)]


@pytest.mark.parametrize(
    ("files", "order"),
    [
        ({"cur/2": 2, "new/1": 1}, [1, 2]),
        ({"2": 2, "1": 1, "10": 10}, [1, 2, 10]),
        ({"2.eml": 2, "1.eml": 1, "notes.txt": 3}, [1, 2]),
    ],
)
def test_folders_of_messages(tmp_path: Path, files: dict[str, int], order: list[int]) -> None:
    folder = tmp_path / "list"
    for name, number in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(message(number))
    (source,) = expand(str(folder))
    assert taken_raws(source) == taken_raws(open_source(str(folder))) == [*map(message, order)]
    assert source.suggested_name() == "list"


def test_folder_of_mboxes_is_a_source_each(tmp_path: Path) -> None:
    (tmp_path / "lists" / "deep").mkdir(parents=True)
    (tmp_path / "b.mbox").write_bytes(mbox(message(1)))
    (tmp_path / "2004").write_bytes(mbox(message(2)))
    (tmp_path / "lists" / "a.mbox.gz").write_bytes(gzip.compress(mbox(message(3))))
    (tmp_path / "lists" / "deep" / "inbox").write_bytes(mbox(message(4)))
    (tmp_path / "lists" / "deep" / "1.eml").write_bytes(message(5))
    (tmp_path / "lists" / "c.tar").write_bytes(tar({"a": message(6)}))
    for name in ("README", "lists/notes.txt", ".hidden.mbox"):
        (tmp_path / name).write_bytes(b"Not mail.\n")
    (tmp_path / "empty.mbox").touch()
    (tmp_path / ".git").mkdir()
    (tmp_path / ".git" / "x.mbox").write_bytes(mbox(message(9)))
    (tmp_path / "loop").symlink_to(tmp_path)
    found = [(source.suggested_name(), taken_raws(source)) for source in expand(str(tmp_path))]
    assert found == [
        ("2004", [message(2)]),
        ("b", [message(1)]),
        ("lists.a", [message(3)]),
        ("lists.c", [message(6)]),
        ("lists.deep", [message(5)]),
        ("lists.deep", [message(4)]),
    ]


def test_maildir_with_folders(tmp_path: Path) -> None:
    for folder in ("", ".lists", ".lists.kernel"):
        for part in ("cur", "new", "tmp"):
            (tmp_path / "mail" / folder / part).mkdir(parents=True)
    (tmp_path / "mail" / "dovecot.index").write_bytes(mbox(message(9)))
    names = [source.suggested_name() for source in expand(str(tmp_path / "mail"))]
    assert names == [None, "lists", "lists.kernel"]


def test_file_in_a_folder_that_cannot_be_opened_is_named_when_it_is_read(tmp_path: Path) -> None:
    """It may have gone since the folder was listed."""
    source = _open_collection(str(tmp_path / "b.mbox"), "b.mbox", 1)
    assert source is not None
    with pytest.raises(SourceError, match=r"b\.mbox: cannot be read"):
        taken(source)


def test_what_is_no_source(tmp_path: Path) -> None:
    (tmp_path / "notes.txt").write_bytes(b"Not mail.\n")
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(SourceError, match="neither a maildir, nor an MH folder, nor"):
        open_source(str(tmp_path))
    with pytest.raises(SourceError, match="no mbox, archive or message in it"):
        expand(str(tmp_path))
    with pytest.raises(SourceError, match=r"missing: cannot be read \(No such file"):
        open_source(str(tmp_path / "missing"))
    with pytest.raises(SourceError, match="pipe it into '-'"):
        expand(str(tmp_path / "pipe"))


def test_text_that_is_no_message_is_refused_by_name(tmp_path: Path) -> None:
    path = tmp_path / "notes.txt"
    path.write_bytes(b"Not mail.\n")
    (refused,) = taken(open_source(str(path)))
    assert isinstance(refused, Rejected)
    assert (refused.position, refused.why) == (str(path), "it has no header field")


def test_limit_reaches_every_source(tmp_path: Path) -> None:
    large = message(1, b"x" * 500)
    (tmp_path / "list").mkdir()
    (tmp_path / "list" / "1.eml").write_bytes(large)
    (tmp_path / "list" / "a").write_bytes(mbox(large))
    (tmp_path / "list" / "b").write_bytes(tar({"a": large}))
    for source in expand(str(tmp_path / "list"), max_message=100):
        assert not any(isinstance(found, Incoming) for found in taken(source))
