"""What a follower notices of its sources, by a clock of ours."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from gateway.follower import EXPAND_SECONDS, Follower, Following
from gateway.intake import Plan, open_for_writing
from storage.sqlite import SqliteArchive
from tests.cli.conftest import ROUND, grow, put
from tests.mail import mail
from tests.sources.mboxes import mbox, settle

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from storage.sqlite import SqliteWriter


class Followed:
    """A follower, a clock that it goes by, and what it has put into the archive."""

    def __init__(self, folder: Path, *paths: Path) -> None:
        self.now = 0.0
        self._writer: SqliteWriter = open_for_writing(folder / "archive")
        self._archive = SqliteArchive(folder / "archive")
        self._follower = Follower(
            self._writer, Plan(tuple(map(str, paths))), clock=lambda: self.now
        )

    def look(self, later: float = 0.0) -> dict[str, int]:
        """Let it look after some seconds; return the lists and their counts."""
        self.now += later
        self._follower.search()
        self._follower.poll(0)
        self._follower.look()
        self._archive.refresh()
        return {record.name: record.count for record in self._archive.lists()}

    def close(self) -> None:
        self._writer.close()
        self._archive.close()


@pytest.fixture
def follow(tmp_path: Path) -> Iterator[Callable[..., Followed]]:
    """Follow paths."""
    made: list[Followed] = []

    def start(*paths: Path) -> Followed:
        made.append(Followed(tmp_path, *paths))
        return made[-1]

    yield start
    for each in made:
        each.close()


def test_a_new_file_in_a_followed_folder_becomes_a_list(
    follow: Callable[..., Followed], tmp_path: Path
) -> None:
    folder = tmp_path / "lists"
    folder.mkdir()
    first = put(folder / "a.mbox", mail("1"))
    followed = follow(folder)
    assert followed.look() == {"a": 1}
    put(folder / "b.mbox", mail("2"))
    grow(first, mail("3"))
    assert followed.look() == {"a": 2}
    assert followed.look(EXPAND_SECONDS) == {"a": 2, "b": 1}


def test_a_source_that_is_gone_hides_no_other(
    follow: Callable[..., Followed], tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    folder = tmp_path / "lists"
    folder.mkdir()
    put(folder / "a.mbox", mail("1"))
    single = tmp_path / "single.mbox"
    put(single, mail("2"))
    followed = follow(single, folder)
    assert followed.look() == {"a": 1, "single": 1}
    single.unlink()
    put(folder / "b.mbox", mail("3"))
    for _ in range(3):
        assert followed.look(EXPAND_SECONDS) == {"a": 1, "b": 1, "single": 1}
    assert caplog.text.count("; trying again") == 1
    put(single, mail("2"), mail("4"))
    assert followed.look(EXPAND_SECONDS)["single"] == 2
    single.unlink()
    followed.look(EXPAND_SECONDS)
    assert caplog.text.count("; trying again") == 2


def test_a_message_still_being_written_is_waited_for(
    follow: Callable[..., Followed], tmp_path: Path
) -> None:
    path = tmp_path / "l"
    whole = mbox(mail("1"), mail("2", body="all of it\n"), line=ROUND)
    path.write_bytes(whole[:-6])
    followed = follow(path)
    assert followed.look() == {"l": 1}
    path.write_bytes(whole)
    assert followed.look() == {"l": 2}


def test_what_is_no_message_is_logged_once(
    follow: Callable[..., Followed], tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    path = tmp_path / "l"
    path.write_bytes(mbox(mail("1")) + ROUND + b"\n" + mbox(mail("2")))
    settle(path)
    followed = follow(path)
    for _ in range(3):
        assert followed.look(EXPAND_SECONDS) == {"l": 2}
    assert caplog.text.count("; skipped") == 1


def test_standard_input_is_not_followed(tmp_path: Path) -> None:
    for paths in (("-",), ()):
        following = Following(tmp_path / "archive", Plan(paths))
        following.tend()
        following.end()
    assert not (tmp_path / "archive").exists()


def test_a_follower_that_died_is_started_again(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    following = Following(tmp_path / "archive", Plan((put(tmp_path / "l.mbox", mail("1")),)))
    following.tend()
    first = following._child._process
    assert first is not None
    following.tend()
    assert following._child._process is first
    first.kill()
    first.join()
    following.tend()
    assert following._child._process is not first
    assert "following them again" in caplog.text
    following.end()


def test_a_source_that_names_no_list_is_named_by_its_list_id(
    follow: Callable[..., Followed], tmp_path: Path
) -> None:
    put(tmp_path / "mbox", mail("1", "List-Id: The list <Some.Where>"))
    (tmp_path / "dumb").mkdir()
    put(tmp_path / "dumb/inbox", mail("2"))
    assert follow(tmp_path / "mbox").look() == {"some.where": 1}
    assert follow(tmp_path / "dumb/inbox").look() == {"mail": 1, "some.where": 1}
