"""What other programs are made with: nntplib, Net::NNTP, OpenSSL, zlib; and what all of them are compared with."""

from __future__ import annotations

import socket
import ssl
import zlib
from typing import TYPE_CHECKING, Any

import pytest

from storage.sqlite import SqliteArchive
from tests.interop.news import GROUP, OTHER, Bare
from tests.interop.programs import needs
from tests.mail import done

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path
    from types import ModuleType

    from tests.interop.news import News
    from tests.interop.programs import Home

pytestmark = pytest.mark.interop

NET_NNTP = """
use strict; use warnings; use Net::NNTP; binmode STDOUT;
my $news = Net::NNTP->new(Host => $ARGV[0], Port => $ARGV[1], Reader => 1) or die "connect: $@";
my ($count, $low, $high, $name) = $news->group($ARGV[2]);
print "$name $count $low $high\\n";
my $overview = $news->xover([$low, $high]);
for my $number (sort { $a <=> $b } @{$news->listgroup($ARGV[2])}) {
    print "$number $overview->{$number}[5]\\n", @{$news->article($number)};
}
$news->quit;
"""


def test_the_articles_are_what_the_archive_holds(archive: Path, news: News) -> None:
    """All else here is compared with these articles."""
    opened = SqliteArchive(archive)
    for number, article in news.articles.items():
        path, newsgroups, xref, served = article.split(b"\r\n", 3)
        assert path.startswith(b"Path: ")
        assert newsgroups == f"Newsgroups: {GROUP}".encode() + (b"," + OTHER.encode()) * (
            number == 7
        )
        assert f" {GROUP}:{number}".encode() in xref
        assert served == done(opened.served(GROUP, number)).octets
    opened.close()


@pytest.fixture
def nntplib() -> ModuleType:
    """The module that Python had until 3.12."""
    module: ModuleType = pytest.importorskip("nntplib", reason="this Python has no nntplib")
    return module


def _plain(nntplib: ModuleType, news: News, _: ssl.SSLContext) -> Any:
    return nntplib.NNTP("localhost", news.port)


def _starttls(nntplib: ModuleType, news: News, trusting: ssl.SSLContext) -> Any:
    client = nntplib.NNTP("localhost", news.port)
    client.starttls(trusting)
    return client


def _implicit_tls(nntplib: ModuleType, news: News, trusting: ssl.SSLContext) -> Any:
    return nntplib.NNTP_SSL("localhost", news.tls_port, ssl_context=trusting)


@pytest.mark.parametrize("connect", [_plain, _starttls, _implicit_tls])
def test_nntplib(
    nntplib: ModuleType,
    secure_news: News,
    certificate: tuple[Path, Path],
    connect: Callable[[ModuleType, News, ssl.SSLContext], Any],
) -> None:
    articles = secure_news.articles
    with connect(nntplib, secure_news, _trusting(certificate)) as client:
        _, count, low, high, name = client.group(GROUP)
        assert (count, low, high, name) == (len(articles), min(articles), max(articles), GROUP)
        overviews = dict(client.over((low, None))[1])
        assert {number: int(fields[":bytes"]) for number, fields in overviews.items()} == {
            number: len(article) for number, article in articles.items()
        }
        for number, article in articles.items():
            if max(map(len, article.splitlines())) > nntplib._MAXLINE - 2:
                continue  # it refuses such lines, whoever sends them
            lines = client.article(number)[1].lines
            assert b"".join(line + b"\r\n" for line in lines) == article


@needs("perl")
def test_net_nntp(news: News, home: Home) -> None:
    if home.run("perl", "-MNet::NNTP", "-e", "1"):
        pytest.skip("this Perl has no Net::NNTP")
    shown = home.run("perl", "-e", NET_NNTP, "127.0.0.1", str(news.port), GROUP)
    head = b"%b %d 1 %d\n" % (GROUP.encode(), len(news.articles), max(news.articles))
    assert shown == head + b"".join(
        b"%d %d\n%b" % (number, len(article), article.replace(b"\r\n", b"\n"))
        for number, article in news.articles.items()
    )


@needs("openssl")
@pytest.mark.parametrize("starts", [True, False], ids=["starttls", "implicit"])
def test_openssl(
    secure_news: News, certificate: tuple[Path, Path], home: Home, *, starts: bool
) -> None:
    port = secure_news.port if starts else secure_news.tls_port
    trusting = ("-CAfile", certificate[0], "-verify_return_error", "-verify_hostname", "localhost")
    s_client = ("openssl", "s_client", "-quiet", "-connect", f"127.0.0.1:{port}", *trusting)
    said = f"GROUP {GROUP}\r\nARTICLE 1\r\nQUIT\r\n"
    shown = home.run(*s_client, *(("-starttls", "nntp") if starts else ()), said=said)
    assert secure_news.articles[1] + b".\r\n205 " in shown


def test_a_client_may_compress(news: News) -> None:
    commands = f"GROUP {GROUP}\r\nARTICLE 7\r\nOVER 1-\r\nHDR Xref 1-\r\nQUIT\r\n".encode()
    with socket.create_connection(("127.0.0.1", news.port), timeout=30) as plain:
        plain.sendall(commands)
        wanted = _to_the_end(plain).partition(b"\r\n")[2]
    with (
        socket.create_connection(("127.0.0.1", news.port), timeout=30) as compressed,
        Bare(compressed) as client,
    ):
        assert client.say("COMPRESS DEFLATE").startswith(b"206 ")
        deflate = zlib.compressobj(wbits=-zlib.MAX_WBITS)
        compressed.sendall(deflate.compress(commands) + deflate.flush(zlib.Z_SYNC_FLUSH))
        got = _to_the_end(compressed)
    assert zlib.decompressobj(-zlib.MAX_WBITS).decompress(got) == wanted
    assert len(got) < len(wanted) / 3


def _to_the_end(connected: socket.socket) -> bytes:
    return b"".join(iter(lambda: connected.recv(1 << 16), b""))


def _trusting(certificate: tuple[Path, Path]) -> ssl.SSLContext:
    return ssl.create_default_context(cafile=str(certificate[0]))
