"""Whatever a peer says and whenever a run ends, each message gets there once, and none is left out."""

from __future__ import annotations

from collections import deque
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import count
from typing import TYPE_CHECKING, Final

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.mirror import ledger as ledgers
from gateway.mirror import push as pushing
from gateway.mirror.nntp_client import Response
from gateway.mirror.push import PushSummary, push
from gateway.nntp.transit_rules import refusal
from storage.errors import ArchiveUnavailable, SourceError
from storage.peers import Feed, Refusal
from tests.mail import NOW, MemoryEngine, fill, mail

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

    from gateway.mirror.nntp_client import Request
    from storage.archive import Archive
    from storage.model import Served

FEED: Final = Feed("peer", "nntp://peer.example/", window=5)


class Killed(BaseException):
    """The process is gone."""


@dataclass
class Disk:
    """The cursors that are kept; once it is dead nothing is."""

    cursors: dict[str, tuple[int, int]] = field(default_factory=dict)
    refusals: list[Refusal] = field(default_factory=list)
    dead: bool = False

    def feed_cursor(self, _: str, name: str, /) -> tuple[int, int]:
        return self.cursors.get(name, (0, 0))

    def last_refusals(self, _: str, name: str, most: int, /) -> list[tuple[int, int]]:
        found = [(each.number, each.at) for each in self.refusals if each.name == name]
        return found[: -most - 1 : -1]

    def set_feed_cursor(
        self, _: str, name: str, validity: int, number: int, refusals: Sequence[Refusal], /
    ) -> None:
        if not self.dead:
            self.cursors[name] = (validity, number)
            self.refusals += refusals


@dataclass
class Peer:
    """A news server that does what ``moods`` say, one for each thing asked, and then takes everything.

    ``most`` is the most octets of articles that were on their way to it at once.
    """

    disk: Disk
    streams: bool = True
    moods: deque[str] = field(default_factory=deque)
    has: dict[bytes, bytes] = field(default_factory=dict)
    taken: list[bytes] = field(default_factory=list)
    refuses: set[bytes] = field(default_factory=set)
    asked: Callable[[bytes], None] = lambda _: None
    most: int = 0

    @contextmanager
    def connect(self, url: str, /, *, reader: bool) -> Iterator[Peer]:
        assert url == FEED.url
        assert not reader
        yield self

    def ask(self, command: bytes) -> Response:
        assert command == b"MODE STREAM"
        return Response(203 if self.streams else 500, b"")

    def run(self, requests: Iterable[Request | None], window: int) -> Iterator[Response]:
        assert window == FEED.window
        waiting = iter(requests)
        flying: deque[Request] = deque()
        while True:
            while len(flying) < (window if self.streams else 1):
                request = next(waiting, None)
                if request is None:
                    break
                flying.append(request)
            self.most = max(self.most, sum(len(each.article or b"") for each in flying))
            if not flying:
                return
            yield self._answer(flying.popleft())

    def _answer(self, request: Request) -> Response:
        keyword, message_id = request.command.split()
        mood = self.moods.popleft() if self.moods else ""
        self.asked(request.command)
        if mood == "dies":
            raise SourceError("the peer is gone")
        if mood == "kills":
            self.disk.dead = True
            raise Killed
        if keyword == b"CHECK":
            code = 438 if message_id in self.has else 431 if mood == "later" else 238
            return Response(code, message_id)
        return self._article(keyword, message_id, request.article or b"", mood)

    def _article(self, keyword: bytes, message_id: bytes, article: bytes, mood: str) -> Response:
        streamed = keyword == b"TAKETHIS"
        if message_id in self.refuses:
            return Response(439 if streamed else 437, message_id)
        if message_id in self.has:
            return Response(439 if streamed else 435, message_id)
        if mood == "later" and not streamed:
            return Response(436, b"")
        if mood == "refuses":
            self.refuses.add(message_id)
            return Response(439 if streamed else 437, message_id)
        assert refusal(article, now=NOW, offered=message_id) is None
        self.has[message_id] = article
        self.taken.append(message_id)
        return Response(239 if streamed else 235, message_id)


def archive_of(size: int, *also: int) -> Archive:
    """Return an archive of so many messages, some of which are in a second list as well."""
    engine = MemoryEngine()
    mails = [mail(f"m{n}") for n in range(size)]
    fill(engine.writer(), "lists.a", mails)
    fill(engine.writer(), "lists.b", [mails[n % size] for n in also] + [mail("only")])
    return engine.archive()


def run(archive: Archive, peer: Peer, *, at: float = NOW, by_hand: bool = False) -> PushSummary:
    """Push; what is known is kept after every third verdict."""
    ticks = count(at, 0.4)
    return push(
        archive,
        peer.disk,
        FEED,
        b"news.example",
        by_hand=by_hand,
        connect=peer.connect,
        clock=lambda: next(ticks),
        pause=lambda _: None,
    )


MOODS: Final = ("", "", "", "later", "refuses", "dies", "kills")


@given(
    st.integers(1, 9),
    st.lists(st.integers(0, 8), max_size=2),
    st.booleans(),
    st.lists(st.lists(st.sampled_from(MOODS), max_size=40), max_size=4),
)
def test_each_message_gets_there_once(
    size: int, also: list[int], streams: bool, runs: list[list[str]]
) -> None:
    archive = archive_of(size, *also)
    peer = Peer(Disk(), streams)
    for moods in runs:
        peer.moods = deque(moods)
        peer.disk.dead = False
        try:
            summary = run(archive, peer)
        except (Killed, SourceError):
            continue
        assert summary.lag == summary.deferred
    peer.moods.clear()
    peer.disk.dead = False
    assert run(archive, peer).lag == 0
    expected = {b"<m%d@x.example>" % n for n in range(size)} | {b"<only@x.example>"}
    assert sorted(peer.taken) == sorted(expected - peer.refuses)
    assert run(archive, peer).settled == 0
    assert {each.message_id for each in peer.disk.refusals} >= peer.refuses - peer.has.keys() or (
        any("kills" in moods for moods in runs)
    )


def test_large_articles_are_not_heaped_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pushing, "MAX_FLYING", 50_000)
    monkeypatch.setattr(pushing, "KEPT_OCTETS", 10_000)
    engine = MemoryEngine()
    fill(engine.writer(), "lists.a", [mail(f"m{n}", body="x" * 20_000 + "\n") for n in range(9)])
    peer = Peer(Disk())
    assert run(engine.archive(), peer).accepted == 9
    assert 40_000 < peer.most < 80_000


@pytest.mark.parametrize(("streams", "mood"), [(True, ""), (True, "later"), (False, "later")])
def test_what_is_removed_meanwhile_is_not_sent(
    monkeypatch: pytest.MonkeyPatch, *, streams: bool, mood: str
) -> None:
    monkeypatch.setattr(pushing, "KEPT_OCTETS", 0)
    engine = MemoryEngine()
    fill(engine.writer(), "lists.a", [mail("a"), mail("b")])
    archive = engine.archive()

    def remove(command: bytes) -> None:
        if command.endswith(b" <a@x.example>"):
            assert archive.mailing_list("lists.a").count == 2
            with engine.writer().batch() as batch:
                batch.remove("lists.a", 1)

    peer = Peer(Disk(), streams, moods=deque([mood]), asked=remove)
    summary = run(archive, peer)
    assert (summary.accepted, summary.passed_over, summary.lag) == (1, 1, 0)
    assert peer.taken == [b"<b@x.example>"]


class Damaged(MemoryEngine):
    """An archive in which some messages cannot be read, or not more than once."""

    def __init__(self, *numbers: int, once: bool = False) -> None:
        super().__init__()
        read = self._archive.served
        seen = set[int]()

        async def served(name: str, number: int) -> Served:
            if number in numbers and (number in seen or not once):
                raise ArchiveUnavailable(f"{name} {number}: damaged")
            seen.add(number)
            return await read(name, number)

        self._archive.served = served  # type: ignore[method-assign]  # that is the damage


def test_a_damaged_message_does_not_hold_up_the_others(caplog: pytest.LogCaptureFixture) -> None:
    engine = Damaged(1)
    fill(engine.writer(), "lists.a", [mail("a"), mail("b")])
    peer = Peer(Disk())
    summary = run(engine.archive(), peer)
    assert (summary.accepted, summary.passed_over) == (1, 1)
    assert caplog.messages == ["lists.a 1: damaged: not sent to peer"]


@pytest.mark.parametrize("streams", [True, False])
def test_what_is_damaged_after_its_offer_is_not_sent(
    monkeypatch: pytest.MonkeyPatch, *, streams: bool
) -> None:
    monkeypatch.setattr(pushing, "KEPT_OCTETS", 0)
    engine = Damaged(1, once=True)
    fill(engine.writer(), "lists.a", [mail("a"), mail("b")])
    peer = Peer(Disk(), streams)
    assert (run(engine.archive(), peer).accepted, peer.taken) == (1, [b"<b@x.example>"])


def test_where_all_is_damaged_nothing_is_passed_over(caplog: pytest.LogCaptureFixture) -> None:
    engine = Damaged(*range(2, 30))
    fill(engine.writer(), "lists.a", [mail(f"m{n}") for n in range(30)])
    peer = Peer(Disk())
    with pytest.raises(ArchiveUnavailable, match="damaged"):
        run(engine.archive(), peer)


def test_a_peer_that_wants_everything_later(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pushing, "MAX_DEFERRED", 3)
    peer = Peer(Disk(), moods=deque(["later"] * 9))
    with pytest.raises(SourceError, match="the peer says 431"):
        run(archive_of(5), peer)


def test_progress_is_told_and_may_end_it() -> None:
    class Enough(Exception):
        pass

    told: list[tuple[int, int]] = []

    def progress(summary: PushSummary) -> None:
        told.append((summary.settled, summary.lag))
        if summary.settled == 2:
            raise Enough

    ticks = iter(range(NOW, NOW + 10_000))
    peer = Peer(Disk())
    with pytest.raises(Enough):
        push(
            archive_of(5), peer.disk, FEED, b"h", connect=peer.connect,
            clock=lambda: next(ticks), progress=progress,
        )  # fmt: skip
    assert told[0] == (0, 6)
    assert (2, 4) in told
    assert peer.disk.cursors["lists.a"][1] == 2


@pytest.mark.parametrize(("streams", "most"), [(True, 9), (False, 6)])
def test_a_list_that_the_peer_refuses_is_left_alone_and_the_others_are_not(
    monkeypatch: pytest.MonkeyPatch, *, streams: bool, most: int
) -> None:
    monkeypatch.setattr(pushing, "MAX_REFUSED", 6)
    monkeypatch.setattr(ledgers, "MAX_REFUSED", 6)
    peer = Peer(Disk(), streams, refuses={b"<m%d@x.example>" % n for n in range(30)})
    archive = archive_of(30)
    summary = run(archive, peer)
    assert summary.left_alone == ["lists.a"]
    assert peer.taken == [b"<only@x.example>"]
    refused = len(peer.disk.refusals)
    assert 6 <= refused <= most
    assert peer.disk.cursors["lists.a"][1] == refused
    again = run(archive, peer)
    assert (again.refused, again.left_alone, again.lag) == (0, [], 30 - refused)
    assert run(archive, peer, at=NOW + 3700).refused > 0
    for _ in range(30):
        if peer.disk.cursors["lists.a"][1] == 30:
            break
        run(archive, peer, by_hand=True)
    assert run(archive, peer).lag == 0
    assert len(peer.disk.refusals) == 30


def test_a_list_of_which_the_peer_took_something_is_not_left_alone(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(pushing, "MAX_REFUSED", 6)
    monkeypatch.setattr(ledgers, "MAX_REFUSED", 6)
    peer = Peer(Disk(), refuses={b"<m%d@x.example>" % n for n in range(0, 14, 2)})
    assert run(archive_of(14), peer).refused == 7
    assert run(archive_of(15), peer).accepted == 1
