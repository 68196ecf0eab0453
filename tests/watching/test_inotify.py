"""What the system tells of folders, with real files."""

from __future__ import annotations

import errno
import os
from contextlib import closing
from typing import TYPE_CHECKING

import pytest

from gateway import inotify
from gateway.inotify import Change, Inotify, Touched, Watch

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

try:
    Inotify().close()
except OSError:
    pytest.skip("this system has no inotify", allow_module_level=True)

SECONDS = 10.0


@pytest.fixture
def watch() -> Iterator[Watch]:
    with closing(Watch()) as made:
        yield made


def waited(watch: Watch, name: str, change: Change) -> set[str]:
    """Wait for a change of what is called so; return the folders that it was told of."""
    while touched := watch.wait(SECONDS):
        folders = {each.folder for each in touched if each.name == name and each.change & change}
        if folders:
            return folders
    raise AssertionError(f"nothing was told of {name}")


def test_what_is_told_of_a_folder(watch: Watch, tmp_path: Path) -> None:
    folder, other = str(tmp_path), tmp_path.with_name("other")
    other.mkdir()
    assert watch.keep({folder})
    with (tmp_path / "a").open("wb", buffering=0) as file:
        assert waited(watch, "a", Change.CREATED) == {folder}
        file.write(b"x")
        assert waited(watch, "a", Change.WRITTEN) == {folder}
    assert waited(watch, "a", Change.CLOSED) == {folder}
    (other / "b").write_bytes(b"x")
    (other / "b").rename(tmp_path / "b\udcff")
    assert waited(watch, "b\udcff", Change.MOVED_IN) == {folder}
    (tmp_path / "c").mkdir()
    assert waited(watch, "c", Change.FOLDER) == {folder}
    (tmp_path / "a").read_bytes()
    assert watch.wait(0) == []


def test_a_folder_is_watched_as_long_as_it_is_asked_for(watch: Watch, tmp_path: Path) -> None:
    first, second = tmp_path / "first", tmp_path / "second"
    for folder in (first, second):
        folder.mkdir()
    assert watch.keep({str(first), str(second)})
    assert watch.keep({str(second)})
    (first / "a").touch()
    (second / "b").touch()
    assert waited(watch, "b", Change.CLOSED) == {str(second)}
    assert watch.keep({str(first)})
    (second / "c").touch()
    (first / "d").touch()
    assert waited(watch, "d", Change.CLOSED) == {str(first)}


def test_a_folder_under_two_names_is_told_of_under_both(watch: Watch, tmp_path: Path) -> None:
    folder, link = tmp_path / "folder", tmp_path / "link"
    folder.mkdir()
    link.symlink_to(folder)
    assert watch.keep({str(folder), str(link)})
    assert watch.keep({str(folder), str(link)})
    (folder / "a").touch()
    assert waited(watch, "a", Change.CLOSED) == {str(folder), str(link)}
    assert watch.keep({str(link)})
    (folder / "b").touch()
    assert waited(watch, "b", Change.CLOSED) == {str(link)}


def test_a_folder_that_goes_is_forgotten_and_can_come_back(watch: Watch, tmp_path: Path) -> None:
    folder = tmp_path / "folder"
    assert not watch.keep({str(folder)})
    folder.mkdir()
    assert watch.keep({str(folder)})
    folder.rmdir()
    assert waited(watch, "", Change.FORGOTTEN) == {str(folder)}
    assert not watch.keep({str(folder)})
    folder.mkdir()
    assert watch.keep({str(folder)})
    (folder / "a").touch()
    assert waited(watch, "a", Change.CLOSED) == {str(folder)}


def test_a_folder_that_was_moved_away_is_watched_no_more_and_another_takes_its_name(
    watch: Watch, tmp_path: Path
) -> None:
    folder, moved = tmp_path / "folder", tmp_path / "moved"
    folder.mkdir()
    assert watch.keep({str(folder)})
    folder.rename(moved)
    folder.mkdir()
    assert waited(watch, "", Change.FORGOTTEN) == {str(folder)}
    assert watch.keep({str(folder)})
    (moved / "a").touch()
    (folder / "b").touch()
    assert waited(watch, "b", Change.CLOSED) == {str(folder)}
    assert watch.wait(0) == []


def test_too_much_at_once_is_told(watch: Watch, monkeypatch: pytest.MonkeyPatch) -> None:
    def events(self: Inotify) -> list[inotify.Event]:
        return [queue.pop()] if queue else []

    queue = [inotify.Event(-1, Change.OVERFLOW, b"")]
    monkeypatch.setattr(Inotify, "events", events)
    monkeypatch.setattr("gateway.inotify.select.poll", _Ready)
    assert watch.wait(SECONDS) == [Touched("", "", Change.OVERFLOW)]


class _Ready:
    """A poll that always says that there is something."""

    def register(self, descriptor: int, events: int) -> None:
        """Take what is to be waited for."""

    def poll(self, _: float) -> list[tuple[int, int]]:
        return [(0, 0)]


def test_limits_are_told_of_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def full(self: Inotify, folder: str, changes: Change) -> int:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(Inotify, "add", full)
    with closing(Watch()) as watch:
        assert not watch.keep({str(tmp_path)})
        assert not watch.keep({str(tmp_path)})
    assert caplog.text.count("fs.inotify.max_user_watches") == 1


def test_without_inotify_it_is_waited_for_the_time(monkeypatch: pytest.MonkeyPatch) -> None:
    def lacking(self: Inotify) -> None:
        raise OSError(errno.ENOSYS, os.strerror(errno.ENOSYS))

    slept: list[float] = []
    monkeypatch.setattr(Inotify, "__init__", lacking)
    monkeypatch.setattr("gateway.inotify.time.sleep", slept.append)
    with closing(Watch()) as watch:
        assert not watch.keep({"/"})
        assert watch.wait(3.5) == []
    assert slept == [3.5]


def test_a_libc_without_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("gateway.inotify.ctypes.CDLL", lambda *_, **__: object())
    with pytest.raises(OSError, match="not implemented"):
        Inotify()
