"""Requests as they come in: what is one, what is none, and where each ends."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gateway.web.requests import (
    MOST_FIELDS,
    MOST_HEAD_OCTETS,
    MOST_LINE_OCTETS,
    Malformed,
    Request,
    RequestBuffer,
    authority,
)


def head(*lines: bytes) -> bytes:
    return b"".join(line + b"\r\n" for line in (*lines, b""))


def one(octets: bytes) -> Request:
    buffer = RequestBuffer()
    buffer.feed(octets)
    request = buffer.next()
    assert request is not None
    assert not len(buffer)
    return request


def refusal(octets: bytes) -> int:
    """Return the status of what is refused."""
    buffer = RequestBuffer()
    buffer.feed(octets)
    with pytest.raises(Malformed) as caught:
        buffer.next()
    return caught.value.status


def test_a_request() -> None:
    request = one(
        head(
            b"GET /a%2Fb?q=%20 HTTP/1.1",
            b"HOST: News.Example:8080",
            b"X-A:  one ",
            b"x-a:two",
            b"X-Empty:",
        )
    )
    assert request == Request(
        line=b"GET /a%2Fb?q=%20 HTTP/1.1",
        method=b"GET",
        target=b"/a%2Fb?q=%20",
        minor=1,
        authority="news.example:8080",
        fields={b"host": b"News.Example:8080", b"x-a": b"one, two", b"x-empty": b""},
        keeps=True,
        has_content=False,
    )


@pytest.mark.parametrize(
    ("target", "host", "asked", "named"),
    [
        (b"http://one.example/x?y", b"other.example", b"/x?y", "one.example"),
        (b"HTTPS://one.example:1", b"one.example", b"/", "one.example:1"),
        (b"http://one.example?y", b"one.example", b"/?y", "one.example"),
        (b"/http://one.example/", b"x.example", b"/http://one.example/", "x.example"),
        (b"//two/x", b"[2001:DB8::1]:80", b"//two/x", "[2001:db8::1]:80"),
    ],
)
def test_forms_of_the_target(target: bytes, host: bytes, asked: bytes, named: str) -> None:
    request = one(head(b"GET %b HTTP/1.1" % target, b"Host: " + host))
    assert (request.target, request.authority) == (asked, named)


@pytest.mark.parametrize(
    ("line", "fields", "keeps"),
    [
        (b"GET / HTTP/1.1", [b"Host: x"], True),
        (b"GET / HTTP/1.1", [b"Host: x", b"Connection: Close"], False),
        (b"GET / HTTP/1.1", [b"Host: x", b"Connection: te, close"], False),
        (b"GET / HTTP/1.9", [b"Host: x"], True),
        (b"GET / HTTP/1.0", [], False),
        (b"GET / HTTP/1.0", [b"Connection: Keep-Alive"], True),
    ],
)
def test_whether_the_connection_is_kept(line: bytes, fields: list[bytes], keeps: bool) -> None:
    assert one(head(line, *fields)).keeps is keeps


@pytest.mark.parametrize(
    ("fields", "has_content"),
    [
        ([], False),
        ([b"Content-Length: 0"], False),
        ([b"Content-Length: 000"], False),
        ([b"Content-Length: 1"], True),
        ([b"Content-Length: 999999999999999999"], True),
        ([b"Transfer-Encoding: Chunked"], True),
    ],
)
def test_whether_content_follows(fields: list[bytes], has_content: bool) -> None:
    request = one(head(b"POST / HTTP/1.1", b"Host: x", *fields))
    assert request.has_content is has_content


@pytest.mark.parametrize("line", [b"OPTIONS * HTTP/1.1", b"CONNECT x.example:443 HTTP/1.1"])
def test_targets_that_only_some_methods_have(line: bytes) -> None:
    assert one(head(line, b"Host: x")).target == b"*"
    assert refusal(head(b"GET" + line[line.index(b" ") :], b"Host: x")) == 400


def test_empty_lines_before_a_request() -> None:
    assert one(b"\r\n\r\n" + head(b"GET / HTTP/1.0")).target == b"/"


@pytest.mark.parametrize(
    "octets",
    [
        head(b"GET /"),
        head(b"GET  / HTTP/1.1", b"Host: x"),
        head(b"GET / HTTP/1.1 ", b"Host: x"),
        head(b" GET / HTTP/1.1", b"Host: x"),
        head(b"GET\t/\tHTTP/1.1", b"Host: x"),
        head(b"GET /\xc3\xa4 HTTP/1.1", b"Host: x"),
        head(b"GET /#a HTTP/1.1", b"Host: x"),
        head(b"GET a HTTP/1.1", b"Host: x"),
        head(b"GET ftp://x/ HTTP/1.1", b"Host: x"),
        head(b"GET http://u@x/ HTTP/1.1", b"Host: x"),
        head(b"GET http:/// HTTP/1.1", b"Host: x"),
        head(b"G(T / HTTP/1.1", b"Host: x"),
        head(b"GET / http/1.1", b"Host: x"),
        head(b"GET / HTTP/1.1"),
        head(b"GET / HTTP/1.1", b"Host:"),
        head(b"GET / HTTP/1.1", b"Host: x", b"Host: x"),
        head(b"GET / HTTP/1.1", b"Host: x, y"),
        head(b"GET / HTTP/1.1", b"Host: x/y"),
        head(b"GET / HTTP/1.1", b"Host: " + 301 * b"x"),
        head(b"GET / HTTP/1.1", b"Host: x:99999"),
        head(b"GET / HTTP/1.1", b'Host: x">'),
        head(b"GET / HTTP/1.0", b"Host: \xff"),
        head(b"GET / HTTP/1.1", b"Host: x", b"no field"),
        head(b"GET / HTTP/1.1", b"Host: x", b"A : b"),
        head(b"GET / HTTP/1.1", b"Host: x", b": b"),
        head(b"GET / HTTP/1.1", b"Host: x", b"A: b", b" folded"),
        head(b"GET / HTTP/1.1", b" Host: x"),
        head(b"GET / HTTP/1.1", b"Host: x", b"A: \0"),
        head(b"GET / HTTP/1.1", b"Host: x", b"A: b\rC: d"),
        head(b"GET / HTTP/1.1", b"Host: x\nA: b"),
        b"GET / HTTP/1.1\nHost: x\n\n",
        b"GET / HTTP/1.1\rHost: x",
        b"GET / HTTP/1.1\r\nHost: x\n",
        b"\n",
        head(b"POST / HTTP/1.1", b"Host: x", b"Content-Length: 1", b"Content-Length: 1"),
        head(b"POST / HTTP/1.1", b"Host: x", b"Content-Length: 1, 1"),
        head(b"POST / HTTP/1.1", b"Host: x", b"Content-Length: +1"),
        head(b"POST / HTTP/1.1", b"Host: x", b"Content-Length: 0x1"),
        head(b"POST / HTTP/1.1", b"Host: x", b"Content-Length:"),
        head(b"POST / HTTP/1.1", b"Host: x", b"Content-Length: 1234567890123456789"),
        head(b"POST / HTTP/1.1", b"Host: x", b"Content-Length: 1", b"Transfer-Encoding: chunked"),
        head(b"POST / HTTP/1.0", b"Transfer-Encoding: chunked"),
        head(b"GET / HTTP/1.1", b"Host: x", b"Authorization: a", b"Authorization: b"),
    ],
)
def test_what_is_no_request(octets: bytes) -> None:
    assert refusal(octets) == 400


@pytest.mark.parametrize(
    ("octets", "status"),
    [
        (b"GET /" + MOST_LINE_OCTETS * b"a", 414),
        (b"GET /" + MOST_LINE_OCTETS * b"a" + b" HTTP/1.1\r\n\r\n", 414),
        (b"GET / HTTP/1.1\r\nA: " + MOST_HEAD_OCTETS * b"a", 431),
        (head(b"GET / HTTP/1.1", b"Host: x", *(MOST_FIELDS * [b"A: b"])), 431),
        (head(b"PRI * HTTP/2.0"), 505),
        (head(b"GET / HTTP/3.1"), 505),
        (head(b"POST / HTTP/1.1", b"Host: x", b"Transfer-Encoding: gzip, chunked"), 501),
        (head(b"POST / HTTP/1.1", b"Host: x", b"Transfer-Encoding: identity"), 501),
    ],
)
def test_what_is_too_much_or_not_known(octets: bytes, status: int) -> None:
    assert refusal(octets) == status


def test_as_much_as_is_allowed() -> None:
    line = b"GET /" + (MOST_LINE_OCTETS - 14) * b"a" + b" HTTP/1.1"
    assert len(line) == MOST_LINE_OCTETS
    assert one(head(line, b"Host: x")).line == line
    assert len(one(head(b"GET / HTTP/1.1", b"Host: x", *((MOST_FIELDS - 1) * [b"A: b"]))).fields)


@pytest.mark.parametrize(
    ("octets", "named"),
    [
        (b"A.example", "a.example"),
        (b"a_b.example.:1", "a_b.example.:1"),
        (b"[::1]", "[::1]"),
        (b"[::1%1]", None),
        (b"[1.2]", None),
        (b"-a", None),
        (b"a:", None),
        (b"a:65536", None),
        (b"a b", None),
        (b"a\r\nb", None),
        (b"", None),
        (b"a" * 256, None),
    ],
)
def test_authorities(octets: bytes, named: str | None) -> None:
    assert authority(octets) == named


FRAGMENTS = st.sampled_from(
    [
        b"GET / HTTP/1.1\r\n",
        b"Host: x\r\n",
        b"\r\n",
        b"\r",
        b"\n",
        b"POST /x HTTP/1.1\r\n",
        b"Content-Length: 3\r\n",
        b"Transfer-Encoding: chunked\r\n",
        b"abc",
        b" ",
        b":",
        b"GET / HTTP/2.0\r\n",
        b"a" * 5000,
        b"A: " + b"b" * 8000 + b"\r\n",
    ]
)


def outcome(pieces: list[bytes]) -> tuple[list[Request], int, bytes]:
    """Return the requests found, with which status it ended if it did, and what is left."""
    buffer = RequestBuffer()
    found = []
    for piece in pieces:
        buffer.feed(piece)
        try:
            while (request := buffer.next()) is not None:
                found.append(request)
        except Malformed as fault:
            return found, fault.status, b""
    return found, 0, bytes(buffer._octets)


@settings(deadline=None)
@given(st.lists(FRAGMENTS | st.binary(max_size=8), max_size=20).map(b"".join), st.data())
def test_where_packets_end_does_not_matter(octets: bytes, data: st.DataObject) -> None:
    whole = outcome([octets])
    cuts = sorted(data.draw(st.lists(st.integers(0, len(octets)), max_size=20)))
    bounds = zip([0, *cuts], [*cuts, len(octets)], strict=True)
    assert outcome([octets[start:end] for start, end in bounds]) == whole
    if len(octets) < 500:
        assert outcome([octets[at : at + 1] for at in range(len(octets))]) == whole
