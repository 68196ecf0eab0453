from __future__ import annotations

import asyncio
import logging
from typing import TYPE_CHECKING, cast

import pytest

from gateway.nntp import Session, Settings
from gateway.nntp.registry import CAPABILITIES, COMMANDS, LIST_VARIANTS
from gateway.wire import CHUNK_OCTETS, Upgrade
from storage.errors import ArchiveUnavailable, NoSuchList, NoSuchMessage
from tests.mail import MemoryEngine, done, fill, mail
from tests.nntp.world import HOST, Client, Users, build, session

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable

    from storage.archive import Archive
    from storage.model import Page, Rendition


class Changed:
    """An archive of which some methods behave otherwise."""

    def __init__(self, archive: Archive, **methods: Callable[..., object]) -> None:
        self._archive = archive
        for name, method in methods.items():
            setattr(self, name, method)

    def __getattr__(self, name: str) -> object:
        return getattr(self._archive, name)


@pytest.fixture(scope="module")
def archive() -> Archive:
    return build(MemoryEngine())


def changed(archive: Archive, **methods: Callable[..., object]) -> Client:
    return Client(session(cast("Archive", Changed(archive, **methods))))


def of(client: Client) -> Session:
    """Return a client's session, which is one of NNTP."""
    assert isinstance(client.session, Session)
    return client.session


async def no_pages(*_: object) -> AsyncIterator[Page]:
    pages: list[Page] = []
    for page in pages:
        yield page


def raising(error: Exception) -> Callable[..., object]:
    async def method(*_: object) -> object:
        raise error

    return method


@pytest.mark.parametrize(
    ("error", "answer"),
    [
        (ArchiveUnavailable("disk /secret/path"), b"403 archive unavailable\r\n"),
        (RuntimeError("stack and /secret/path"), b"403 internal fault\r\n"),
    ],
)
def test_a_fault_is_named_to_the_operator_only(
    archive: Archive, caplog: pytest.LogCaptureFixture, error: Exception, answer: bytes
) -> None:
    client = changed(archive, served=raising(error))
    assert client.ask(b"ARTICLE <one@x.example>") == answer
    assert not client.session.closing
    assert client.ask(b"DATE").startswith(b"111")
    assert [record.levelno for record in caplog.records] == [logging.ERROR]
    assert "/secret/path" in caplog.text


@pytest.mark.parametrize("command", [b"OVER 1-", b"HDR Subject 1-", b"NEWNEWS * 19700101 000000"])
@pytest.mark.parametrize("whole", [0, 1])
def test_a_fault_inside_a_block_ends_the_connection(
    archive: Archive, command: bytes, whole: int
) -> None:
    async def pages(kind: Rendition, name: str, first: int, last: int) -> AsyncIterator[Page]:
        async for page in archive.pages(kind, name, first, last):
            if whole:
                yield page
        raise ArchiveUnavailable("gone")

    client = changed(archive, pages=pages)
    client.ask(b"GROUP lists.alpha")
    answer = client.ask(command)
    assert client.session.closing == bool(whole)
    assert (b"403" in answer) != bool(whole)
    assert not answer.endswith(b"\r\n.\r\n")
    assert client.ask(b"DATE") == b"" if whole else client.ask(b"DATE").startswith(b"111")


@pytest.mark.parametrize(
    ("command", "code"),
    [
        (b"ARTICLE 1", b"423"),
        (b"ARTICLE", b"420"),
        (b"HEAD <one@x.example>", b"430"),
        (b"STAT 1", b"423"),
        (b"STAT", b"420"),
        (b"STAT <one@x.example>", b"430"),
        (b"NEXT", b"421"),
        (b"LAST", b"422"),
        (b"OVER", b"420"),
        (b"OVER 1", b"423"),
        (b"OVER <one@x.example>", b"430"),
        (b"HDR Subject", b"420"),
        (b"HDR Subject <one@x.example>", b"430"),
        (b"HDR To 1", b"423"),
        (b"HDR To <one@x.example>", b"430"),
    ],
)
def test_a_message_may_be_removed_after_it_was_found(
    archive: Archive, command: bytes, code: bytes
) -> None:
    gone = raising(NoSuchMessage("lists.alpha 1"))
    client = changed(archive, served=gone, entry=gone, pages=no_pages)
    client.ask(b"GROUP lists.alpha")
    if command == b"LAST":
        of(client).current = 6
    current = of(client).current
    assert client.ask(command)[:3] == code
    assert of(client).current == current


def test_the_current_article_may_be_removed(archive: Archive) -> None:
    engine = MemoryEngine()
    fill(engine.writer(), "l", [mail("a"), mail("b"), mail("c")])
    client = Client(session(engine.archive()))
    client.ask(b"GROUP l")
    client.ask(b"STAT 2")
    with engine.writer().batch() as batch:
        batch.remove("l", 2)
    engine.archive()
    assert client.ask(b"STAT").startswith(b"420")
    assert client.ask(b"OVER").startswith(b"420")
    assert client.ask(b"NEXT") == b"223 3 <c@x.example>\r\n"


def test_new_messages_are_seen_without_another_group() -> None:
    engine = MemoryEngine()
    fill(engine.writer(), "l", [mail("a")])
    client = Client(session(engine.archive()))
    client.ask(b"GROUP l")
    assert client.ask(b"NEXT").startswith(b"421")
    fill(engine.writer(), "l", [mail("b")], now=1_800_000_000)
    assert client.ask(b"NEXT").startswith(b"421")
    engine.archive()
    assert client.ask(b"NEXT") == b"223 2 <b@x.example>\r\n"
    assert client.ask(b"OVER 2-").startswith(b"224")


def test_nobody_is_told_what_was_not_asked_for() -> None:
    engine = MemoryEngine()
    client = Client(session(build(engine)))
    client.ask(b"GROUP lists.alpha")
    fill(engine.writer(), "lists.alpha", [mail("late")])
    engine.archive()
    assert not client.session.has_news()
    assert client.receive() == b""


def test_a_newsgroup_may_vanish(archive: Archive) -> None:
    def gone(name: str) -> None:
        raise NoSuchList(name)

    client = changed(archive, mailing_list=gone)
    of(client).group = "lists.alpha"
    assert client.ask(b"STAT") == b"412 the newsgroup is gone\r\n"
    assert client.ask(b"STAT <one@x.example>").startswith(b"223")


def test_a_line_without_end_is_refused_with_a_code(archive: Archive) -> None:
    client = Client(session(archive))
    answers = [client.send(b"x" * CHUNK_OCTETS) for _ in range(20)]
    assert b"".join(answers) == b"400 line without end\r\n"
    assert client.session.closing
    assert client.session.buffered < CHUNK_OCTETS


def test_expire_says_400(archive: Archive) -> None:
    client = Client(session(archive))
    assert client.session.expire("idle for too long") == b"400 idle for too long\r\n"
    assert client.session.closing
    assert client.ask(b"DATE") == b""


def test_input_waits_and_is_counted(archive: Archive) -> None:
    client = Client(session(archive))
    client.session.feed(b"DATE\r\nDA")
    assert client.session.buffered == 8
    assert client.receive() == b"111 20261122063526\r\n"
    assert client.session.buffered == 2
    assert client.send(b"TE\r\n") == b"111 20261122063526\r\n"
    assert client.session.buffered == 0


def upgrade_of(client: Client) -> Upgrade | None:
    return client.session.upgrade


@pytest.mark.parametrize("which", list(Upgrade))
def test_nothing_sent_before_an_upgrade_is_run_after_it(archive: Archive, which: Upgrade) -> None:
    client = Client(session(archive, Settings(HOST, tls_available=True)))
    command = {Upgrade.TLS: b"STARTTLS", Upgrade.DEFLATE: b"COMPRESS DEFLATE"}[which]
    client.ask(b"GROUP lists.alpha")
    assert client.send(command + b"\r\nGROUP lists.beta\r\nDATE\r\n").count(b"\r\n") == 1
    assert upgrade_of(client) is which
    assert client.ask(b"QUIT") == b""
    client.session.upgraded(which)
    assert upgrade_of(client) is None
    assert client.receive() == b""
    assert of(client).group == (None if which is Upgrade.TLS else "lists.alpha")
    assert (of(client).secure, of(client).compressed) == (
        which is Upgrade.TLS,
        which is Upgrade.DEFLATE,
    )


def test_ranges_go_over_pages() -> None:
    engine = MemoryEngine()
    fill(engine.writer(), "l", [mail(f"m{n}", f"X-Number: {n}") for n in range(1, 601)])
    client = Client(session(engine.archive()))
    client.ask(b"GROUP l")
    for first, last in ((1, 600), (250, 520), (255, 256), (256, 256), (512, 600)):
        wanted = [b"%d" % n for n in range(first, last + 1)]
        bounds = b"%d-%d" % (first, last)
        overview = client.ask(b"OVER " + bounds).split(b"\r\n")[1:-2]
        assert [line.split(b"\t")[0] for line in overview] == wanted
        assert client.ask(b"LISTGROUP l " + bounds).split(b"\r\n")[1:-2] == wanted
        fields = client.ask(b"HDR X-Number " + bounds).split(b"\r\n")[1:-2]
        assert fields == [b"%b %b" % (n, n) for n in wanted]
        ids = client.ask(b"HDR Message-ID " + bounds).split(b"\r\n")[1:-2]
        assert ids == [b"%b <m%b@x.example>" % (n, n) for n in wanted]
    found = client.ask(b"XPAT Message-ID 1- <m?99@*").split(b"\r\n")[1:-2]
    assert found == [b"%d <m%d@x.example>" % (n, n) for n in (199, 299, 399, 499, 599)]


def test_long_responses_come_in_chunks() -> None:
    engine = MemoryEngine()
    fill(engine.writer(), "l", [mail("a", body="x" * 70 + "\n" * 200_000)])
    client = Client(session(engine.archive()))
    answer = client.ask(b"ARTICLE <a@x.example>")
    assert len(client.chunks) > 3
    assert max(map(len, client.chunks)) <= CHUNK_OCTETS
    assert answer.endswith(b"\r\n\r\n.\r\n")


def test_a_store_may_make_a_session_wait(archive: Archive) -> None:
    async def later(name: str, number: int) -> object:
        await asyncio.sleep(0)
        return await archive.served(name, number)

    async def answered() -> bytes:
        talking = session(cast("Archive", Changed(archive, served=later)))
        talking.feed(b"BODY <one@x.example>\r\nDATE\r\n")
        return b"".join([chunk async for chunk in talking.respond()])

    answer = asyncio.run(answered())
    assert answer == b"222 0 <one@x.example>\r\nHello.\r\n.\r\n111 20261122063526\r\n"


def test_a_login_that_fails_by_a_fault_is_no_login(archive: Archive) -> None:
    class Broken(Users):
        async def password(self, user: str, password: str) -> None:
            raise RuntimeError(user, password)

    client = Client(session(archive, users=Broken(), secure=True))
    client.ask(b"AUTHINFO USER ann")
    assert client.ask(b"AUTHINFO PASS open sesame") == b"403 internal fault\r\n"
    assert client.ask(b"GROUP lists.secret").startswith(b"411")


@pytest.mark.parametrize("host", [b"", b"a b", b"a\r\nX: y", b"a:1", b"-a", b"a!b", b"x" * 256])
def test_a_host_that_cannot_stand_in_a_header_is_refused(host: bytes) -> None:
    with pytest.raises(ValueError, match="cannot name a news server"):
        Settings(host)


def test_every_mandatory_command_is_there() -> None:
    # RFC 3977 appendix B
    mandatory = (
        b"ARTICLE BODY CAPABILITIES CHECK DATE GROUP HDR HEAD HELP IHAVE LAST LIST LISTGROUP MODE NEWGROUPS NEWNEWS NEXT OVER "
        b"POST QUIT STAT STARTTLS TAKETHIS AUTHINFO COMPRESS XOVER XHDR XPAT XGTITLE XTWIN"
    )
    assert set(COMMANDS) == set(mandatory.split())
    variants = (
        b"ACTIVE ACTIVE.TIMES COUNTS DISTRIB.PATS DISTRIBUTIONS HEADERS MODERATORS MOTD NEWSGROUPS OVERVIEW.FMT "
        b"SUBSCRIPTIONS"
    )
    assert set(LIST_VARIANTS) == set(variants.split())


def test_every_capability_line_is_well_formed_and_labels_differ(archive: Archive) -> None:
    client = Client(session(archive, Settings(HOST, tls_available=True), users=Users()))
    lines = client.ask(b"CAPABILITIES").split(b"\r\n")[1:-2]
    labels = [line.split(b" ")[0] for line in lines]
    assert labels[0] == b"VERSION"
    assert len(set(labels)) == len(labels)
    assert all(line == b" ".join(line.split()) for line in lines)
    assert len(CAPABILITIES) + 3 >= len(lines)


def test_every_usage_is_honest(archive: Archive) -> None:
    for name, row in COMMANDS.items():
        assert row.usage.split()[0] == name
        longest = b" ".join([name, *[b"x"] * (row.arguments.stop)])
        client = Client(session(archive, users=Users(), secure=True))
        if len(longest) <= 510:
            assert client.ask(longest) == b"501 syntax: %b\r\n" % row.usage


def test_what_comes_before_a_reply_has_ended_is_answered_after_it(archive: Archive) -> None:
    one = session(archive)
    one.feed(b"GROUP lists.alpha\r\n")
    replies = one.respond()
    assert done(replies.asend(None)).startswith(b"211")
    one.feed(b"DATE\r\n")
    assert done(replies.asend(None)).startswith(b"111")
    with pytest.raises(StopAsyncIteration):
        done(replies.asend(None))
