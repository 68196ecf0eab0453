"""What a follower makes of what it is told, by a clock of ours; and the whole of it with the system's."""

from __future__ import annotations

import os
import threading
from contextlib import closing
from typing import TYPE_CHECKING

import pytest

from gateway import follower as module
from gateway.follower import EXPAND_SECONDS, POLL_SECONDS, Follower, Following
from gateway.inotify import Change, Touched
from gateway.intake import Plan, open_for_writing
from storage.sqlite import SqliteArchive
from tests.cli.conftest import grow, put
from tests.cli.programs import until
from tests.mail import mail
from tests.sources.mboxes import settle

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from storage.sqlite import SqliteWriter


class Told:
    """A follower that has looked at everything, a clock that it goes by, and what it has put into the archive."""

    def __init__(self, folder: Path, *paths: Path) -> None:
        self.now = 1000.0
        self._writer: SqliteWriter = open_for_writing(folder / "archive")
        self._archive = SqliteArchive(folder / "archive")
        self.follower = Follower(self._writer, Plan(tuple(map(str, paths))), clock=lambda: self.now)
        self.look()
        self.look(POLL_SECONDS)  # what was new may have been in the middle of being written

    def look(self, later: float = 0.0) -> dict[str, int]:
        """Let it look after some seconds; return the lists and their counts."""
        self.now += later
        self.follower.search()
        self.follower.look()
        self._archive.refresh()
        return {record.name: record.count for record in self._archive.lists()}

    def tell(self, folder: Path, name: str, change: Change) -> None:
        """Tell it of a change."""
        self.follower.notice([Touched(str(folder), name, change)])

    def close(self) -> None:
        self._writer.close()
        self._archive.close()


@pytest.fixture
def follow(tmp_path: Path) -> Iterator[Callable[..., Told]]:
    """Follow paths."""
    made: list[Told] = []

    def start(*paths: Path) -> Told:
        made.append(Told(tmp_path, *paths))
        return made[-1]

    yield start
    for each in made:
        each.close()


def maildir(path: Path, *raws: bytes) -> Path:
    """Make a maildir that was not touched for a minute."""
    for part in ("cur", "new", "tmp"):
        (path / part).mkdir(parents=True)
    for n, raw in enumerate(raws):
        (path / "new" / f"{n}.x").write_bytes(raw)
    for part in ("cur", "new"):
        settle(path / part)
    return path


def test_nothing_is_looked_at_unless_it_is_told_of_or_the_time_has_come(
    follow: Callable[..., Told], tmp_path: Path
) -> None:
    path = put(tmp_path / "l", mail("1"))
    told = follow(tmp_path / "l")
    grow(path, mail("2"))
    idle = told.follower.idle_seconds()
    assert idle == EXPAND_SECONDS - POLL_SECONDS
    assert told.look(idle - 0.1) == {"l": 1}
    assert told.look(0.1) == {"l": 2}


@pytest.mark.parametrize("change", [Change.CLOSED, Change.MOVED_IN])
def test_a_file_is_looked_at_at_once_when_it_is_whole(
    follow: Callable[..., Told], tmp_path: Path, change: Change
) -> None:
    path = put(tmp_path / "l", mail("1"))
    told = follow(tmp_path / "l")
    grow(path, mail("2"))
    told.tell(tmp_path, "l", change)
    assert told.follower.idle_seconds() == 0
    assert told.look() == {"l": 2}


def test_a_file_that_is_written_to_is_looked_at_when_it_rests(
    follow: Callable[..., Told], tmp_path: Path
) -> None:
    path = put(tmp_path / "l", mail("1"))
    told = follow(tmp_path / "l")
    grow(path, mail("2"))
    for _ in range(5):
        told.tell(tmp_path, "l", Change.WRITTEN)
        assert told.look(POLL_SECONDS - 0.1) == {"l": 1}
    assert told.follower.idle_seconds() == pytest.approx(0.1)
    assert told.look(0.2) == {"l": 2}


def test_of_one_file_only_that_one_is_looked_at(
    follow: Callable[..., Told], tmp_path: Path
) -> None:
    folder = tmp_path / "lists"
    folder.mkdir()
    paths = [put(folder / name, mail("1")) for name in ("a.mbox", "b.mbox")]
    told = follow(folder)
    for path in paths:
        grow(path, mail("2"))
    told.tell(folder, "b.mbox", Change.CLOSED)
    assert told.look() == {"a": 1, "b": 2}


def test_what_is_put_into_a_maildir_is_seen_at_once(
    follow: Callable[..., Told], tmp_path: Path
) -> None:
    folder = maildir(tmp_path / "l", mail("1"))
    told = follow(folder)
    assert {str(folder), str(folder / "new"), str(folder / "cur")} <= told.follower.folders()
    counts = []
    for n, change in enumerate([Change.MOVED_IN, Change.CREATED, Change.CLOSED], 2):
        (folder / "new" / f"{n}.x").write_bytes(mail(str(n)))
        told.tell(folder / "new", f"{n}.x", change)
        counts.append(told.look()["l"])
    assert counts == [2, 3, 4]


def test_what_is_made_in_a_folder_of_messages_is_let_be_written(
    follow: Callable[..., Told], tmp_path: Path
) -> None:
    folder = tmp_path / "l"
    folder.mkdir()
    (folder / "1.eml").write_bytes(mail("1"))
    settle(folder)
    told = follow(folder)
    (folder / "2.eml").write_bytes(mail("2"))
    told.tell(folder, "2.eml", Change.CREATED)
    assert told.look() == {"l": 1}
    told.tell(folder, "2.eml", Change.CLOSED)
    assert told.look() == {"l": 2}


def test_what_changes_while_it_is_looked_at_is_looked_at_again(
    follow: Callable[..., Told], tmp_path: Path
) -> None:
    path = put(tmp_path / "l", mail("1"))
    told = follow(tmp_path / "l")
    grow(path, mail("2"))
    told.tell(tmp_path, "l", Change.CLOSED)
    told.look()
    grow(path, mail("3"))
    assert told.look(POLL_SECONDS) == {"l": 3}
    assert told.look(POLL_SECONDS) == {"l": 3}
    assert told.follower.idle_seconds() > POLL_SECONDS


def test_new_files_and_folders_are_searched_for(
    follow: Callable[..., Told], tmp_path: Path
) -> None:
    folder = tmp_path / "lists"
    folder.mkdir()
    put(folder / "a.mbox", mail("1"))
    told = follow(folder)
    put(folder / "b.mbox", mail("2"))
    told.tell(folder, "b.mbox", Change.CREATED)
    assert told.look() == {"a": 1}
    told.tell(folder, "b.mbox", Change.CLOSED)
    assert told.look() == {"a": 1, "b": 1}
    maildir(folder / "c", mail("3"))
    told.tell(folder, "c", Change.CREATED | Change.FOLDER)
    assert told.look() == {"a": 1, "b": 1}
    assert told.look(POLL_SECONDS) == {"a": 1, "b": 1, "c": 1}


def test_files_that_are_no_sources_are_searched_for_once(
    follow: Callable[..., Told], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path / "lists"
    folder.mkdir()
    put(folder / "a.mbox", mail("1"))
    told = follow(folder)
    told.tell(folder, "a.mbox.lock", Change.CLOSED)
    assert told.follower.idle_seconds() == 0
    told.look()
    told.tell(folder, "a.mbox.lock", Change.CLOSED)
    assert told.follower.idle_seconds() > 0
    monkeypatch.setattr(module, "MAX_NOTHING", 1)
    told.tell(folder, "b", Change.CLOSED)
    told.look()
    told.tell(folder, "a.mbox.lock", Change.CLOSED)
    assert told.follower.idle_seconds() == 0


def test_what_a_link_leads_to_is_watched(follow: Callable[..., Told], tmp_path: Path) -> None:
    (tmp_path / "there").mkdir()
    path = put(tmp_path / "there" / "x", mail("1"))
    (tmp_path / "l").symlink_to(path)
    told = follow(tmp_path / "l")
    assert told.follower.folders() == {str(tmp_path), str(tmp_path / "there")}
    grow(path, mail("2"))
    told.tell(tmp_path / "there", "x", Change.CLOSED)
    assert told.look() == {"l": 2}


@pytest.mark.parametrize("change", [Change.OVERFLOW, Change.FORGOTTEN])
def test_where_something_was_not_told_everything_is_looked_at(
    follow: Callable[..., Told], tmp_path: Path, change: Change
) -> None:
    folder = tmp_path / "lists"
    folder.mkdir()
    path = put(folder / "a.mbox", mail("1"))
    told = follow(folder)
    grow(path, mail("2"))
    put(folder / "b.mbox", mail("2"))
    told.follower.notice([Touched("", "", change)])
    assert told.look() == {"a": 2, "b": 1}


def test_a_source_that_is_gone_is_waited_for_no_more(
    follow: Callable[..., Told], tmp_path: Path
) -> None:
    folder = tmp_path / "lists"
    folder.mkdir()
    put(folder / "a.mbox", mail("1"))
    gone = put(folder / "b.mbox", mail("2"))
    told = follow(folder)
    told.tell(folder, "b.mbox", Change.WRITTEN)
    os.unlink(gone)
    told.look(EXPAND_SECONDS)
    assert told.follower.idle_seconds() > POLL_SECONDS


def test_what_a_program_puts_there_is_seen_long_before_the_next_look(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The loop in a thread of this process, where the time between looks can be made an hour."""
    monkeypatch.setattr(module, "EXPAND_SECONDS", 3600.0)
    folder = tmp_path / "lists"
    folder.mkdir()
    box = put(folder / "box", mail("1"))
    directory = maildir(folder / "dir", mail("1"))
    family = _Family()
    working = threading.Thread(
        target=module._follow,
        args=(family, tmp_path / "archive", Plan((str(folder),))),
        daemon=True,
    )
    working.start()
    with (
        closing(open_for_writing(tmp_path / "archive")),
        closing(SqliteArchive(tmp_path / "archive")) as archive,
    ):

        def counts() -> dict[str, int]:
            archive.refresh()
            return {record.name: record.count for record in archive.lists()}

        until(lambda: counts() == {"box": 1, "dir": 1})
        for n in range(2, 5):
            grow(box, mail(str(n)))
            (directory / "tmp" / "x").write_bytes(mail(str(n)))
            (directory / "tmp" / "x").rename(directory / "new" / f"{n}.x")
            until(lambda n=n: counts() == {"box": n, "dir": n})  # type: ignore[misc]  # mypy cannot infer it
        put(folder / "third", mail("1"))
        until(lambda: counts().get("third") == 1)
    family.is_there = False
    put(folder / "last", mail("1"))
    working.join(20)
    assert not working.is_alive()


class _Family:
    """What a child knows of the process that started it."""

    is_there = True

    def is_whole(self) -> bool:
        return self.is_there


def test_standard_input_is_not_followed(tmp_path: Path) -> None:
    following = Following(tmp_path / "archive", Plan(("-",)))
    following.tend()
    following.end()
    assert not (tmp_path / "archive").exists()
