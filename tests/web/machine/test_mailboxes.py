"""Mailboxes to take away: what is read from them is what is in the archive."""

from __future__ import annotations

import gzip
import mailbox
import re
import subprocess
import time
from typing import TYPE_CHECKING

import pytest

from gateway.web.machine import documents, searching
from tests.mail import done, mail
from tests.web.machine.world import OPEN, SHORT, World
from tests.web.made import LISTS, NAME

if TYPE_CHECKING:
    from pathlib import Path

HOME = f"/{NAME}/"

NASTY = [
    mail("one", body="From here on\n>From there on\n>>From everywhere\nFromage\n"),
    mail("two", answers="one", body="From \n\n\nFrom A Thu Jan  1 00:00:00 1970\n\nno end"),
    mail("three", answers="two", body="").removesuffix(b"\n"),
    mail("four", answers="two", body="\r\nwith CR\r\nFrom you\r\n"),
    mail("five", answers="one", body="Grüße\x00\n" + "x" * 300_000 + "\n\n\n"),
]


def read(octets: bytes, folder: Path) -> list[bytes]:
    """Return the messages of an mboxrd file, as Python's own reader cuts it."""
    path = folder / "made.mbox"
    path.write_bytes(octets)
    box = mailbox.mbox(path, create=False)
    try:
        return [re.sub(rb"(?m)^>(>*From )", rb"\1", box.get_bytes(key)) for key in box.keys()]  # noqa: SIM118
    finally:
        box.close()


def ended(raw: bytes) -> bytes:
    return raw if raw.endswith(b"\n") else raw + b"\n"


def raws(world: World, name: str, numbers: list[int]) -> list[bytes]:
    return [ended(done(world.archive.raw(name, number))) for number in numbers]


@pytest.fixture(scope="module")
def made() -> World:
    """One that nobody changes."""
    return World(LISTS)


def test_a_thread_is_read_back(tmp_path: Path) -> None:
    world = World({"a": NASTY})
    found = read(world.mbox("/a/m/three@x.example/thread.mbox.gz"), tmp_path)
    assert found == raws(world, "a", [1, 2, 3, 4, 5]) == [*map(ended, NASTY)]


def test_git_reads_it_back(tmp_path: Path) -> None:
    world = World({"a": NASTY})
    (tmp_path / "made.mbox").write_bytes(world.mbox("/a/2004/01/month.mbox.gz"))
    (tmp_path / "split").mkdir()
    command = ["git", "mailsplit", "--mboxrd", "--keep-cr", "-osplit", "made.mbox"]
    told = subprocess.run(command, cwd=tmp_path, check=True, capture_output=True)
    assert told.stdout == b"5\n"
    found = [path.read_bytes() for path in sorted((tmp_path / "split").iterdir())]
    # git leaves the line that begins a record, and the empty line that ends it
    assert all(each.startswith(b"From mboxrd@z ") and each.endswith(b"\n\n") for each in found)
    assert [each.partition(b"\n")[2][:-1] for each in found] == [*map(ended, NASTY)]


def test_git_applies_the_patches_of_a_thread(tmp_path: Path) -> None:
    def git(*arguments: str) -> str:
        command = ["git", "-c", "user.name=A", "-c", "user.email=a@x.example", *arguments]
        done = subprocess.run(command, cwd=tmp_path, check=True, capture_output=True, text=True)
        return done.stdout

    git("init", "-q", ".")
    patches = []
    for n in range(3):
        (tmp_path / "file").write_text("From the beginning\n" * (n + 1))
        git("add", "file")
        git("commit", "-q", "-m", f"change {n}", "--date=2004-01-01T12:00:00Z")
        patches.append(git("format-patch", "-1", "--stdout"))
    world = World(
        {
            "a": [
                re.sub(
                    r"^From .*\n",
                    f"Message-ID: <{n}@x.example>\n"
                    + (f"References: <{n - 1}@x.example>\n" if n else ""),
                    patch,
                ).encode()
                for n, patch in enumerate(patches)
            ]
        }
    )
    (tmp_path / "made.mbox").write_bytes(world.mbox("/a/m/0@x.example/thread.mbox.gz"))
    (tmp_path / "other").mkdir()
    git("init", "-q", "other")
    git("-C", "other", "am", "-q", "--patch-format=mboxrd", "../made.mbox")
    assert (tmp_path / "other" / "file").read_text() == "From the beginning\n" * 3


def test_a_month_has_its_messages(made: World, tmp_path: Path) -> None:
    answer = made.get(f"{HOME}2004/02/month.mbox.gz")
    assert answer.content_type == "application/gzip"
    assert answer.headers["Content-Disposition"] == f'attachment; filename="{NAME}-2004-02.mbox.gz"'
    found = read(made.mbox(f"{HOME}2004/02/month.mbox.gz"), tmp_path)
    numbers = [n for n in range(1, 55) if b" Feb 2004" in done(made.archive.raw(NAME, n))[:200]]
    assert found[:1] == raws(made, NAME, [4])
    assert {*raws(made, NAME, numbers)} <= {*found}


def test_what_a_search_finds(made: World, tmp_path: Path) -> None:
    for target in (f"{HOME}search.mbox.gz?q=rains", "/search.mbox.gz?q=rains"):
        assert read(made.mbox(target), tmp_path) == raws(made, NAME, [4, 3, 2, 1])
    assert made.mbox("/search.mbox.gz?q=zebra") == b""
    name = made.get("/search.mbox.gz?q=x").headers["Content-Disposition"]
    assert name == 'attachment; filename="search.mbox.gz"'


def test_no_more_than_so_many_are_found(
    made: World, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(searching, "MAX_MAILBOX", 3)
    assert len(read(made.mbox("/search.mbox.gz?q=talk"), tmp_path)) == 3


def test_hidden_messages_are_left_out(tmp_path: Path) -> None:
    world = World({"a": NASTY})
    world.hide("a", 2)
    shown = raws(world, "a", [1, 3, 4, 5])
    assert read(world.mbox("/a/m/one@x.example/thread.mbox.gz"), tmp_path) == shown
    assert read(world.mbox("/a/2004/01/month.mbox.gz"), tmp_path) == shown
    assert read(world.mbox("/a/search.mbox.gz?q=topic"), tmp_path) == shown[::-1]
    assert world.refusal("/a/m/two@x.example/thread.mbox.gz").status == 410
    world.hide("a", 1, 3, 4, 5)
    assert world.refusal("/a/2004/01/month.mbox.gz").status == 404


def test_a_message_that_goes_meanwhile_is_left_out(tmp_path: Path) -> None:
    world = World({"a": NASTY})
    archive = world.archive
    raw = archive.raw

    async def gone(name: str, number: int) -> bytes:
        with world.engine.writer().batch() as batch:
            if number == 1:
                batch.remove("a", 2)
        return await raw(name, number)

    archive.raw = gone  # type: ignore[method-assign]
    found = read(world.mbox("/a/m/one@x.example/thread.mbox.gz"), tmp_path)
    assert found == [*map(ended, [NASTY[0], *NASTY[2:]])]


def test_the_same_messages_give_the_same_octets(
    made: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    target = f"{HOME}m/talk0@x.example/thread.mbox.gz"
    first = made.get(target)
    monkeypatch.setattr(time, "time", lambda: 1e9)
    second = made.get(target)
    assert (first.body, first.etag) == (second.body, second.etag)
    assert first.etag
    assert isinstance(first.body, bytes)
    assert first.body[4:8] == bytes(4)  # no time: RFC 1952 s. 2.3.1


def test_many_octets_come_in_pieces(made: World, monkeypatch: pytest.MonkeyPatch) -> None:
    target = f"{HOME}m/talk0@x.example/thread.mbox.gz"
    whole = made.octets(target)
    monkeypatch.setattr(documents, "WHOLE", 10)
    assert made.octets(target) == whole


def test_where_addresses_are_shortened_the_name_says_so(tmp_path: Path) -> None:
    world = World(LISTS, SHORT)
    target = f"{HOME}m/quotes@x.example/thread.mbox.gz"
    name = world.get(target).headers["Content-Disposition"]
    assert name == f'attachment; filename="{NAME}-thread-1-addresses-shortened.mbox.gz"'
    found = read(world.mbox(target), tmp_path)
    assert len(found) == 4
    assert all(b"Message-ID: <" in each and b"@x.example>" in each for each in found)
    assert all(b"From: A <a@...xample>" in each for each in found)
    name = world.get("/search.mbox.gz?q=rains").headers["Content-Disposition"]
    assert "addresses-shortened" in name


def test_only_some_lists_shorten_addresses() -> None:
    mails = {"a": [mail("one")], "b": [mail("two")]}
    settings = type(OPEN)(obfuscate=False, obfuscated={"b": True})
    octets = World(mails, settings).mbox("/search.mbox.gz?q=topic")
    assert octets.count(b"<a@x.example>") == octets.count(b"<a@...xample>") == 1


def test_there_is_none_of_what_is_not_there(made: World) -> None:
    for target in (
        "/none/2004/01/month.mbox.gz",
        f"{HOME}2003/12/month.mbox.gz",
        f"{HOME}m/none@x.example/thread.mbox.gz",
        "/none/search.mbox.gz?q=a",
    ):
        assert made.refusal(target).status == 404
    assert made.refusal("/search.mbox.gz").status == 400


def test_it_is_gzip_that_ends(made: World) -> None:
    octets = made.octets(f"{HOME}2004/01/month.mbox.gz")
    assert gzip.decompress(octets)
    with pytest.raises(EOFError):
        gzip.decompress(octets[:-1])
