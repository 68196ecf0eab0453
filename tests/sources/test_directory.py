"""Folders with a message a file: order, octets, and which files are read again."""

from __future__ import annotations

import os
from pathlib import Path
from types import SimpleNamespace

import pytest

from storage.errors import SourceError
from storage.sources import directory
from storage.sources.base import Incoming
from storage.sources.directory import DirectorySource, Layout
from storage.sources.eml import EML
from storage.sources.maildir import MAILDIR, is_maildir
from storage.sources.mh import MH, is_mh
from tests.sources.mboxes import mbox, message, settle, taken, taken_raws

UNREADABLE = Path("/proc/self/mem")


@pytest.fixture
def maildir(tmp_path: Path) -> Path:
    for part in ("cur", "new", "tmp"):
        (tmp_path / "list" / part).mkdir(parents=True)
    return tmp_path / "list"


def open_folder(folder: Path, layout: Layout = MAILDIR) -> DirectorySource:
    return DirectorySource(str(folder), layout, folder.name)


def test_maildir_in_the_order_of_delivery(maildir: Path) -> None:
    (maildir / "new" / "1704189603.M1.host").write_bytes(message(4))
    (maildir / "cur" / "1704189601.M1.host:2,S").write_bytes(message(1))
    (maildir / "cur" / "1704189602.M2.host:2,").write_bytes(message(3))
    (maildir / "new" / "1704189602.M1.host").write_bytes(message(2))
    (maildir / "cur" / "unnumbered").write_bytes(message(0))
    (maildir / "cur" / ".hidden").write_bytes(message(9))
    (maildir / "tmp" / "1704189601.M9.host").write_bytes(message(9))
    source = open_folder(maildir)
    found = taken(source)
    assert [each.raw for each in found if isinstance(each, Incoming)] == [*map(message, range(5))]
    assert found[1].position == f"{maildir}/cur/1704189601.M1.host:2,S"
    assert found[-1].progress == source.size == 5 * len(message(0))
    assert (source.name, source.suggested_name()) == (str(maildir), "list")


def test_octets_are_exact(maildir: Path) -> None:
    raw = b"A: b\r\n\r\nFrom me\n>From you\r\0\n\n\n"
    (maildir / "cur" / "1").write_bytes(raw)
    assert taken_raws(open_folder(maildir)) == [raw]


def test_mh_in_the_order_of_numbers(tmp_path: Path) -> None:
    for number in (10, 9, 100):
        (tmp_path / str(number)).write_bytes(message(number))
    for name in (",8", ".mh_sequences", "07", "x1", "0"):
        (tmp_path / name).write_bytes(message(0))
    (tmp_path / "11").mkdir()
    assert taken_raws(open_folder(tmp_path, MH)) == [message(9), message(10), message(100)]


def test_eml_in_the_order_people_count(tmp_path: Path) -> None:
    for name in ("m10.eml", "m9.EML", "a.eml", "m9b1.eml"):
        (tmp_path / name).write_bytes(b"Subject: %b\n\n" % name.encode())
    (tmp_path / "notes.txt").write_bytes(message(0))
    subjects = [raw.split()[1].decode() for raw in taken_raws(open_folder(tmp_path, EML))]
    assert subjects == ["a.eml", "m9.EML", "m9b1.eml", "m10.eml"]


def test_every_cursor_resumes_behind_its_message(maildir: Path) -> None:
    """Even while the files are all so new that a finished pass would be gone over again."""
    for number in range(10, 20):
        (maildir / "cur" / f"{number}.host").write_bytes(message(number))
    source = open_folder(maildir)
    cursors = [found.cursor for found in taken(source)]
    for given_before, cursor in enumerate(cursors[:-1], 11):
        rest = [message(number) for number in range(given_before, 20)]
        assert taken_raws(source, cursor)[-len(rest) :] == rest
        assert len(cursor) < 400
        assert source.changed(cursor)


def test_cursor_in_the_middle_of_a_pass_never_loses_a_file_with_an_older_change_time(
    maildir: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    changed = {"1": 200, "2": 100, "3": 300}
    assert _resume_behind_first(maildir, monkeypatch, changed) == [message(2), message(3)]


def test_file_put_in_while_a_pass_was_cut_off_is_found(
    maildir: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    changed = {"2": 100, "3": 300}
    source = open_folder(maildir)
    _pretend_change_times(monkeypatch, changed)
    for name in ("2", "3"):
        (maildir / "cur" / name).write_bytes(message(int(name)))
    cursor = taken(source)[0].cursor
    changed["1"] = 400
    (maildir / "cur" / "1").write_bytes(message(1))
    assert taken_raws(source, cursor) == [message(1), message(3)]


def test_cursor_whose_last_file_is_gone_gives_the_pass_again(maildir: Path) -> None:
    for number in (1, 2, 3):
        (maildir / "cur" / str(number)).write_bytes(message(number))
    source = open_folder(maildir)
    cursor = taken(source)[1].cursor
    (maildir / "cur" / "2").unlink()
    assert taken_raws(source, cursor) == [message(1), message(3)]


def test_flags_do_not_lose_the_place(maildir: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    changed = {"1": 100, "2": 200, "3": 300}
    source = open_folder(maildir)
    _pretend_change_times(monkeypatch, changed)
    for number in (1, 2, 3):
        (maildir / "new" / str(number)).write_bytes(message(number))
    cursor = taken(source)[1].cursor
    (maildir / "new" / "2").rename(maildir / "cur" / "2:2,S")
    changed["2:2,S"] = 200
    assert taken_raws(source, cursor) == [message(3)]


def test_finished_pass_goes_over_only_what_changed_since(
    maildir: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    changed = {"1": 100, "2": 200, "3": 300}
    source = open_folder(maildir)
    _pretend_change_times(monkeypatch, changed)
    for name in ("1", "3"):
        (maildir / "cur" / name).write_bytes(message(int(name)))
    cursor = taken(source)[-1].cursor
    (maildir / "cur" / "2").write_bytes(message(2))
    assert taken_raws(source, cursor) == [message(3)]
    changed["2"] = 299
    assert taken_raws(source, cursor) == [message(2), message(3)]


def test_changed_when_the_folder_was_modified(maildir: Path) -> None:
    source = open_folder(maildir)
    assert source.changed(b"")
    (maildir / "cur" / "1").write_bytes(message(1))
    assert source.changed(taken(source)[-1].cursor)  # another file may come within the clock's tick
    for part in ("cur", "new"):
        settle(maildir / part)
    cursor = taken(source)[-1].cursor
    assert not source.changed(cursor)
    (maildir / "new" / "2").write_bytes(message(2))
    assert source.changed(cursor)


@pytest.mark.skipif(not UNREADABLE.exists(), reason="no file here that even root cannot read")
def test_file_that_cannot_be_read_is_named_and_the_rest_goes_on(maildir: Path) -> None:
    for number in (1, 3):
        (maildir / "cur" / str(number)).write_bytes(message(number))
    (maildir / "cur" / "2").symlink_to(UNREADABLE)
    (maildir / "cur" / "4").write_bytes(b"no message\n")
    (maildir / "cur" / "5").write_bytes(message(5, b"x" * 1000))
    source = DirectorySource(str(maildir), MAILDIR, "x", max_message=500)
    found = source.messages(b"")
    first = next(found)
    (maildir / "cur" / "3").unlink()
    assert isinstance(first, Incoming)
    assert [(each.position, getattr(each, "why", "")) for each in found] == [
        (f"{maildir}/cur/2", "it cannot be read (Input/output error)"),
        (f"{maildir}/cur/4", "it has no header field"),
        (f"{maildir}/cur/5", "it has more than the 500 octets that are allowed"),
    ]


def test_links_to_files_are_followed_and_others_passed_over(maildir: Path, tmp_path: Path) -> None:
    (tmp_path / "elsewhere").write_bytes(message(1))
    (maildir / "cur" / "1").symlink_to(tmp_path / "elsewhere")
    (maildir / "cur" / "2").symlink_to(maildir)
    (maildir / "cur" / "3").symlink_to(tmp_path / "nowhere")
    os.mkfifo(maildir / "cur" / "4")
    assert taken_raws(open_folder(maildir)) == [message(1)]


def test_folder_that_is_gone(maildir: Path) -> None:
    source = open_folder(maildir)
    (maildir / "cur" / "1").write_bytes(message(1))
    cursor = taken(source)[-1].cursor
    maildir.rename(maildir.with_name("gone"))
    assert not source.changed(cursor)
    with pytest.raises(SourceError, match="cannot be read"):
        taken(source)
    with pytest.raises(SourceError, match="cannot be read"):
        _ = source.size


def test_empty_folder(maildir: Path) -> None:
    assert taken(open_folder(maildir)) == []


def test_maildir_is_told_by_its_folders(maildir: Path) -> None:
    assert is_maildir(str(maildir))
    assert not is_maildir(str(maildir / "cur"))


def test_mh_is_told_by_its_files(tmp_path: Path) -> None:
    assert not is_mh(str(tmp_path))
    (tmp_path / ".mh_sequences").touch()
    assert is_mh(str(tmp_path))
    (tmp_path / "2004").write_bytes(mbox(message(1)))  # mboxes are called by years
    assert not is_mh(str(tmp_path))
    (tmp_path / "1").write_bytes(message(1))
    assert is_mh(str(tmp_path))


def _resume_behind_first(
    maildir: Path, monkeypatch: pytest.MonkeyPatch, changed: dict[str, int]
) -> list[bytes]:
    """Return what comes behind the first message, given the files' change times in seconds."""
    source = open_folder(maildir)
    _pretend_change_times(monkeypatch, changed)
    for name in changed:
        (maildir / "cur" / name).write_bytes(message(int(name)))
    return taken_raws(source, taken(source)[0].cursor)


def _pretend_change_times(monkeypatch: pytest.MonkeyPatch, changed: dict[str, int]) -> None:
    """Let files have these change times, in seconds: the system lets nobody set them."""

    def status(entry: os.DirEntry[str]) -> SimpleNamespace:
        return SimpleNamespace(
            st_ctime_ns=changed[entry.name] * 10**9, st_size=entry.stat().st_size
        )

    monkeypatch.setattr(directory, "_file_status", status)
