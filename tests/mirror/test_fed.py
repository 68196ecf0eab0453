"""What is in a feed, and what its peer would say of it."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import pytest

from gateway.access import EVERY_LIST
from gateway.mirror.fed import Fed, stepped
from gateway.mirror.forecast import Forecast, dry_run, likely_reason
from gateway.nntp.transit import Article
from storage.errors import NoSuchMessage
from storage.peers import Feed
from tests.mail import NOW, MemoryEngine, fill, mail

if TYPE_CHECKING:
    from storage.archive import Archive
    from storage.model import Served

HOST = b"news.example"


def archive_of(**lists: list[bytes]) -> Archive:
    engine = MemoryEngine()
    for name, mails in lists.items():
        fill(engine.writer(), name.replace("_", "."), mails)
    return engine.archive()


def names(archive: Archive, pattern: str, *restricted: str) -> tuple[list[str], list[str]]:
    fed = Fed(archive, Feed("p", "nntp://p/", pattern), HOST, restricted)
    return [each.name for each in fed.lists], fed.left_out


def test_lists() -> None:
    archive = archive_of(a_b=[], a_c=[], z=[])
    assert names(archive, "*") == (["a.b", "a.c", "z"], [])
    assert names(archive, "a.*,!a.c") == (["a.b"], [])
    assert names(archive, "*", "A.C") == (["a.b", "z"], ["a.c"])
    assert names(archive, "a.b,a.c", "A.C") == (["a.b", "a.c"], [])
    assert names(archive, "a.b,z*", EVERY_LIST) == (["a.b"], ["z"])
    assert names(archive, "nothing") == ([], [])


def test_lists_of_one_newsgroup_name_it_once() -> None:
    archive = archive_of(a=[mail("both")], b=[mail("both")])
    fed = Fed(archive, Feed("p", "nntp://p/", groups={"a": "g", "b": "g"}), HOST)
    article = fed.article("a", next(fed.entries("a", 0)), NOW)
    assert isinstance(article, Article)
    assert b"\r\nNewsgroups: g\r\n" in article.octets


def test_a_dry_run() -> None:
    archive = archive_of(
        a_b=[
            mail("fine"),
            mail("both"),
            mail("large", body="x" * 2000 + "\n"),
            b"Path: p!x\n" + mail("p"),
        ],
        z=[mail("both")],
    )
    feed = Feed("p", "nntp://p/", "a.*")
    found = list(dry_run(archive, feed, HOST, now=NOW, max_octets=1000))
    assert [(each.number, each.offered, each.why) for each in found] == [
        (1, True, None),
        (2, True, None),
        (3, True, "larger than the 1000 octets that are taken"),
        (4, False, "it came through the peer"),
    ]
    assert found[0] == Forecast("a.b", 1, b"<fine@x.example>", found[0].octets, True, None)
    assert 200 < found[0].octets < 400
    assert [each.why for each in dry_run(archive, Feed("p", "nntp://q/"), HOST, now=NOW)] == [
        *[None] * 4,
        "offered as a message of a.b",
    ]


def test_the_age_matters_only_where_it_is_told() -> None:
    archive = archive_of(a_b=[mail("old")])
    old = Feed("p", "nntp://p/", injection_date=False)
    (found,) = dry_run(archive, old, HOST, now=NOW)
    assert found.why == "older than the cutoff (RFC 5537 s. 3.6)"
    (found,) = dry_run(archive, old, HOST, now=NOW, cutoff=None)
    assert found.why is None


def test_what_cannot_be_read_is_not_offered(monkeypatch: pytest.MonkeyPatch) -> None:
    archive = archive_of(a_b=[mail("a")])

    async def served(name: str, number: int) -> Served:
        raise NoSuchMessage(f"{name} {number}")

    monkeypatch.setattr(archive, "served", served)
    (found,) = dry_run(archive, Feed("p", "nntp://p/"), HOST, now=NOW)
    assert (found.offered, found.why, found.message_id) == (
        False, "it cannot be read", b"<a@x.example>",
    )  # fmt: skip
    fed = Fed(archive, Feed("p", "nntp://p/"), HOST)
    assert likely_reason(fed, "a.b", next(fed.entries("a.b", 0)), NOW) is None


def test_what_is_not_offered_is_not_refused() -> None:
    archive = archive_of(a_b=[b"Path: p!x\n" + mail("p")])
    fed = Fed(archive, Feed("p", "nntp://p/"), HOST)
    assert likely_reason(fed, "a.b", next(fed.entries("a.b", 0)), NOW) is None


def test_a_remote_archive_is_told_apart() -> None:
    with pytest.raises(RuntimeError, match="remote"):
        stepped(asyncio.sleep(0))
