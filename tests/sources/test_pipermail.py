"""Folders and archives of pipermail's volumes: their order, what is followed, what is read again."""

from __future__ import annotations

import gzip
import time
from itertools import pairwise
from typing import TYPE_CHECKING

import pytest

from storage.errors import SourceError
from storage.model import Fidelity
from storage.sources import expand, open_source
from storage.sources.base import Incoming, Rejected
from storage.sources.links import links
from storage.sources.pipermail import is_pipermail, linked_volumes, volume_order
from storage.sources.volumes import VolumeFolder, volumes
from tests.sources.mboxes import mbox, message, settle, taken, taken_raws
from tests.sources.pipermails import article, undone
from tests.sources.tars import tar

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from storage.sources.base import Source


def saved(folder: Path, volumes: Mapping[str, bytes]) -> Path:
    """Save volumes, each an hour ago; names with ``.gz`` are compressed."""
    for name, octets in volumes.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(gzip.compress(octets) if name.endswith(".gz") else octets)
        settle(path)
    return folder


def opened(folder: Path) -> Source:
    (source,) = expand(str(folder))
    assert isinstance(source, VolumeFolder)
    return source


@pytest.mark.parametrize(
    ("name", "order"),
    [
        ("2004-April.txt", (2004, 4, 0)),
        ("2004-april.txt.gz", (2004, 4, 0)),
        ("2004-12.txt", (2004, 12, 0)),
        ("2004q2.txt.gz", (2004, 4, 0)),
        ("2004.txt", (2004, 0, 0)),
        ("20040405.txt", (2004, 4, 5)),
        ("Week-of-Mon-20040405.txt.gz", (2004, 4, 5)),
        ("2004-Avril.txt", None),
        ("2004-April.html", None),
        ("2004-April.txt.part", None),
        ("notes.txt", None),
        ("200404.txt", None),
        ("..", None),
    ],
)
def test_order_of_volumes(name: str, order: tuple[int, int, int] | None) -> None:
    assert volume_order(name) == order


def test_months_come_in_the_order_of_the_calendar(tmp_path: Path) -> None:
    names = ("2004-December.txt", "2004-April.txt.gz", "2005-January.txt", "2003-May.txt")
    numbers = (3, 2, 4, 1)
    texts = {name: article(number) for name, number in zip(names, numbers, strict=True)}
    folder = saved(tmp_path / "oss", texts)
    for noise in ("2004-April/000001.html", "attachments/20040401/x.mbox", "index.html", "oss.css"):
        (folder / noise).parent.mkdir(parents=True, exist_ok=True)
        (folder / noise).write_bytes(mbox(message(9)))
    for source in (opened(folder), open_source(str(folder)), *expand(str(tmp_path))):
        found = taken(source)
        assert [each.raw for each in found if isinstance(each, Incoming)] == [
            undone(number) for number in (1, 2, 3, 4)
        ]
        assert {each.fidelity for each in found if isinstance(each, Incoming)} == {Fidelity.TEXT}
        assert source.suggested_name() == "oss"
        assert source.size == found[-1].progress == 4 * len(article(1))
        assert all(a.progress <= b.progress for a, b in pairwise(found))
        assert all(len(each.cursor) < 400 for each in found)


def test_weeks_and_quarters(tmp_path: Path) -> None:
    texts = {"Week-of-Mon-20040412.txt": article(2), "Week-of-Mon-20040405.txt.gz": article(1)}
    assert taken_raws(opened(saved(tmp_path / "a", texts))) == [undone(1), undone(2)]
    texts = {"2004q4.txt": article(2), "2004q2.txt.gz": article(1)}
    assert taken_raws(opened(saved(tmp_path / "b", texts))) == [undone(1), undone(2)]


def test_every_cursor_goes_on_where_it_stopped(tmp_path: Path) -> None:
    texts = {
        "2004-April.txt": article(1) + article(2),
        "2004-May.txt.gz": article(3) + article(4) + article(5),
        "2004-June.txt": article(6),
    }
    source = opened(saved(tmp_path, texts))
    found = taken(source)
    everything = [undone(number) for number in range(1, 7)]
    for at, each in enumerate(found, 1):
        assert taken_raws(source, each.cursor) == everything[at:]
        assert source.changed(each.cursor) is (at < 6)


def test_the_current_month_is_followed(tmp_path: Path) -> None:
    folder = saved(tmp_path, {"2004-April.txt": article(1), "2004-May.txt": article(2)})
    source = opened(folder)
    cursor = taken(source)[-1].cursor
    assert not source.changed(cursor)
    saved(folder, {"2004-May.txt": article(2) + article(3)})
    assert source.changed(cursor)
    assert taken_raws(source, cursor) == [undone(3)]
    cursor = taken(source, cursor)[-1].cursor
    # A month is compressed at its end, and another begins.
    saved(folder, {"2004-May.txt.gz": article(2) + article(3), "2004-June.txt": article(4)})
    (folder / "2004-May.txt").unlink()
    assert source.changed(cursor)
    assert taken_raws(source, cursor) == [undone(4)]
    cursor = taken(source, cursor)[-1].cursor
    assert not source.changed(cursor)


def test_of_a_month_that_is_there_twice_the_longer_counts(tmp_path: Path) -> None:
    texts = {"2004-May.txt.gz": article(1), "2004-May.txt": article(1) + article(2)}
    assert taken_raws(opened(saved(tmp_path, texts))) == [undone(1), undone(2)]
    saved(tmp_path, {"2004-May.txt.gz": article(1) + article(2) + article(3)})
    assert taken_raws(opened(tmp_path)) == [undone(1), undone(2), undone(3)]


def test_what_was_changed_before_the_cursor_is_read_again(tmp_path: Path) -> None:
    texts = {"2004-April.txt": article(1), "2004-May.txt": article(2) + article(3)}
    source = opened(saved(tmp_path, texts))
    cursor = taken(source)[-1].cursor
    saved(tmp_path, {"2004-April.txt": article(1) + article(9)})
    assert source.changed(cursor)
    assert taken_raws(source, cursor) == [undone(number) for number in (1, 9, 2, 3)]
    saved(tmp_path, {"2004-April.txt": article(1), "2004-May.txt": article(8) + article(2)[:-1]})
    assert taken_raws(source, cursor) == [undone(8), undone(2)]
    (tmp_path / "2004-May.txt").unlink()
    assert taken_raws(source, cursor) == [undone(1)]


def test_what_is_being_written_is_waited_for(tmp_path: Path) -> None:
    folder = saved(tmp_path, {"2004-April.txt": article(1)})
    source = opened(folder)
    cursor = taken(source)[-1].cursor
    octets = article(1) + article(2)
    (folder / "2004-April.txt").write_bytes(octets[:-9])
    assert taken(source, cursor) == []
    assert source.changed(cursor)
    (folder / "2004-April.txt").write_bytes(octets)
    assert taken_raws(source, cursor) == [undone(2)]


def test_what_grew_by_no_message_is_read_once(tmp_path: Path) -> None:
    source = opened(saved(tmp_path, {"2004-April.txt": article(1)}))
    cursor = taken(source)[-1].cursor
    saved(tmp_path, {"2004-April.txt": article(1) + bytes(16)})
    assert source.changed(cursor)
    assert taken(source, cursor) == []
    assert not source.changed(cursor)
    assert source.changed(b"")
    saved(tmp_path, {"2004-April.txt": article(1) + bytes(16) + article(2)})
    assert source.changed(cursor)


def test_a_damaged_month_is_named_and_the_others_go_on(tmp_path: Path) -> None:
    texts = {
        "2004-April.txt": article(1),
        "2004-May.txt.gz": article(2),
        "2004-June.txt": article(3),
    }
    folder = saved(tmp_path, texts)
    path = folder / "2004-May.txt.gz"
    path.write_bytes(path.read_bytes()[:-9])
    fresh = taken(opened(folder))
    assert [each.raw for each in fresh if isinstance(each, Incoming)] == [undone(1), undone(3)]
    settle(path)
    found = taken(opened(folder))
    assert [type(each) for each in found] == [Incoming, Incoming, Rejected, Incoming]
    assert isinstance(found[2], Rejected)
    assert (found[2].position, "ends too early" in found[2].why) == (str(path), True)
    for at, each in enumerate(found, 1):
        assert len(taken(opened(folder), each.cursor)) == 4 - at


def test_other_folders_are_no_pipermail(tmp_path: Path) -> None:
    saved(tmp_path / "a", {"2004.txt": mbox(message(1)), "2005.txt": mbox(message(2))})
    saved(tmp_path / "b", {"2004.txt": b"", "notes.txt": article(1)})
    saved(tmp_path / "c", {"2004-April.txt": b"Nothing of mail.\n"})
    for name in "abc":
        assert not is_pipermail(str(tmp_path / name))
    assert [source.suggested_name() for source in expand(str(tmp_path))] == [
        "a.2004", "a.2005", "b.notes",
    ]  # fmt: skip


def test_a_folder_that_went_away(tmp_path: Path) -> None:
    source = opened(saved(tmp_path / "l", {"2004-April.txt": article(1)}))
    (tmp_path / "l").rename(tmp_path / "m")
    assert not source.changed(b"")
    with pytest.raises(SourceError, match="l: cannot be read"):
        taken(source)
    with pytest.raises(SourceError, match="l: cannot be read"):
        _ = source.size


def test_one_file_is_an_mbox_that_grows(tmp_path: Path) -> None:
    path = saved(tmp_path, {"2004-April.txt": article(1)}) / "2004-April.txt"
    source = open_source(str(path))
    (found,) = taken(source)
    assert isinstance(found, Incoming)
    assert (found.raw, found.fidelity) == (undone(1), Fidelity.TEXT)
    with path.open("ab") as file:
        file.write(article(2))
    settle(path)
    assert taken_raws(source, found.cursor) == [undone(2)]
    saved(tmp_path, {"2004-May.txt.gz": article(3)})
    assert taken_raws(open_source(str(tmp_path / "2004-May.txt.gz"))) == [undone(3)]


def test_a_tarred_tree(tmp_path: Path) -> None:
    members = {
        "p/l/2004-April/000001.html": b"<html>A page</html>",
        "p/l/2004-December.txt": article(3),
        "p/l/index.html": b"<!DOCTYPE html><html>",
        "p/l/2004-April.txt.gz": gzip.compress(article(1)),
        "p/other.mbox": mbox(message(8)),
        "p/l/2004-May.txt": article(2),
        "p/about.html": b"<html>",
        "p/l/2004-June.txt": b"Not mail.\n",
    }
    path = tmp_path / "l.tar.gz"
    path.write_bytes(gzip.compress(tar(members)))
    settle(path)
    source = open_source(str(path))
    found = taken(source)
    assert [each.raw for each in found if isinstance(each, Incoming)] == [
        message(8), undone(1), undone(2), undone(3),
    ]  # fmt: skip
    assert found[2].position == f"{path}: p/l/2004-April.txt.gz, octet 0"
    assert [each.position.rpartition("/")[2] for each in found if isinstance(each, Rejected)] == [
        "2004-June.txt", "about.html",
    ]  # fmt: skip
    for at, each in enumerate(found, 1):
        assert len(taken(source, each.cursor)) == len(found) - at


def test_pages_of_a_tree_without_volumes_are_named(tmp_path: Path) -> None:
    path = tmp_path / "x.tar"
    path.write_bytes(tar({"a/1.html": b"<html>", "b": message(1)}))
    assert [type(each) for each in taken(open_source(str(path)))] == [Incoming, Rejected]


def test_too_many_pages_and_volumes_are_given_as_they_come(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("storage.sources.tartree.MAX_HELD", 1)
    monkeypatch.setattr("storage.sources.tartree.MAX_SPOOLED", 1)
    path = tmp_path / "x.tar"
    members = {
        "l/a.html": b"<html>", "l/b.html": b"<html>", "l/2004-June.txt": article(2), "l/2004-April.txt": article(1),
    }  # fmt: skip
    path.write_bytes(tar(members))
    found = taken(open_source(str(path)))
    assert [each.position.rpartition("/")[2] for each in found] == [
        "b.html", "2004-June.txt, octet 0", "2004-April.txt, octet 0",
    ]  # fmt: skip


def test_a_volume_that_is_too_large_is_given_as_it_comes_and_not_put_aside(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("storage.sources.tartree.MAX_SPOOLED", 200)
    monkeypatch.setattr("storage.sources.tartree.CHUNK", 64)
    path = tmp_path / "x.tar"
    members = {
        "2004-June.txt": article(2), "2004-May.txt": article(3) + article(4), "2004-April.txt": article(1), "a/b.html": b"<html>",
    }  # fmt: skip
    assert len(article(2)) < 200 < len(article(2) + article(3))
    path.write_bytes(tar(members))
    found = [each.raw for each in taken(open_source(str(path))) if isinstance(each, Incoming)]
    assert found == [undone(3), undone(4), undone(1), undone(2)]


def test_pages_beside_many_volumes_take_no_long_time(tmp_path: Path) -> None:
    path = tmp_path / "x.tar"
    members = {f"{at}/2004-May.txt": article(1) for at in range(2000)}
    members |= {f"x/{at}/a.html": b"<html>" for at in range(2000)}
    path.write_bytes(tar(members))
    began = time.process_time()
    assert len(taken(open_source(str(path)))) == 4000
    assert time.process_time() - began < 10


PAGE = """<HTML><table><tr><td>June 2004:</td>
<td><A href="2004-June/thread.html">[ Thread ]</a></td><td><A href="2004-June.txt">[ Text
   1&nbsp;KB ]</a></td></tr>
<a class=x HREF='/l/2004-April.txt.gz'>[ Gzip'd Text 21 KB ]</a> <a href=odd%20one.txt>x</a>
<a href="2004-May.txt.gz">[ Gzip'd Text 2 KB ]<b>!</b></a><a name="x">y</a><a href="x?2004-May.txt">z</a>
"""


def test_links_of_an_index_page() -> None:
    assert linked_volumes(PAGE) == [
        ("odd%20one.txt", "x"),
        ("/l/2004-April.txt.gz", "[ Gzip'd Text 21 KB ]"),
        ("2004-May.txt.gz", "[ Gzip'd Text 2 KB ]"),
        ("2004-June.txt", "[ Text 1 KB ]"),
    ]
    assert linked_volumes("") == []


def test_hostile_pages_take_no_long_time() -> None:
    for piece in ("<a ", "<a href", "<a href=", "<a href='x' ", "<a href=x>", " href = "):
        began = time.process_time()
        list(links(piece * 200_000))
        assert time.process_time() - began < 5


def test_sizes_of_short_and_compressed_volumes(tmp_path: Path) -> None:
    folder = saved(tmp_path, {"2004-April.txt.gz": b"x" * 100, "2004-May.txt": b"y"})
    (folder / "2004-June.txt.gz").write_bytes(b"z")
    (folder / "2004-July.txt.gz").write_bytes(b"No gzip at all: a server undid it.")
    assert [(each.stem, each.size) for each in volumes(str(folder), volume_order)] == [
        ("2004-April", 100), ("2004-May", 1), ("2004-June", 1), ("2004-July", 34),
    ]  # fmt: skip
