from __future__ import annotations

import time
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.mirror.nntp_client import (
    MAX_BLOCK,
    MAX_STATUS_LINE,
    BadResponse,
    NntpClient,
    Request,
    Response,
    block_of,
)
from storage.sources.base import MAX_MESSAGE

if TYPE_CHECKING:
    from collections.abc import Iterable

SMALL = 40
"""Octets of the largest block in some tests."""


def talking(*requests: bytes | Request, max_block: int = MAX_BLOCK) -> NntpClient:
    """Return a client that was greeted and has sent some requests."""
    client = NntpClient(max_block)
    assert heard(client, b"200 hello\r\n") == [Response(200, b"hello")]
    for request in requests:
        client.add(request if isinstance(request, Request) else Request(request))
    client.take()
    return client


def heard(client: NntpClient, data: bytes) -> list[Response]:
    client.feed(data)
    return [*client.responses()]


def test_the_greeting_comes_first() -> None:
    client = NntpClient()
    client.request(b"DATE")
    assert not client.ready
    assert client.take() == b""
    assert client.outstanding == 2
    assert heard(client, b"201 ready, no posting\r\n") == [Response(201, b"ready, no posting")]
    assert client.take() == b"DATE\r\n"
    assert heard(client, b"111 20040101120000\r\n") == [Response(111, b"20040101120000")]
    assert (client.outstanding, client.ready, client.buffered) == (0, True, 0)


def test_requests_are_answered_in_order() -> None:
    client = talking()
    for number in range(3):
        client.request(b"STAT %d" % number)
    assert client.take() == b"STAT 0\r\nSTAT 1\r\nSTAT 2\r\n"
    assert client.take() == b""
    assert [response.text for response in heard(client, b"223 0 <a>\r\n423\r\n223 2")] == [
        b"0 <a>",
        b"",
    ]
    assert client.outstanding == 1
    assert client.buffered == len(b"223 2")
    assert heard(client, b" <c>\r\n") == [Response(223, b"2 <c>")]


@pytest.mark.parametrize("line", [b"GROUP a\r\nQUIT", b"a\rb", b"a\nb", b"a\0b"])
def test_a_command_is_one_line(line: bytes) -> None:
    with pytest.raises(ValueError, match="not one line"):
        NntpClient().request(line)


@pytest.mark.parametrize(
    ("command", "status", "has_block"),
    [
        (b"GROUP a", b"211 1 1 1 a", False),
        (b"listgroup a 1-2", b"211 1 1 1 a", True),
        (b"LISTGROUP a", b"411 no such group", False),
        (b"ARTICLE 1", b"220 1 <a>", True),
        (b"STAT 1", b"223 1 <a>", False),
        (b"XOVER 1-2", b"224 overview", True),
        (b"HDR Subject 1", b"225 headers", True),
        (b"XHDR Subject 1", b"221 headers", True),
        (b"XGTITLE *", b"282 descriptions", True),
        (b"CAPABILITIES", b"101 capabilities", True),
        (b"CHECK <a>", b"238 <a>", False),
    ],
)
def test_which_codes_have_a_block(command: bytes, status: bytes, *, has_block: bool) -> None:
    client = talking(command)
    (response,) = heard(client, status + b"\r\n" + (b"1\r\n.\r\n" if has_block else b""))
    assert response.body == (b"1\r\n" if has_block else None)
    assert client.buffered == 0


def test_a_request_may_say_which_codes_have_a_block() -> None:
    client = talking(Request(b"XTWIN a", multiline=frozenset({290})))
    assert heard(client, b"290 x\r\na\r\n.\r\n") == [Response(290, b"x", b"a\r\n")]
    client.request(b"XTWIN a", multiline=frozenset())
    client.take()
    assert heard(client, b"220 x\r\n") == [Response(220, b"x")]


@pytest.mark.parametrize(
    ("sent", "body"),
    [
        (b".\r\n", b""),
        (b"\r\n.\r\n", b"\r\n"),
        (b"..\r\n.\r\n", b".\r\n"),
        (b"a\r\n..\r\n...b\r\n\r\n.\r\n", b"a\r\n.\r\n..b\r\n\r\n"),
        (b".stray\r\n.\r\n", b"stray\r\n"),
        (b"bare\n.\n.\r.\r\n.\r\n", b"bare\n.\n.\r.\r\n"),
    ],
)
def test_a_block_is_undone(sent: bytes, body: bytes) -> None:
    (response,) = heard(talking(b"ARTICLE 1"), b"220 1 <a>\r\n" + sent)
    assert response.body == body


def test_lines_of_a_block() -> None:
    assert Response(215, b"", b"a\r\n\r\nb\r\n").lines == [b"a", b"", b"b"]
    assert Response(215, b"", b"").lines == []
    assert Response(500, b"").lines == []


def test_what_is_shown_of_a_response_is_printable() -> None:
    assert Response(502, b"no\x1b[2J\r\x07\xff").shown == "502 no [2J  \N{REPLACEMENT CHARACTER}"
    assert Response(500, b"").shown == "500"


@pytest.mark.parametrize(
    ("article", "block"),
    [
        (b"", b".\r\n"),
        (b"a\r\n", b"a\r\n.\r\n"),
        (b"a", b"a\r\n.\r\n"),
        (b".\r\n..\r\nb.\r\n", b"..\r\n...\r\nb.\r\n.\r\n"),
    ],
)
def test_an_article_as_a_block(article: bytes, block: bytes) -> None:
    assert block_of(article) == block


def test_takethis_sends_its_article_at_once() -> None:
    client = talking()
    client.request(b"TAKETHIS <a@x>", article=b".a\r\n")
    client.request(b"TAKETHIS <b@x>", article=b"b\r\n")
    assert client.take() == b"TAKETHIS <a@x>\r\n..a\r\n.\r\nTAKETHIS <b@x>\r\nb\r\n.\r\n"
    assert heard(client, b"335 odd\r\n239 <b@x>\r\n") == [
        Response(335, b"odd"),
        Response(239, b"<b@x>"),
    ]
    assert client.take() == b""


def test_ihave_sends_its_article_when_it_is_wanted_and_nothing_before_it_is_answered() -> None:
    client = talking()
    client.request(b"ihave <a@x>", article=b".a\r\n")
    client.request(b"DATE")
    assert client.take() == b"ihave <a@x>\r\n"
    assert not client.ready
    assert heard(client, b"335 send it\r\n") == []
    assert client.take() == b"..a\r\n.\r\n"
    assert heard(client, b"335 again\r\n") == [Response(335, b"again")]
    assert client.take() == b"DATE\r\n"


def test_ihave_that_is_not_wanted() -> None:
    client = talking(Request(b"IHAVE <a@x>", b"a\r\n"))
    assert heard(client, b"435 have it\r\n") == [Response(435, b"have it")]
    assert client.take() == b""
    assert client.ready


@pytest.mark.parametrize("command", [b"MODE READER", b"AUTHINFO USER a", b"compress deflate"])
def test_what_must_not_be_followed_is_not(command: bytes) -> None:
    client = talking(b"DATE")
    client.request(command)
    client.request(b"HELP")
    assert client.take() == command + b"\r\n"
    assert heard(client, b"111 x\r\n") == [Response(111, b"x")]
    assert client.take() == b""
    assert len(heard(client, b"500 what\r\n")) == 1
    assert client.take() == b"HELP\r\n"


def test_a_server_that_closes_says_so_at_any_time() -> None:
    client = talking()
    assert heard(client, b"400 going down\r\n400 now\r\n") == []
    assert client.closing == Response(400, b"now")
    client.request(b"DATE")
    assert client.take() == b""


def test_a_server_that_closes_answers_by_saying_so() -> None:
    client = talking(b"GROUP a", b"ARTICLE 1")
    assert heard(client, b"211 1 1 1 a\r\n400 idle\r\n") == [
        Response(211, b"1 1 1 a"),
        Response(400, b"idle"),
    ]
    assert client.closing == Response(400, b"idle")


@pytest.mark.parametrize(
    "data",
    [
        b"hello\r\n",
        b"20 x\r\n",
        b"2000 x\r\n",
        b"600 x\r\n",
        b"200-x\r\n",
        b"\r\n",
        b"x" * MAX_STATUS_LINE,
        b"200 " + b"x" * MAX_STATUS_LINE + b"\r\n",
        b"SSH-2.0-OpenSSH\r\n",
        "\N{ARABIC-INDIC DIGIT TWO}00\r\n".encode(),
    ],
)
def test_what_is_no_nntp(data: bytes) -> None:
    with pytest.raises(BadResponse):
        heard(NntpClient(), data)


def test_an_answer_to_nothing() -> None:
    with pytest.raises(BadResponse, match=r"an answer to nothing: '200 again'$"):
        heard(talking(), b"200 again\r\n")


def test_what_was_complete_before_the_nonsense_is_given() -> None:
    client = talking(b"DATE", b"DATE")
    client.feed(b"111 x\r\nnonsense\r\n")
    responses = client.responses()
    assert next(responses) == Response(111, b"x")
    with pytest.raises(BadResponse, match="nonsense"):
        next(responses)


def test_a_block_as_large_as_may_be() -> None:
    client = talking(b"ARTICLE 1", b"ARTICLE 2", b"DATE", max_block=SMALL)
    fits, too_large, after = heard(
        client,
        b"220 1\r\n%b\r\n.\r\n220 2\r\n%b\r\n.\r\n111 x\r\n"
        % (b"x" * (SMALL - 2), b"x" * (SMALL - 1)),
    )
    assert fits.body == b"x" * (SMALL - 2) + b"\r\n"
    assert too_large == Response(220, b"2", None, too_large=True)
    assert after == Response(111, b"x")


def test_of_a_block_that_is_too_large_nothing_is_kept() -> None:
    client = talking(b"ARTICLE 1", b"DATE", max_block=SMALL)
    assert heard(client, b"220 1 <a>\r\n") == []
    for _ in range(1000):
        assert heard(client, b"x" * SMALL) == []
        assert client.buffered <= 2 * SMALL + 4
    assert heard(client, b"\r\n.\r\n111 x\r\n") == [
        Response(220, b"1 <a>", None, too_large=True),
        Response(111, b"x"),
    ]


def test_any_message_that_an_archive_takes_is_small_enough() -> None:
    assert MAX_BLOCK > MAX_MESSAGE


@pytest.mark.parametrize("step", [1, 1460])
def test_large_blocks_do_not_cost_more_by_the_octet(step: int) -> None:
    """A search that began anew with each packet would take minutes."""
    article = (b"y" * 70 + b"\r\n") * (2_000 * step)
    client = talking(b"ARTICLE 1")
    began = time.process_time()
    client.feed(b"220 1 <a>\r\n")
    pieces = [article[at : at + step] for at in range(0, len(article), step)]
    for piece in pieces[:20_000]:
        assert heard(client, piece) == []
    rest = b"".join(pieces[20_000:])
    (response,) = heard(client, rest + b".\r\n")
    assert response.body == article
    assert time.process_time() - began < 10


LINE = st.one_of(
    st.sampled_from([b".", b"..", b"", b"a", b".b", b"\r", b"\n.\n", b"400 x", b"x" * SMALL]),
    st.binary(max_size=6),
).filter(lambda line: b"\r\n" not in line and not line.endswith(b"\r"))
STATUS = st.sampled_from(
    [b"220 1 <a>", b"211 1 1 1 a", b"335 go", b"400 bye", b"423", b"239 <a>", b"111 x", b"bad"]
)
ANSWER = st.builds(
    lambda status, lines: b"\r\n".join([status, *lines, b""]), STATUS, st.lists(LINE, max_size=5)
)
REQUEST = st.sampled_from([
    Request(b"ARTICLE 1"),
    Request(b"LISTGROUP a"),
    Request(b"GROUP a"),
    Request(b"TAKETHIS <a>", b"a\r\n"),
    Request(b"IHAVE <a>", b".a\r\n"),
])  # fmt: skip


def outcome(requests: Iterable[Request], pieces: Iterable[bytes]) -> tuple[list[object], bytes]:
    """Return what a conversation gave: responses and perhaps an error, and what was sent."""
    client = NntpClient(SMALL)
    for request in requests:
        client.add(request)
    said: list[object] = []
    sent = client.take()
    try:
        for piece in pieces:
            client.feed(piece)
            for response in client.responses():
                said.append(response)
                sent += client.take()
            sent += client.take()
    except BadResponse as error:
        said.append(str(error))
    return said, sent


@given(
    st.lists(REQUEST, max_size=5),
    st.lists(st.one_of(ANSWER, st.just(b".\r\n")), max_size=8),
    st.lists(st.integers(1, 30), max_size=60),
)
def test_packet_boundaries_do_not_matter(
    requests: list[Request], answers: list[bytes], cuts: list[int]
) -> None:
    data = b"200 hello\r\n" + b"".join(answers)
    pieces, at = [], 0
    for cut in cuts:
        pieces.append(data[at : at + cut])
        at += cut
    pieces.append(data[at:])
    alone = [request for request in requests if not request.alone]  # else it depends on when
    assert outcome(alone, [data]) == outcome(alone, pieces)
    assert outcome(alone, [data]) == outcome(alone, [data[i : i + 1] for i in range(len(data))])


@given(st.lists(REQUEST, max_size=5), st.lists(st.one_of(ANSWER, st.binary()), max_size=20))
def test_nothing_raises_anything_else(requests: list[Request], pieces: list[bytes]) -> None:
    outcome(requests, pieces)
    outcome(requests, [b"200 hello\r\n", *pieces])


@given(st.binary())
def test_what_is_sent_as_a_block_comes_back(octets: bytes) -> None:
    article = octets.replace(b"\r", b"").replace(b"\n", b"\r\n") + b"\r\n"
    (response,) = heard(talking(b"ARTICLE 1"), b"220 1 <a>\r\n" + block_of(article))
    assert response.body == article
