"""What the web archive does with answers: conditions, codings, what is kept, limits, logins."""
# ruff: noqa: ARG002 - page functions have one signature, and fixtures are asked for what they do

from __future__ import annotations

import base64
import gzip
import ipaddress
from dataclasses import replace
from typing import TYPE_CHECKING, Any, Final

import pytest
from twisted.internet.defer import Deferred

from gateway.access import Policy
from gateway.passwords import Users, hash_password
from gateway.web import routes
from gateway.web.answers import EVERY_LIST, FOR_EVER, Answer, Refusal, redirect
from gateway.web.config import WebConfig
from gateway.web.logins import Logins
from gateway.web.settings import Settings
from storage.errors import ArchiveUnavailable
from tests.mail import NOW, MemoryEngine, fill, mail
from tests.web.site.conversation import World

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from gateway.web.asks import Ask
    from gateway.web.reading import Reading
    from tests.mail import Engine

LIST: Final = "lists.alpha"
TEXT: Final = "A line of text, which is long enough to be coded.\n" * 20
SECURITY: Final = {
    "content-security-policy": "default-src 'none'; style-src 'self'; img-src 'self'; form-action 'self'; "
    "base-uri 'none'; frame-ancestors 'none'",
    "x-content-type-options": "nosniff",
    "x-frame-options": "DENY",
    "referrer-policy": "same-origin",
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-resource-policy": "same-origin",
    "server": "listgate",
}


class Pages:
    """Page functions of a test, and how often each was called."""

    def __init__(self) -> None:
        self.calls: list[str] = []
        self.later: Deferred[str] = Deferred()
        self.closed = 0

    def add(self) -> None:
        """Put them in the table."""
        for path in (
            "text", "empty", "strange", "ever", "none", "sent", "late", "pieces", "tagged", "bad", "broken", "refused", "gone", "down",
            "odd", "plain",
        ):  # fmt: skip
            routes.route(f"/test/{path}")(getattr(self, path))

    async def text(self, reading: Reading, ask: Ask) -> Answer:
        self.calls.append("text")
        count = reading.archive.mailing_list(LIST).count
        body = f"{ask.origin} {count}\n{TEXT}".encode()
        return Answer(body, "text/plain", lists=frozenset({LIST}), changed=NOW - 100)

    async def ever(self, reading: Reading, ask: Ask) -> Answer:
        self.calls.append("ever")
        return Answer(TEXT.encode(), lists=frozenset({EVERY_LIST}), max_age=FOR_EVER)

    async def none(self, reading: Reading, ask: Ask) -> Answer:
        self.calls.append("none")
        return Answer(b"<p>", is_indexed=False, max_age=0)

    async def strange(self, reading: Reading, ask: Ask) -> Answer:
        self.calls.append("strange")
        return Answer(b"<p>", lists=frozenset({"lists.that.is.not"}))

    async def sent(self, reading: Reading, ask: Ask) -> Answer:
        return redirect("/elsewhere", frozenset({LIST}))

    async def late(self, reading: Reading, ask: Ask) -> Answer:
        self.calls.append("late")
        return Answer((await self.later).encode(), lists=frozenset({LIST}))

    async def pieces(self, reading: Reading, ask: Ask) -> Answer:
        return Answer(self._pieces("one", "", "two"), "text/plain")

    async def tagged(self, reading: Reading, ask: Ask) -> Answer:
        return Answer(self._pieces("one", "two"), "text/plain", etag="v1")

    async def empty(self, reading: Reading, ask: Ask) -> Answer:
        return Answer(self._pieces(""), "text/plain")

    async def broken(self, reading: Reading, ask: Ask) -> Answer:
        return Answer(self._pieces("", "!"), "text/plain")

    async def _pieces(self, *texts: str) -> AsyncIterator[bytes]:
        try:
            for each in texts:
                if each == "!":
                    raise Refusal(404, "Nothing is in it.")
                yield each.encode()
        finally:
            self.closed += 1

    async def bad(self, reading: Reading, ask: Ask) -> Answer:
        return Answer(b"", headers={"X-A": ask.query["v"]})

    async def odd(self, reading: Reading, ask: Ask) -> Answer:
        return Answer(b"", status=299)

    async def plain(self, reading: Reading, ask: Ask) -> Answer:
        return Answer(b"", headers={"Content-Security-Policy": "sandbox"})

    async def refused(self, reading: Reading, ask: Ask) -> Answer:
        raise Refusal(410, "It <was> here.")

    async def gone(self, reading: Reading, ask: Ask) -> Answer:
        raise RuntimeError("a secret")

    async def down(self, reading: Reading, ask: Ask) -> Answer:
        raise ArchiveUnavailable("/a/secret/path")


@pytest.fixture
def pages(monkeypatch: pytest.MonkeyPatch) -> Pages:
    monkeypatch.setattr(routes, "_ROUTES", {})
    made = Pages()
    made.add()
    return made


@pytest.fixture
def archive_engine() -> MemoryEngine:
    engine = MemoryEngine()
    fill(engine.writer(), LIST, [mail("one"), mail("two")])
    return engine


@pytest.fixture
def world(archive_engine: MemoryEngine, pages: Pages) -> World:
    return World(archive_engine.archive())


class TestAnswers:
    def test_a_page(self, world: World) -> None:
        got = world.get("/test/text")
        assert got.status == 200
        assert got.text == f"http://x.example 2\n{TEXT}"
        assert SECURITY.items() <= got.fields.items()
        assert got.fields["content-type"] == "text/plain"
        assert got.fields["cache-control"] == "public, max-age=60"
        assert got.fields["last-modified"] == "Tue, 14 Nov 2023 22:11:40 GMT"
        assert got.fields["date"] == "Tue, 14 Nov 2023 22:13:20 GMT"
        assert got.fields["vary"] == "Accept-Encoding"
        assert "x-robots-tag" not in got.fields

    def test_a_head(self, world: World) -> None:
        got, head = world.get("/test/text"), world.get("/test/text", method="HEAD")
        assert head.fields == got.fields
        assert (head.status, head.body) == (200, b"")

    def test_what_never_changes(self, world: World) -> None:
        assert world.get("/test/ever").fields["cache-control"] == (
            "public, max-age=31536000, immutable"
        )

    def test_what_is_not_for_robots_nor_kept(self, world: World) -> None:
        fields = world.get("/test/none").fields
        assert fields["x-robots-tag"] == "noindex, nofollow"
        assert fields["cache-control"] == "no-cache"
        assert "vary" not in fields

    def test_a_redirect(self, world: World) -> None:
        got = world.get("/test/sent")
        assert (got.status, got.fields["location"], got.body) == (302, "/elsewhere", b"")
        assert "etag" not in got.fields
        assert "content-type" not in got.fields

    def test_an_answers_own_policy(self, world: World) -> None:
        assert world.get("/test/plain").fields["content-security-policy"] == "sandbox"

    def test_the_stylesheet(self, world: World) -> None:
        from gateway.web.templates import STYLE, STYLE_NAME  # noqa: PLC0415

        got = world.get(f"/{STYLE_NAME}", "Accept-Encoding: gzip")
        assert gzip.decompress(got.body) == STYLE
        assert got.fields["content-type"] == "text/css; charset=utf-8"
        assert "immutable" in got.fields["cache-control"]


class TestConditions:
    def test_who_has_it_gets_304(self, world: World) -> None:
        got = world.get("/test/text")
        for field in (
            f"If-None-Match: {got.fields['etag']}",
            "If-Modified-Since: " + got.fields["date"],
        ):
            known = world.get("/test/text", field)
            assert (known.status, known.body) == (304, b"")
            assert known.fields["etag"] == got.fields["etag"]
            assert known.fields["cache-control"] == got.fields["cache-control"]
            assert known.fields["vary"] == got.fields["vary"]
            assert SECURITY.items() <= known.fields.items()
            assert {"content-length", "content-type", "content-encoding"}.isdisjoint(known.fields)

    def test_each_coding_has_its_tag(self, world: World) -> None:
        plain = world.get("/test/text")
        coded = world.get("/test/text", "Accept-Encoding: gzip")
        assert coded.fields["content-encoding"] == "gzip"
        assert gzip.decompress(coded.body) == plain.body
        assert coded.fields["etag"] == plain.fields["etag"][:-1] + '-gzip"'
        tag = f"If-None-Match: {coded.fields['etag']}"
        assert world.get("/test/text", tag, "Accept-Encoding: gzip").status == 304
        assert world.get("/test/text", tag).status == 200

    def test_a_condition_that_fails(self, world: World) -> None:
        got = world.get("/test/text", 'If-Match: "other"')
        assert (got.status, got.fields["content-length"]) == (412, "0")

    def test_of_pieces(self, world: World, pages: Pages) -> None:
        got = world.get("/test/tagged")
        assert (got.fields["etag"], got.body) == ('"v1"', b"onetwo")
        known = world.get("/test/tagged", 'If-None-Match: "v1"')
        assert (known.status, known.body) == (304, b"")
        assert pages.closed == 2


class TestPieces:
    def test_come_in_chunks(self, world: World, pages: Pages) -> None:
        got = world.get("/test/pieces", "Accept-Encoding: gzip")
        assert got.fields["transfer-encoding"] == "chunked"
        assert {"content-length", "etag", "content-encoding"}.isdisjoint(got.fields)
        assert got.body == b"onetwo"
        assert pages.closed == 1

    def test_head(self, world: World, pages: Pages) -> None:
        assert world.get("/test/pieces", method="HEAD").body == b""
        assert pages.closed == 1

    def test_none(self, world: World, pages: Pages) -> None:
        got = world.get("/test/empty")
        assert (got.status, got.body) == (200, b"")
        assert pages.closed == 1

    def test_refused_before_the_first(self, world: World, pages: Pages) -> None:
        got = world.get("/test/broken")
        assert got.status == 404
        assert "Nothing is in it." in got.text
        assert pages.closed == 1


class TestRefusals:
    @pytest.mark.parametrize(
        ("path", "status", "text"),
        [
            ("/nothing", 404, "There is no such page."),
            ("/test/refused", 410, "It &lt;was&gt; here."),
            ("/test/gone", 500, "Something went wrong here."),
            ("/test/down", 503, "The archive cannot be read just now."),
            ("/test/bad?v=a%0D%0AX-B:%20c", 500, "Something went wrong here."),
            ("/test/bad?v=%C3%A4", 500, "Something went wrong here."),
            ("/test/bad?v=", 500, "Something went wrong here."),
            ("/test/odd", 500, "Something went wrong here."),
        ],
    )
    def test_page(self, world: World, path: str, status: int, text: str) -> None:
        got = world.get(path)
        assert got.status == status
        assert text in got.text
        assert "secret" not in got.text
        assert SECURITY.items() <= got.fields.items()
        assert got.fields["cache-control"] == "no-cache"
        assert got.fields["x-robots-tag"] == "noindex, nofollow"
        assert "etag" not in got.fields
        assert ("retry-after" in got.fields) is (status == 503)

    def test_a_fault_is_logged_once(self, world: World, caplog: pytest.LogCaptureFixture) -> None:
        world.get("/test/gone")
        assert caplog.text.count("Traceback") == 1

    @pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "OPTIONS", "TRACE", "PATCH", "X"])
    def test_other_methods(self, world: World, method: str) -> None:
        got = world.get("/test/text", method=method)
        assert (got.status, got.fields["allow"]) == (405, "GET, HEAD")
        assert "connection" not in got.fields

    def test_content(self, world: World) -> None:
        talk = world.connect()
        got = talk.get("/test/text", "Content-Length: 1000000", "Expect: 100-continue")
        assert (got.status, got.fields["connection"]) == (413, "close")
        assert talk.socket.is_closing()
        assert talk.say(bytes(70_000)) == b""
        assert talk.session.buffered == 0

    def test_a_page_about_a_failure_that_fails(
        self, world: World, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        def fail(*_: object, **__: object) -> None:
            raise RuntimeError("a secret")

        monkeypatch.setattr("gateway.web.answering.page", fail)
        got = world.get("/nothing")
        assert (got.status, got.body) == (404, b"Not Found\nThere is no such page.\n")

    def test_not_understood(self, world: World) -> None:
        said = world.connect().say(b"GET / HTTP/1.1\r\nHost: <script>\r\n\r\n")
        assert said.startswith(b"HTTP/1.1 400 Bad Request\r\n")
        assert b"<script" not in said
        assert [(each.status, each.request) for each in world.talks] == [(400, None)]


class TestKept:
    def test_made_once(self, world: World, pages: Pages) -> None:
        first = world.get("/test/text")
        for _ in range(5):
            assert world.get("/test/text") == first
        assert pages.calls == ["text"]
        assert world.site.hits == 5

    def test_each_host_has_its_own(self, world: World) -> None:
        talk = world.connect()
        for host in (b"one.example", b"two.example"):
            said = talk.say(b"GET /test/text HTTP/1.1\r\nHost: %b\r\n\r\n" % host)
            assert b"http://%b 2" % host in said

    def test_for_what_is_shown_and_how_long(
        self, world: World, pages: Pages, archive_engine: MemoryEngine
    ) -> None:
        world.get("/test/text")
        fill(archive_engine.writer(), "lists.b", [mail("three")])
        world.archive.refresh()
        world.get("/test/text")
        assert pages.calls == ["text"]
        fill(archive_engine.writer(), LIST, [mail("four")], now=NOW + 1)
        world.archive.refresh()
        assert "example 3\n" in world.get("/test/text").text
        world.clock.advance(3700)
        world.get("/test/text")
        assert pages.calls == ["text"] * 3

    def test_of_all_lists(self, world: World, pages: Pages, archive_engine: MemoryEngine) -> None:
        world.get("/test/ever")
        world.get("/test/ever")
        fill(archive_engine.writer(), "lists.b", [mail("three")])
        world.archive.refresh()
        world.get("/test/ever")
        assert pages.calls == ["ever", "ever"]

    def test_queries_and_what_depends_on_nothing_are_not(self, world: World, pages: Pages) -> None:
        for name in ("text?", "none", "strange"):
            world.get(f"/test/{name}")
            world.get(f"/test/{name}")
        assert pages.calls == ["text", "text", "none", "none", "strange", "strange"]

    def test_a_change_while_it_is_made(
        self, world: World, pages: Pages, archive_engine: MemoryEngine
    ) -> None:
        talk = world.connect()
        talk.say(b"GET /test/late HTTP/1.1\r\nHost: x\r\n\r\n")
        fill(archive_engine.writer(), LIST, [mail("four")], now=NOW + 1)
        world.archive.refresh()
        pages.later.callback("old")
        assert talk.heard().endswith(b"old")
        pages.later = Deferred()
        pages.later.callback("new")
        assert world.get("/test/late").text == "new"

    def test_a_list_that_is_gone(self, world: World, pages: Pages) -> None:
        world.get("/test/text")
        catalogue = world.archive._catalogue  # type: ignore[attr-defined]  # of the engine in memory
        catalogue["lists.beta"] = replace(catalogue.pop(LIST), name="lists.beta")
        assert world.get("/test/text").status == 500

    def test_memory_is_bounded(self, archive_engine: MemoryEngine, pages: Pages) -> None:
        world = World(archive_engine.archive(), config=WebConfig(kept_octets=50_000))
        talk = world.connect("127.0.0.1")
        for at in range(100):
            talk.say(b"GET /test/text HTTP/1.1\r\nHost: h%d\r\n\r\n" % at)
            assert world.site.kept.octets <= 50_000
        assert 5 < len(world.site.kept) < 12
        talk.say(b"GET /test/text HTTP/1.1\r\nHost: h99\r\n\r\n")
        assert world.site.hits == 1

    def test_none_is_too_large(self, archive_engine: MemoryEngine, pages: Pages) -> None:
        world = World(archive_engine.archive(), config=WebConfig(kept_octets=0))
        assert world.get("/test/text") == world.get("/test/text")
        assert pages.calls == ["text", "text"]

    def test_a_hundred_at_once(self, world: World, pages: Pages) -> None:
        talks = [world.connect("127.0.0.1") for _ in range(100)]
        for talk in talks:
            assert talk.say(b"GET /test/late HTTP/1.1\r\nHost: x\r\n\r\n") == b""
        talks[0].hang_up()
        talks[1].hang_up()
        pages.later.callback("made")
        assert all(talk.heard().endswith(b"made") for talk in talks[2:])
        assert talks[2].say(b"GET /test/late HTTP/1.1\r\nHost: x\r\n\r\n").endswith(b"made")
        assert pages.calls == ["late"]

    def test_settings_that_change(self, world: World, pages: Pages) -> None:
        world.get("/test/text")
        world.site.replace(Settings(origin="https://lists.example"), WebConfig())
        assert world.get("/test/text").text.startswith("https://lists.example 2")


class TestRoot:
    @pytest.fixture
    def rooted(self, archive_engine: MemoryEngine, pages: Pages) -> World:
        return World(archive_engine.archive(), Settings(root="/archive"))

    def test_below(self, rooted: World) -> None:
        assert rooted.get("/archive/test/text").status == 200

    @pytest.mark.parametrize("target", ["/", "/archive", "/?x", "/archive?x"])
    def test_at_the_door(self, rooted: World, target: str) -> None:
        got = rooted.get(target)
        assert (got.status, got.fields["location"]) == (301, "/archive/")

    @pytest.mark.parametrize("target", ["/test/text", "/archives/test/text"])
    def test_outside(self, rooted: World, target: str) -> None:
        assert rooted.get(target).status == 404


class TestOrigin:
    @pytest.mark.parametrize(
        ("head", "secure", "origin"),
        [
            ("GET /test/text HTTP/1.1\r\nHost: X.example:80", False, "http://x.example"),
            ("GET /test/text HTTP/1.1\r\nHost: x.example:8080", False, "http://x.example:8080"),
            ("GET /test/text HTTP/1.1\r\nHost: x.example:443", True, "https://x.example"),
            ("GET /test/text HTTP/1.1\r\nHost: [::1]:80", False, "http://[::1]"),
            ("GET http://y/test/text HTTP/1.1\r\nHost: x", False, "http://y"),
            ("GET /test/text HTTP/1.0", False, "http://localhost"),
            (
                "GET /test/text HTTP/1.1\r\nHost: x\r\nX-Forwarded-Proto: https",
                False,
                "https://x",
            ),
        ],
    )
    def test_as_the_asker_sees_it(
        self, archive_engine: MemoryEngine, pages: Pages, head: str, secure: bool, origin: str
    ) -> None:
        config = WebConfig(trusted_proxies=[ipaddress.ip_network("127.0.0.1")])
        world = World(archive_engine.archive(), config=config)
        talk = world.connect("127.0.0.1", secure=secure)
        assert f"\r\n\r\n{origin} 2\n".encode() in talk.say(f"{head}\r\n\r\n".encode())


class TestLimits:
    CONFIG: Final = WebConfig(
        requests_per_second=1, burst=3, trusted_proxies=[ipaddress.ip_network("127.0.0.1")]
    )

    @pytest.fixture
    def limited(self, archive_engine: MemoryEngine, pages: Pages) -> World:
        return World(archive_engine.archive(), config=self.CONFIG)

    def test_one_network_has_its_share(self, limited: World) -> None:
        one, near, far = (
            limited.connect(each) for each in ("192.0.2.1", "192.0.2.99", "198.51.100.1")
        )
        statuses = [talk.get("/test/text").status for talk in (one, near, one, near, far)]
        assert statuses == [200, 200, 200, 429, 200]
        got = one.get("/test/text")
        assert (got.status, got.fields["retry-after"]) == (429, "1")
        assert "NNTP" in got.text
        assert SECURITY.items() <= got.fields.items()
        limited.clock.advance(1)
        assert one.get("/test/text").status == 200

    def test_this_machine_is_not_limited(self, limited: World) -> None:
        assert {limited.get("/test/text").status for _ in range(20)} == {200}

    def test_whom_a_proxy_names_is(self, limited: World, caplog: pytest.LogCaptureFixture) -> None:
        statuses = [
            limited.get("/test/text", "X-Forwarded-For: 6.6.6.6, 192.0.2.7").status
            for _ in range(5)
        ]
        assert statuses == [200, 200, 200, 429, 429]
        assert limited.talks[-1].address == "192.0.2.7"
        assert limited.get("/test/text", "X-Forwarded-For: 203.0.113.1").status == 200
        assert not caplog.text

    def test_a_proxy_that_is_not_trusted(
        self, limited: World, caplog: pytest.LogCaptureFixture
    ) -> None:
        talk = limited.connect("198.51.100.9")
        for _ in range(6):
            talk.get("/test/text", "X-Forwarded-For: 192.0.2.7")
        assert caplog.text.count("requests of others come from 198.51.100.9") == 1

    def test_a_proxy_on_this_machine_that_is_not_trusted(
        self, archive_engine: MemoryEngine, pages: Pages, caplog: pytest.LogCaptureFixture
    ) -> None:
        world = World(archive_engine.archive())
        world.get("/test/text")
        assert not caplog.text
        for _ in range(2):
            world.get("/test/text", "X-Forwarded-For: 192.0.2.7")
        assert caplog.text.count("requests of others come from 127.0.0.1") == 1

    def test_pieces_cost_more(self, limited: World) -> None:
        talk = limited.connect()
        assert talk.get("/test/pieces").status == 200
        assert talk.get("/test/text").fields["retry-after"] == "4"  # no more than another bucket

    def test_time_costs_more(self, limited: World, pages: Pages) -> None:
        talk = limited.connect()
        talk.say(b"GET /test/late HTTP/1.1\r\nHost: x\r\n\r\n")
        limited.clock.advance(0.02)
        pages.later.callback("made")
        talk.heard()
        assert talk.get("/test/text").status == 429

    def test_time_costs_as_much_those_who_hang_up(self, limited: World, pages: Pages) -> None:
        talk = limited.connect()
        talk.say(b"GET /test/late HTTP/1.1\r\nHost: x\r\n\r\n")
        talk.hang_up()
        limited.clock.advance(0.02)
        pages.later.callback("made")
        assert limited.connect().get("/test/text").status == 429

    def test_none(self, archive_engine: MemoryEngine, pages: Pages) -> None:
        config = replace(self.CONFIG, requests_per_second=0)
        talk = World(archive_engine.archive(), config=config).connect()
        assert {talk.get("/test/text").status for _ in range(20)} == {200}


def basic(text: str) -> str:
    return "Authorization: Basic " + base64.b64encode(text.encode()).decode()


class TestLogins:
    """A private list, and an archive that wants a login."""

    class Known(Users):
        """Users whose passwords are checked at once."""

        checked = 0

        async def password(self, user: str, password: str) -> Any:
            from gateway.access import Reader  # noqa: PLC0415

            self.checked += 1
            known = self._hashes.get(user)
            return Reader(user) if known is not None and known.verify(password) else None

    @pytest.fixture
    def users(self) -> TestLogins.Known:
        return self.Known({"änne": hash_password("a:b", iterations=4096)})

    def world(
        self,
        engine: MemoryEngine,
        users: TestLogins.Known,
        *,
        login_needed: bool = False,
        login_needs_tls: bool = False,
    ) -> World:
        policy = Policy({LIST: ["änne"]}, login_needed=login_needed)
        world = World(engine.archive(), policy=policy)
        world.site.replace(Settings(), WebConfig(), Logins(users), login_needs_tls=login_needs_tls)
        return world

    def test_a_private_list(self, archive_engine: MemoryEngine, users: TestLogins.Known) -> None:
        world = self.world(archive_engine, users)
        strangers = world.get(f"/{LIST}/")
        assert strangers.status == 404
        assert strangers.body == world.get("/lists.z/").body.replace(b"lists.z", LIST.encode())
        index = world.get("/")
        assert LIST not in index.text
        assert index.fields["cache-control"].startswith("public")
        assert index.fields["vary"] == "Accept-Encoding, Authorization"
        friends = world.get(f"/{LIST}/", basic("änne:a:b"))
        assert friends.status == 200
        assert friends.fields["cache-control"].startswith("private, ")
        assert friends.fields["vary"] == "Accept-Encoding, Authorization"
        assert LIST in world.get("/", basic("änne:a:b")).text
        assert LIST not in world.get("/").text
        assert world.talks[-2].user == "änne"

    def test_a_password_is_checked_once_in_a_while(
        self, archive_engine: MemoryEngine, users: TestLogins.Known
    ) -> None:
        world = self.world(archive_engine, users)
        for _ in range(3):
            assert world.get("/", basic("änne:a:b")).status == 200
        assert users.checked == 1
        world.clock.advance(601)
        assert world.get("/", basic("änne:a:b")).status == 200
        assert users.checked == 2

    @pytest.mark.parametrize(
        "field",
        [
            basic("änne:a"),
            basic("anne:a:b"),
            basic("änne"),
            "Authorization: Basic",
            "Authorization: Basic !",
            "Authorization: Basic /w==",
            "Authorization: Basic YTpi====",
            "Authorization: Bearer YTpi",
        ],
    )
    def test_what_is_wrong(
        self, archive_engine: MemoryEngine, users: TestLogins.Known, field: str
    ) -> None:
        got = self.world(archive_engine, users).get("/", field)
        assert got.status == 401
        assert got.fields["www-authenticate"] == 'Basic realm="listgate", charset="UTF-8"'

    def test_wrong_ones_cost(self, archive_engine: MemoryEngine, users: TestLogins.Known) -> None:
        talk = self.world(archive_engine, users).connect()
        statuses = [talk.get("/", basic(f"änne:{at}")).status for at in range(12)]
        assert statuses == [401] * 10 + [429] * 2

    def test_wrong_ones_cost_as_much_those_who_hang_up(
        self, archive_engine: MemoryEngine, users: TestLogins.Known, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        async def never(*_: object) -> None:
            await Deferred()

        monkeypatch.setattr(users, "password", never)
        world = self.world(archive_engine, users)
        said = []
        for at in range(12):
            talk = world.connect()
            request = f"GET / HTTP/1.1\r\nHost: x\r\n{basic(f'änne:{at}')}\r\n\r\n"
            said.append(talk.say(request.encode())[:12])
            talk.hang_up()
        assert said == [b""] * 10 + [b"HTTP/1.1 429"] * 2

    def test_right_ones_cost_nothing(
        self, archive_engine: MemoryEngine, users: TestLogins.Known
    ) -> None:
        world = self.world(archive_engine, users)
        buckets = world.site._buckets
        for _ in range(12):
            world.site.replace(Settings(), WebConfig(), Logins(users))  # who remembers nobody
            world.site._buckets = buckets
            assert world.connect().get("/", basic("änne:a:b")).status == 200

    def test_where_all_need_one(
        self, archive_engine: MemoryEngine, users: TestLogins.Known
    ) -> None:
        world = self.world(archive_engine, users, login_needed=True)
        for path in ("/", f"/{LIST}/", "/nothing"):
            assert world.get(path).status == 401
            assert LIST not in world.get(path).text
        assert world.get("/", basic("änne:a:b")).status == 200

    def test_how_to_log_in(self, archive_engine: MemoryEngine, users: TestLogins.Known) -> None:
        world = self.world(archive_engine, users)
        assert world.get("/login").status == 401
        got = world.get("/login", basic("änne:a:b"))
        assert (got.status, got.fields["location"]) == (302, "/")

    def test_never_in_clear(self, archive_engine: MemoryEngine, users: TestLogins.Known) -> None:
        world = self.world(archive_engine, users, login_needed=True, login_needs_tls=True)
        assert world.get("/").status == 403
        assert world.get("/", basic("änne:a:b")).status == 403
        assert users.checked == 0
        assert world.connect("127.0.0.1", secure=True).get("/").status == 401
        assert world.connect("127.0.0.1", secure=True).get("/", basic("änne:a:b")).status == 200

    def test_nobody_can(self, archive_engine: MemoryEngine) -> None:
        world = World(archive_engine.archive(), policy=Policy({}, login_needed=True))
        assert world.get("/").status == 403
        assert world.get("/", basic("änne:a:b")).status == 403


def test_every_engine(engine: Engine) -> None:
    fill(engine.writer(), LIST, [mail("one")])
    world = World(engine.archive())
    assert LIST in world.get("/").text
    assert world.get(f"/{LIST}").fields["location"] == f"/{LIST}/"
    first = world.get(f"/{LIST}/")
    assert world.get(f"/{LIST}/") == first
    assert world.site.hits == 1
