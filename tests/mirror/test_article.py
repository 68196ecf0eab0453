from __future__ import annotations

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.mirror.article import message_of

GROUP = "lists.a"


@pytest.mark.parametrize(
    ("article", "message"),
    [
        (b"Path: h!x\r\nA: 1\r\n\r\nb\r\n", b"A: 1\n\nb\n"),
        (b"A: 1\r\nxref: h lists.a:1\r\n\r\nb\r\n", b"A: 1\n\nb\n"),
        (b"A: 1\r\nPath: a!\r\n b!\r\n\tc\r\nB: 2\r\n\r\n", b"A: 1\nB: 2\n\n"),
        (b"Newsgroups: lists.a\r\nA: 1\r\n\r\n", b"A: 1\n\n"),
        (b"NEWSGROUPS: lists.b, lists.a\r\nXref: h lists.a:1 lists.b:2\r\nA: 1\r\n\r\n", b"A: 1\n\n"),
        (b"Newsgroups: lists.a,\r\n lists.b\r\nXref: h lists.a:1\r\n\r\n", b"Newsgroups: lists.a,\n lists.b\n\n"),
        (b"Newsgroups: x\r\nA: 1\r\n\r\nPath: y\r\n", b"Newsgroups: x\nA: 1\n\nPath: y\n"),
        (b"Pathological: 1\r\nX-Path: 2\r\n\r\n", b"Pathological: 1\nX-Path: 2\n\n"),
        (b"A: 1\r\nPath: h\r\n", b"A: 1\n"),
        (b"\r\nPath: body\r\n", b"\nPath: body\n"),
        (b"", b""),
        (b"A: \r\r\n\r\nbare\nline\rends\r\n", b"A: \r\n\nbare\nline\rends\n"),
    ],
)  # fmt: skip
def test_what_a_server_put_there_goes(article: bytes, message: bytes) -> None:
    assert message_of(article, GROUP) == message


def test_many_fields_take_no_longer_by_the_octet() -> None:
    began = time.process_time()
    message_of(b"Path: x\r\n" + b" \r\n" * 300_000 + b"Path:" * 100_000 + b"\r\n\r\n", GROUP)
    assert time.process_time() - began < 2


@given(st.binary(), st.binary())
def test_any_octets_give_a_message_and_the_body_stays(head: bytes, body: bytes) -> None:
    head = head.replace(b"\n", b"").replace(b"\r", b"")
    message = message_of(b"Path: x\r\nX-%b: \r\n\r\n%b" % (head, body), GROUP)
    assert message == b"X-%b: \n\n%b" % (head, body.replace(b"\r\n", b"\n"))
    message_of(body, GROUP)
