"""Mirrors of what is on the web: asked for where it changed, gone on with where it broke off."""

from __future__ import annotations

import gzip
import os
import ssl
import threading
import time
from typing import TYPE_CHECKING

import pytest

from gateway.mirror.lock import held
from gateway.mirror.web import WebMirror, export_order
from gateway.mirror.webfetch import NotThere, Web, is_public
from storage.errors import SourceError
from storage.model import Fidelity
from storage.sources.base import Incoming
from tests.mail import NOW, SqliteEngine, mail, take
from tests.mirror.servers import Server
from tests.mirror.websites import MODIFIED, website
from tests.sources.mboxes import mbox, message
from tests.sources.pipermails import article, undone

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.mirror.servers import Channel
    from tests.mirror.websites import Website


@pytest.fixture
def site() -> Iterator[Website]:
    with website() as made:
        yield made


def mirror(site: Website, path: str, directory: Path) -> WebMirror:
    return WebMirror(site.url + path, directory)


def raws(source: WebMirror, after: bytes = b"") -> list[bytes]:
    return [each.raw for each in source.messages(after) if isinstance(each, Incoming)]


def last_cursor(source: WebMirror) -> bytes:
    return [each.cursor for each in source.messages(b"")][-1]


@pytest.mark.parametrize("name", ["l.mbox", "l.mbox.gz", "l@example.org.mbox", "2004-May.txt.gz"])
def test_a_file(site: Website, tmp_path: Path, name: str) -> None:
    octets = mbox(message(1), message(2))
    site.files[f"/a/{name}"] = gzip.compress(octets) if name.endswith(".gz") else octets
    source = mirror(site, f"/a/{name}", tmp_path)
    assert (source.name, source.size) == (f"{site.url}/a/{name}", None)
    assert raws(source) == [message(1), message(2)]
    assert site.paths() == [f"/a/{name} 200"]
    assert source.size == len(site.files[f"/a/{name}"])
    assert source.changed(b"")
    assert raws(source, last_cursor(source)) == []
    assert site.paths() == [f"/a/{name} 304"] * 2
    # As its server has it, and whole: nobody waits for the rest of it.
    (copy,) = (tmp_path / "mirrors").glob(f"*/{name}")
    assert copy.stat().st_mtime == MODIFIED


@pytest.mark.parametrize("etags", [True, False])
def test_a_file_that_grew_is_brought_again(site: Website, tmp_path: Path, etags: bool) -> None:
    site.etags = etags
    site.files["/l.mbox"] = mbox(message(1))
    source = mirror(site, "/l.mbox", tmp_path)
    cursor = last_cursor(source)
    site.files["/l.mbox"] += mbox(message(2))
    site.modified["/l.mbox"] = MODIFIED + 1
    assert raws(source, cursor) == [message(2)]
    assert site.paths() == ["/l.mbox 200"] * 2


@pytest.mark.parametrize("chunked", [True, False])
def test_a_download_that_breaks_off_is_gone_on_with(
    site: Website, tmp_path: Path, chunked: bool
) -> None:
    site.chunked = chunked
    octets = mbox(*(message(number, os.urandom(200_000).hex().encode()) for number in range(10)))
    site.files["/l.mbox"] = octets
    site.broken["/l.mbox"] = [1_000_000, 2_000_000]
    source = mirror(site, "/l.mbox", tmp_path)
    assert len(raws(source)) == 10
    asked = [(each.status, each.headers.get("range")) for each in site.asked]
    assert asked == [(200, None), (206, "bytes=1000000-"), (206, "bytes=3000000-")]
    (copy,) = (tmp_path / "mirrors").glob("*/l.mbox")
    assert copy.read_bytes() == octets
    assert sorted(path.name for path in copy.parent.iterdir()) == ["l.mbox", "l.mbox.version"]


def test_what_came_before_it_broke_off_for_good_is_kept_for_the_next_run(
    site: Website, tmp_path: Path
) -> None:
    octets = mbox(message(1), message(2))
    site.files["/l.mbox"] = octets
    site.broken["/l.mbox"] = [10, 10, 10]
    source = mirror(site, "/l.mbox", tmp_path)
    with pytest.raises(SourceError, match=r"l\.mbox: it broke off at octet 30: what came is kept"):
        raws(source)
    site.asked.clear()
    assert raws(source) == [message(1), message(2)]
    assert site.asked[0].headers["range"] == "bytes=30-"
    site.files["/l.mbox"] = mbox(message(3))
    site.broken["/l.mbox"] = [20, 0]
    with pytest.raises(SourceError, match="it broke off at octet 20"):
        raws(source)  # nothing more came: that is not tried again at once


def test_another_version_is_brought_as_a_whole(site: Website, tmp_path: Path) -> None:
    site.files["/l.mbox"] = mbox(message(1), message(2), message(3))
    site.broken["/l.mbox"] = [100, 0]
    source = mirror(site, "/l.mbox", tmp_path)
    with pytest.raises(SourceError):
        raws(source)
    site.files["/l.mbox"] = mbox(message(4), message(5))
    site.modified["/l.mbox"] = MODIFIED + 1
    site.broken.clear()
    site.asked.clear()
    assert raws(source) == [message(4), message(5)]
    assert [each.status for each in site.asked] == [200]


def test_a_part_that_is_longer_than_the_file_is_of_no_use(site: Website, tmp_path: Path) -> None:
    site.files["/l.mbox"] = mbox(message(1))
    site.broken["/l.mbox"] = [10, 0]
    source = mirror(site, "/l.mbox", tmp_path)
    with pytest.raises(SourceError):
        raws(source)
    (part,) = (tmp_path / "mirrors").glob("*/l.mbox.part")
    part.write_bytes(b"x" * 10_000)
    site.asked.clear()
    site.broken.clear()
    assert raws(source) == [message(1)]
    assert [each.status for each in site.asked] == [416, 200]


def test_one_connection_serves_for_all(site: Website, tmp_path: Path) -> None:
    site.files["/l/"] = b"".join(
        b'<A href="2004-%b.txt">[ Text ]</a>' % month for month in (b"May", b"April")
    )
    site.files["/l/2004-April.txt"], site.files["/l/2004-May.txt"] = article(1), article(2)
    assert raws(mirror(site, "/l/", tmp_path)) == [undone(1), undone(2)]
    assert len({each.port for each in site.asked}) == 1
    site.asked.clear()
    site.ends_connections = True  # without a word, as many do
    assert raws(mirror(site, "/l/", tmp_path)) == [undone(1), undone(2)]
    assert len({each.port for each in site.asked}) == 3


INDEX = """<HTML><h1>The oss Archives</h1><table>
<tr><td>June 2004:</td><td><A href="2004-June.txt">[ Text {june} ]</a></td></tr>
<tr><td>May 2004:</td><td><A href="2004-May.txt">[ Text 2 KB ]</a></td></tr>
<tr><td>April 2004:</td><td><A href="2004-April.txt{gz}">[ Gzip'd Text 21 KB ]</a></td></tr>
<tr><td>March 2004:</td><td><A href="2004-March.txt.gz">[ Gzip'd Text {march} ]</a></td></tr>
<a href="https://elsewhere.example/2004-July.txt">x</a><a href="http://[/2004-July.txt">z</a>
<a href="ftp://localhost/2004-July.txt">z</a><a href="../../etc/odd.txt">y</a>
</table></HTML>"""


def index(june: str = "1 KB", march: str = "3 KB", gz: str = "") -> bytes:
    return INDEX.format(june=june, march=march, gz=gz).encode()


def pipermail(site: Website) -> None:
    site.files |= {
        "/pipermail/oss/": index(),
        "/pipermail/oss/2004-March.txt.gz": gzip.compress(article(1)),
        "/pipermail/oss/2004-April.txt": article(2),
        "/pipermail/oss/2004-May.txt": article(3),
        "/pipermail/oss/2004-June.txt": article(4),
    }


def test_pipermail(site: Website, tmp_path: Path) -> None:
    pipermail(site)
    source = mirror(site, "/pipermail/oss/", tmp_path)
    assert source.suggested_name() == "oss"
    found = [each for each in source.messages(b"") if isinstance(each, Incoming)]
    assert [each.raw for each in found] == [undone(number) for number in (1, 2, 3, 4)]
    assert {each.fidelity for each in found} == {Fidelity.TEXT}
    assert site.paths() == [
        "/pipermail/oss/ 200",
        "/pipermail/oss/2004-March.txt.gz 200",
        "/pipermail/oss/2004-April.txt 200",
        "/pipermail/oss/2004-May.txt 200",
        "/pipermail/oss/2004-June.txt 200",
    ]
    assert source.size == 4 * len(article(1))
    # The last two months are asked for again, and of the others those of which the page tells something new.
    site.files["/pipermail/oss/2004-June.txt"] += article(5)
    assert raws(source, found[-1].cursor) == [undone(5)]
    assert site.paths() == [
        "/pipermail/oss/ 304", "/pipermail/oss/2004-May.txt 304", "/pipermail/oss/2004-June.txt 200",
    ]  # fmt: skip
    site.files["/pipermail/oss/"] = index(march="4 KB")
    site.modified["/pipermail/oss/"] = MODIFIED + 1
    site.files["/pipermail/oss/2004-March.txt.gz"] = gzip.compress(article(1) + article(6))
    site.modified["/pipermail/oss/2004-March.txt.gz"] = MODIFIED + 1
    assert raws(source) == [undone(number) for number in (1, 6, 2, 3, 4, 5)]
    assert "/pipermail/oss/2004-March.txt.gz 200" in site.paths()


def test_a_month_that_was_compressed_is_the_same_month(site: Website, tmp_path: Path) -> None:
    pipermail(site)
    source = mirror(site, "/pipermail/oss/", tmp_path)
    cursor = last_cursor(source)
    site.files["/pipermail/oss/"] = index(gz=".gz")
    site.modified["/pipermail/oss/"] = MODIFIED + 1
    site.files["/pipermail/oss/2004-April.txt.gz"] = gzip.compress(article(2))
    del site.files["/pipermail/oss/2004-April.txt"]
    assert raws(source, cursor) == []
    assert raws(source) == [undone(number) for number in (1, 2, 3, 4)]


def test_a_month_that_is_not_there_is_named(
    site: Website, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    pipermail(site)
    del site.files["/pipermail/oss/2004-April.txt"]
    assert raws(mirror(site, "/pipermail/oss/", tmp_path)) == [undone(n) for n in (1, 3, 4)]
    assert "2004-April.txt: the server says 404" in caplog.text


def test_what_was_brought_before_a_failure_is_given(site: Website, tmp_path: Path) -> None:
    pipermail(site)
    site.answers["/pipermail/oss/2004-May.txt"] = 500, {}
    found: list[bytes] = []
    items = mirror(site, "/pipermail/oss/", tmp_path).messages(b"")
    mails = (each.raw for each in items if isinstance(each, Incoming))
    with pytest.raises(SourceError, match=r"2004-May\.txt: the server says 500: try again later"):
        found.extend(mails)
    assert found == [undone(1), undone(2)]


OVERVIEW = b"""<html><a href="/archives/list/l@example.org/2024/2/">February</a>
<a href="/archives/list/l@example.org/2023/12/">December</a>
<a href="/archives/list/other@example.org/2023/11/">another list</a>
<a href="/archives/list/l@example.org/2024/13/">no month</a>
<a href="/archives/list/l@example.org/thread/ABC/">thread</a><a href="http://[/list/l@example.org/2024/1/">z</a>"""


def test_hyperkitty(site: Website, tmp_path: Path) -> None:
    exports = "/archives/list/l@example.org/export/l@example.org-"
    site.files |= {
        "/archives/list/l@example.org/": OVERVIEW,
        f"{exports}2023-12.mbox.gz": gzip.compress(mbox(message(1))),
        f"{exports}2024-02.mbox.gz": gzip.compress(mbox(message(2))),
    }
    source = mirror(site, "/archives/list/l@example.org/", tmp_path)
    assert source.suggested_name() == "l.example.org"
    assert raws(source) == [message(1), message(2)]
    assert site.paths() == [
        "/archives/list/l@example.org/ 200",
        f"{exports}2023-12.mbox.gz?start=2023-12-01&end=2024-01-01 200",
        f"{exports}2024-02.mbox.gz?start=2024-02-01&end=2024-03-01 200",
    ]
    cursor = last_cursor(source)
    site.files[f"{exports}2024-02.mbox.gz"] = gzip.compress(mbox(message(2), message(3)))
    assert raws(source, cursor) == [message(3)]


def test_names_of_exports() -> None:
    assert export_order("l@example.org-2024-02.mbox.gz") == (2024, 2)
    assert export_order("l-2024-02.mbox.gz") is None


def test_other_pages_are_refused(site: Website, tmp_path: Path) -> None:
    site.files["/"] = b"<html><a href=x>y</a><a href='odd.txt'>z</a>"
    with pytest.raises(SourceError, match="neither an mbox, nor pipermail's page"):
        raws(mirror(site, "/", tmp_path))
    with pytest.raises(SourceError, match="the server says 404"):
        raws(mirror(site, "/nothing.mbox", tmp_path))
    with pytest.raises(SourceError, match="no URL of the web"):
        WebMirror("https://", tmp_path)


def test_redirections_are_followed(site: Website, tmp_path: Path) -> None:
    pipermail(site)
    site.answers["/oss"] = 301, {"Location": "/pipermail/oss/"}
    assert len(raws(mirror(site, "/oss", tmp_path))) == 4
    site.answers["/pipermail/oss/"] = 302, {"Location": "/oss"}
    with pytest.raises(SourceError, match="sent on too often"):
        raws(mirror(site, "/oss", tmp_path))
    site.answers["/l.mbox"] = 302, {"Location": "file:///etc/passwd"}
    with pytest.raises(SourceError, match="no URL of the web"):
        raws(mirror(site, "/l.mbox", tmp_path))


def test_nobody_sends_us_on_into_a_network_of_our_own(
    site: Website, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with website() as inside:
        inside.files["/l.mbox"] = mbox(message(1))
        site.answers["/l.mbox"] = 302, {"Location": f"{inside.url}/l.mbox"}
        connections = [True]  # to the first server, then to the other

        def only_the_first(_: str) -> bool:
            return bool(connections and connections.pop())

        monkeypatch.setattr("gateway.mirror.webfetch.is_public", only_the_first)
        with pytest.raises(SourceError, match="into a network of our own"):
            raws(mirror(site, "/l.mbox", tmp_path))
        assert inside.paths() == []
        assert raws(mirror(inside, "/l.mbox", tmp_path)) == [message(1)]
        assert raws(mirror(site, "/l.mbox", tmp_path)) == [message(1)]


@pytest.mark.parametrize(
    ("address", "public"),
    [
        ("93.184.215.14", True), ("2606:2800:21f::1", True), ("::ffff:93.184.215.14", True),
        ("127.0.0.1", False), ("169.254.169.254", False), ("10.1.2.3", False), ("::1", False),
        ("::ffff:127.0.0.1", False), ("fe80::1%eth0", False), ("fd00::1", False),
    ],
)  # fmt: skip
def test_addresses_of_the_internet(address: str, public: bool) -> None:
    assert is_public(address) is public


def test_a_login_goes_to_its_server_only(site: Website, tmp_path: Path) -> None:
    pipermail(site)
    with website() as other:
        other.files["/l.mbox"] = mbox(message(1))
        url = site.url.replace("://", "://me:secret@")
        source = WebMirror(f"{url}/pipermail/oss/", tmp_path)
        assert "secret" not in source.name
        assert len(raws(source)) == 4
        assert all(each.headers["authorization"].startswith("Basic ") for each in site.asked)
        site.answers["/l.mbox"] = 302, {"Location": f"{other.url}/l.mbox"}
        assert raws(WebMirror(f"{url}/l.mbox", tmp_path)) == [message(1)]
        assert "authorization" not in other.asked[0].headers
    kept = b"".join(path.read_bytes() for path in (tmp_path / "mirrors").rglob("*.version"))
    assert b"secret" not in kept
    site.answers["/l.mbox"] = 403, {}
    with pytest.raises(SourceError) as caught:
        raws(WebMirror(f"{url}/l.mbox", tmp_path))
    assert "secret" not in str(caught.value)


def test_a_server_that_wants_to_be_left_alone_is(
    site: Website, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    site.files["/l.mbox"] = mbox(message(1))
    source = mirror(site, "/l.mbox", tmp_path)
    assert raws(source) == [message(1)]
    site.answers["/l.mbox"] = 429, {"Retry-After": "600"}
    with pytest.raises(SourceError, match="the server says 429: try again later"):
        raws(source)
    site.asked.clear()
    with pytest.raises(SourceError, match="asked to be left alone until 20"):
        raws(source)
    assert site.asked == []
    later = time.time() + 601
    monkeypatch.setattr("gateway.mirror.web.time.time", lambda: later)
    del site.answers["/l.mbox"]
    assert raws(source) == [message(1)]


def test_limits(site: Website, tmp_path: Path) -> None:
    site.files["/l.mbox"] = mbox(message(1, b"x" * 5000))
    for site.chunked in (True, False):
        with pytest.raises(SourceError, match="more than the 1000 octets that are taken"):
            raws(WebMirror(f"{site.url}/l.mbox", tmp_path, make_web=lambda: Web(limit=1000)))
    ticks = iter(range(0, 10**6, 100))
    with pytest.raises(SourceError, match="it comes too slowly"):
        raws(
            WebMirror(
                f"{site.url}/l.mbox", tmp_path, make_web=lambda: Web(clock=lambda: next(ticks))
            )
        )


def test_a_server_that_says_nothing(site: Website, tmp_path: Path) -> None:
    import socket  # noqa: PLC0415 - here alone

    with socket.create_server(("127.0.0.1", 0)) as silent:
        url = f"http://127.0.0.1:{silent.getsockname()[1]}/l.mbox"
        with pytest.raises(SourceError, match="cannot be reached"):
            raws(WebMirror(url, tmp_path, make_web=lambda: Web(timeout=0.05)))
        done = threading.Thread(target=_answer_nonsense, args=(silent,))
        done.start()
        with pytest.raises(SourceError, match="no answer"):
            raws(WebMirror(url, tmp_path))
        done.join()
    with pytest.raises(SourceError, match=r"cannot be reached .* check the URL"):
        raws(WebMirror(url, tmp_path))


class Endless(Server):
    """Answers each request alike, and then sends a piece again and again."""

    def __init__(self, answer: bytes, piece: bytes) -> None:
        super().__init__()
        self._answer = answer
        self._piece = piece

    def speak(self, channel: Channel) -> None:
        while channel.line():
            pass
        channel.send(self._answer)
        while not self.over.wait(0.002):
            channel.send(self._piece)


@pytest.mark.parametrize(
    ("answer", "piece"),
    [
        (b"", b"HTTP/1.1 100 Continue\r\n\r\n"),
        (b"HTTP/1.1 200 OK\r\nX: ", b"x"),
        (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n", b"X: 1\r\n"),
        (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n", b"0"),
        (b"HTTP/1.1 304 Not Modified\r\nX: ", b"x"),
    ],
)
def test_an_answer_that_never_ends_is_given_up(
    answer: bytes, piece: bytes, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("gateway.mirror.webfetch.STEP", 0.1)
    with Endless(answer, piece) as server, pytest.raises(SourceError) as raised:
        raws(WebMirror(f"http://127.0.0.1:{server.port}/l.mbox", tmp_path))
    assert "no whole answer" in str(raised.value) or "it broke off" in str(raised.value)


@pytest.mark.parametrize("path", ["/l.mbox", "/pipermail/l/"])
def test_nothing_is_not_unchanged(site: Website, tmp_path: Path, path: str) -> None:
    site.answers[path] = 304, {}
    with pytest.raises(SourceError, match="says 304 where nothing is"):
        raws(mirror(site, path, tmp_path))


def test_what_cannot_be_gone_on_with_is_not_said_to_be(site: Website, tmp_path: Path) -> None:
    site.files["/l.mbox"] = mbox(message(1))
    site.broken["/l.mbox"] = [10, 10, 10]
    site.etags = False
    site.undated = True
    with pytest.raises(SourceError, match=r"it broke off at octet 10: try again later"):
        raws(mirror(site, "/l.mbox", tmp_path))


def test_a_rest_that_is_not_all_is_not_taken_for_it(site: Website, tmp_path: Path) -> None:
    octets = mbox(message(1), message(2), message(3))
    site.files["/l.mbox"] = octets
    site.broken["/l.mbox"] = [100]
    site.most = 50
    assert raws(mirror(site, "/l.mbox", tmp_path)) == [message(1), message(2), message(3)]
    assert site.paths() == ["/l.mbox 200", "/l.mbox 206", "/l.mbox 200"]


def test_notes_that_cannot_be_written_are_named(site: Website, tmp_path: Path) -> None:
    pipermail(site)
    source = mirror(site, "/pipermail/oss/", tmp_path)
    (source.copy / "volumes.json.new").mkdir(parents=True)
    with pytest.raises(SourceError, match=r"volumes\.json: cannot be written \(Is a directory\)"):
        raws(source)


def _answer_nonsense(silent: object) -> None:
    import socket  # noqa: PLC0415 - here alone

    assert isinstance(silent, socket.socket)
    for _ in range(2):  # also to the one that gave up
        connection, _ = silent.accept()
        connection.recv(1000)
        connection.sendall(b"220 news.example ready\r\n")
        connection.close()


def test_tls(tmp_path: Path, server_tls: ssl.SSLContext, trusted: None) -> None:
    with website(server_tls) as site:
        site.files["/l.mbox"] = mbox(message(1))
        assert raws(mirror(site, "/l.mbox", tmp_path)) == [message(1)]
        site.answers["/m.mbox"] = 302, {"Location": site.url.replace("https", "http") + "/l.mbox"}
        with pytest.raises(SourceError, match="without TLS"):
            raws(mirror(site, "/m.mbox", tmp_path))


def test_a_certificate_that_does_not_hold(tmp_path: Path, server_tls: ssl.SSLContext) -> None:
    with website(server_tls) as site, pytest.raises(SourceError, match="certificate does not hold"):
        raws(mirror(site, "/l.mbox", tmp_path))
    with website() as site, pytest.raises(SourceError, match="no TLS"):
        raws(WebMirror(site.url.replace("http", "https") + "/l.mbox", tmp_path))


def test_only_one_process_brings_it(site: Website, tmp_path: Path) -> None:
    source = mirror(site, "/l.mbox", tmp_path)
    with held(tmp_path, f"web {source.name}"), pytest.raises(SourceError, match="another process"):
        raws(source)
    assert site.asked == []


def test_notes_that_are_damaged_have_it_brought_again(site: Website, tmp_path: Path) -> None:
    pipermail(site)
    source = mirror(site, "/pipermail/oss/", tmp_path)
    assert len(raws(source)) == 4
    for path in (tmp_path / "mirrors").rglob("*"):
        if path.name.endswith((".version", ".json")):
            path.write_text("[1, 2" if path.name < "2004-May" else "[]")
    site.asked.clear()
    assert len(raws(source)) == 4
    assert {each.status for each in site.asked} == {200}


def test_what_cannot_be_written_is_named(
    site: Website, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    site.files["/l.mbox"] = mbox(message(1))
    (tmp_path / "mirrors").write_bytes(b"")
    with pytest.raises(SourceError, match=r"mirrors.* cannot be made"):
        raws(mirror(site, "/l.mbox", tmp_path))
    (tmp_path / "mirrors").unlink()

    def full(_: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("gateway.mirror.webfetch.os.fsync", full)
    with pytest.raises(SourceError, match=r"l\.mbox\.part: cannot be written \(No space"):
        raws(mirror(site, "/l.mbox", tmp_path))


def test_not_there_is_told_from_other_failures(site: Website, tmp_path: Path) -> None:
    with Web() as web, pytest.raises(NotThere):
        web.fetch(f"{site.url}/x", tmp_path / "x")


def test_ingest_from_a_mirror(site: Website, tmp_path: Path) -> None:
    """First pipermail's text, then the list's mbox: one message each, with its whole header."""
    pipermail(site)
    engine = SqliteEngine(tmp_path / "archive")
    writer = engine.writer()
    source = WebMirror(f"{site.url}/pipermail/oss/", tmp_path)
    assert take(writer, "oss", source).added == 4
    assert take(writer, "oss", source).read == 0
    whole = mail(
        "1", "To: l@x.example", date="Tue, 02 Jan 2024 10:00:00 +0000", subject="[l] Topic"
    )
    site.files["/l.mbox"] = mbox(whole)
    summary = take(writer, "oss", WebMirror(f"{site.url}/l.mbox", tmp_path), now=NOW + 10**7)
    assert (summary.improved, summary.added) == (1, 0)
    engine.close()
