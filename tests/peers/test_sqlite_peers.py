"""The file of the mirrors and feeds: what is kept in it, by whom it can be read, and what becomes of it in trouble."""

from __future__ import annotations

import os
import sqlite3
import stat
import subprocess
import sys
import threading
from contextlib import closing
from dataclasses import replace
from typing import TYPE_CHECKING, Final

import pytest

import storage.sqlite.peers
from storage.errors import ArchiveUnavailable
from storage.peers import Feed, Health, Mirror, Refusal
from storage.sqlite.peers import FILE, SqlitePeers

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

URL: Final = "nntp://me:secret@news.example/a.b"
MIRROR: Final = Mirror("lists.a", URL, 300, 8, "08:00-18:00", 1000)
FEED: Final = Feed(
    "out",
    "nntp://news.example",
    "lists.*",
    50,
    injection_date=False,
    path="news.example",
    groups={"lists.a": "local.a"},
    every=10,
    quiet="23:00-05:00",
    added=2000,
)
HEALTH: Final = Health(10, 9, "no route", 3, 42, 7, 7000, 1.5, 700, 70)


@pytest.fixture
def peers(tmp_path: Path) -> Iterator[SqlitePeers]:
    with closing(SqlitePeers(tmp_path)) as opened:
        yield opened


@pytest.fixture
def other(tmp_path: Path) -> Iterator[SqlitePeers]:
    """The same as another process has it."""
    with closing(SqlitePeers(tmp_path)) as opened:
        yield opened


def refusal(number: int, name: str = "lists.a") -> Refusal:
    return Refusal("out", name, number, b"<%d@x>" % number, "437 no: \xe9", 5)


def test_reading_makes_no_file(tmp_path: Path, peers: SqlitePeers) -> None:
    assert not peers.mirrors()
    assert not peers.feeds()
    assert peers.mirror_health("a", URL) == Health()
    assert peers.feed_health("out") == Health()
    assert peers.feed_cursor("out", "a") == (0, 0)
    assert not peers.refusals("out")
    assert peers.version() == -1
    assert not list(tmp_path.iterdir())


def test_a_mirror_is_kept_whole(peers: SqlitePeers, other: SqlitePeers) -> None:
    peers.add_mirror(MIRROR)
    assert peers.note_mirror("lists.a", URL, HEALTH)
    assert other.mirrors() == [MIRROR]
    assert other.mirror_health("lists.a", URL) == HEALTH


def test_a_feed_is_kept_whole(peers: SqlitePeers, other: SqlitePeers) -> None:
    peers.add_feed(FEED)
    assert peers.note_feed("out", replace(HEALTH, lag=None))
    assert other.feeds() == [FEED]
    assert other.feed_health("out") == replace(HEALTH, lag=None)


def test_the_file_is_its_owners_alone(tmp_path: Path, peers: SqlitePeers) -> None:
    before = os.umask(0)
    try:
        peers.add_mirror(MIRROR)
    finally:
        os.umask(before)
    assert {stat.S_IMODE(each.stat().st_mode) for each in tmp_path.iterdir()} == {0o600}


def test_a_list_has_several_mirrors(peers: SqlitePeers) -> None:
    second = replace(MIRROR, url="imap://mail.example/a")
    peers.add_mirror(second)
    peers.add_mirror(MIRROR)
    peers.add_mirror(replace(MIRROR, name="a"))
    assert [(each.name, each.url) for each in peers.mirrors()] == [
        ("a", URL),
        ("lists.a", second.url),
        ("lists.a", URL),
    ]
    peers.note_mirror("lists.a", URL, HEALTH)
    assert peers.mirror_health("lists.a", second.url) == Health()
    assert peers.mirror_health("a", URL) == Health()


def test_added_again_it_is_changed_and_keeps_its_health(peers: SqlitePeers) -> None:
    peers.add_mirror(MIRROR)
    peers.note_mirror("lists.a", URL, HEALTH)
    changed = replace(MIRROR, url=URL.replace("secret", "other"), every=9, added=3000)
    peers.add_mirror(changed)
    assert peers.mirrors() == [changed]
    assert peers.mirror_health("lists.a", URL) == HEALTH
    peers.add_feed(FEED)
    peers.note_feed("out", HEALTH)
    peers.set_feed_cursor("out", "lists.a", 1, 5, [])
    peers.add_feed(replace(FEED, lists="x"))
    assert [each.lists for each in peers.feeds()] == ["x"]
    assert peers.feed_health("out") == HEALTH
    assert peers.feed_cursor("out", "lists.a") == (1, 5)


def test_a_mirror_is_removed_with_its_health(peers: SqlitePeers) -> None:
    peers.add_mirror(MIRROR)
    peers.note_mirror("lists.a", URL, HEALTH)
    assert not peers.remove_mirror("lists.b", URL)
    assert peers.remove_mirror("lists.a", "nntp://me@news.example/a.b")
    assert not peers.remove_mirror("lists.a", URL)
    assert not peers.mirrors()
    peers.add_mirror(MIRROR)
    assert peers.mirror_health("lists.a", URL) == Health()


def test_a_feed_is_removed_with_all_that_is_known(peers: SqlitePeers) -> None:
    for peer in ("out", "next"):
        peers.add_feed(replace(FEED, peer=peer))
        peers.note_feed(peer, HEALTH)
        peers.set_feed_cursor(peer, "lists.a", 1, 5, [refusal(5)])
    assert peers.remove_feed("out")
    assert not peers.remove_feed("out")
    peers.add_feed(FEED)
    assert peers.feed_health("out") == Health()
    assert peers.feed_cursor("out", "lists.a") == (0, 0)
    assert not peers.refusals("out")
    assert peers.feed_cursor("next", "lists.a") == (1, 5)
    assert peers.feed_health("next") == HEALTH
    assert len(peers.refusals("next")) == 1


def test_a_note_of_what_was_removed_is_dropped(peers: SqlitePeers) -> None:
    assert not peers.note_mirror("lists.a", URL, HEALTH)
    assert not peers.note_feed("out", HEALTH)
    peers.set_feed_cursor("out", "lists.a", 1, 5, [refusal(5)])
    assert not peers.mirrors()
    assert not peers.feeds()
    peers.add_mirror(MIRROR)
    peers.add_feed(FEED)
    assert peers.mirror_health("lists.a", URL) == Health()
    assert peers.feed_health("out") == Health()
    assert peers.feed_cursor("out", "lists.a") == (0, 0)
    assert not peers.refusals("out")


def test_a_cursor_of_what_was_removed_is_not_that_of_what_has_its_name(
    peers: SqlitePeers, other: SqlitePeers
) -> None:
    peers.add_feed(FEED)
    assert peers.feed_cursor("out", "lists.a") == (0, 0)
    other.remove_feed("out")
    other.add_feed(FEED)
    peers.set_feed_cursor("out", "lists.a", 1, 5, [refusal(5)])
    assert other.feed_cursor("out", "lists.a") == (0, 0)
    assert other.refusals("out") == []
    other.set_feed_cursor("out", "lists.a", 1, 6)
    assert peers.feed_cursor("out", "lists.a") == (1, 6)
    peers.set_feed_cursor("out", "lists.a", 1, 7)
    assert other.feed_cursor("out", "lists.a") == (1, 7)


def test_cursors_are_each_lists_own(peers: SqlitePeers) -> None:
    peers.add_feed(FEED)
    peers.set_feed_cursor("out", "lists.a", 7, 5, [])
    peers.set_feed_cursor("out", "lists.b", 8, 6, [])
    peers.set_feed_cursor("out", "lists.a", 7, 9, [])
    assert peers.feed_cursor("out", "lists.a") == (7, 9)
    assert peers.feed_cursor("out", "lists.b") == (8, 6)


def test_the_latest_refusals_are_kept(peers: SqlitePeers, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(storage.sqlite.peers, "KEPT_REFUSALS", 3)
    peers.add_feed(FEED)
    peers.set_feed_cursor("out", "lists.a", 1, 2, [refusal(1), refusal(2)])
    assert peers.refusals("out") == [refusal(2), refusal(1)]
    peers.set_feed_cursor("out", "lists.a", 1, 4, [refusal(3), refusal(4)])
    assert peers.refusals("out") == [refusal(4), refusal(3), refusal(2)]
    assert peers.refusals("out", 1) == [refusal(4)]


def test_the_latest_refusals_of_a_list_are_told(peers: SqlitePeers) -> None:
    assert peers.last_refusals("out", "lists.a", 2) == []
    peers.add_feed(FEED)
    peers.set_feed_cursor("out", "lists.a", 1, 3, [refusal(number) for number in (1, 2, 3)])
    peers.set_feed_cursor("out", "lists.b", 1, 3, [refusal(9, "lists.b")])
    assert [number for number, _ in peers.last_refusals("out", "lists.a", 2)] == [3, 2]
    assert peers.last_refusals("out", "lists.a", 9)[0] == (3, refusal(3).at)


def test_the_version_tells_of_others_changes(peers: SqlitePeers, other: SqlitePeers) -> None:
    other.add_mirror(MIRROR)
    before = peers.version()
    assert before != -1
    assert peers.version() == before
    other.add_feed(FEED)
    assert peers.version() != before


def test_it_can_be_used_again_after_it_was_closed(peers: SqlitePeers) -> None:
    peers.add_mirror(MIRROR)
    peers.close()
    peers.close()
    assert peers.mirrors() == [MIRROR]


def test_what_is_damaged_or_anothers_is_named(tmp_path: Path, peers: SqlitePeers) -> None:
    (tmp_path / FILE).write_bytes(b"x" * 5000)
    with pytest.raises(ArchiveUnavailable, match="add the mirrors and feeds again"):
        peers.mirrors()
    (tmp_path / FILE).unlink()
    with closing(sqlite3.connect(tmp_path / FILE)) as connection, connection:
        connection.execute("PRAGMA application_id=7")
    with pytest.raises(ArchiveUnavailable, match="not the mirrors and feeds of listgate"):
        peers.add_mirror(MIRROR)


def test_a_folder_that_is_not_there_is_named(tmp_path: Path) -> None:
    with (
        closing(SqlitePeers(tmp_path / "no")) as lost,
        pytest.raises(ArchiveUnavailable, match=FILE),
    ):
        lost.add_mirror(MIRROR)


def test_several_threads_with_their_own_take_turns(tmp_path: Path) -> None:
    with closing(SqlitePeers(tmp_path)) as peers:
        peers.add_feed(FEED)

    def write(name: str) -> None:
        with closing(SqlitePeers(tmp_path)) as peers:
            for number in range(1, 21):
                peers.set_feed_cursor("out", name, 1, number, [refusal(number, name)])

    threads = [threading.Thread(target=write, args=(f"l{n}",)) for n in range(4)]
    for each in threads:
        each.start()
    for each in threads:
        each.join()
    with closing(SqlitePeers(tmp_path)) as peers:
        assert [peers.feed_cursor("out", f"l{n}") for n in range(4)] == [(1, 20)] * 4
        assert len(peers.refusals("out")) == 80


_WRITES_ON: Final = """
import sys
from pathlib import Path
from storage.peers import Feed, Refusal
from storage.sqlite.peers import SqlitePeers
peers = SqlitePeers(Path(sys.argv[1]))
peers.add_feed(Feed("out", "nntp://x"))
number = peers.feed_cursor("out", "a")[1]
while True:
    number += 1
    peers.set_feed_cursor("out", "a", 1, number, [Refusal("out", "a", number, b"<x>", "437", 0)])
    sys.stdout.write(f"{number}\\n")
    sys.stdout.flush()
"""


def test_what_was_said_to_be_kept_survives_a_kill(tmp_path: Path) -> None:
    kept = 0
    for round_ in range(3):
        writer = subprocess.Popen(
            [sys.executable, "-c", _WRITES_ON, str(tmp_path)], stdout=subprocess.PIPE
        )
        assert writer.stdout is not None
        for _ in range(5 + round_):
            kept = int(writer.stdout.readline())
        writer.kill()
        rest = writer.stdout.read().split(b"\n")[:-1]
        writer.stdout.close()
        writer.wait()
        kept = int(rest[-1]) if rest else kept
        with closing(SqlitePeers(tmp_path)) as peers:
            validity, number = peers.feed_cursor("out", "a")
            assert validity == 1
            assert kept <= number <= kept + 1
            assert [each.number for each in peers.refusals("out")] == list(range(number, 0, -1))
