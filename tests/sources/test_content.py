"""What octets are told to be, and what is refused."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from storage.sources.content import Content, message_record, refusal, sniff
from tests.sources.mboxes import FROM, mbox, message
from tests.sources.tars import tar


@pytest.mark.parametrize(
    ("head", "content"),
    [
        (b"", Content.MBOX),
        (b"\n\0\n", Content.MBOX),
        (mbox(message(1)), Content.MBOX),
        (b"\n\n" + mbox(message(1)), Content.MBOX),
        (b"From ...\nSubject: x\n\n", Content.MBOX),
        (b"junk\nFrom here\n\n" + mbox(message(1)), Content.MBOX),
        (b"junk\nmore\n" + FROM, Content.MESSAGE),
        (message(1, b"forwarded:\n\n" + mbox(message(2))), Content.MESSAGE),
        (b"just text\n", Content.MESSAGE),
        (b"From my point of view\nit is text\n", Content.MESSAGE),
        (tar({"a": b"x"}), Content.TAR),
        (tar({"a": b"x"})[:511], Content.MESSAGE),
    ],
)
def test_sniff(head: bytes, content: Content) -> None:
    assert sniff(head) is content


@pytest.mark.parametrize(
    ("raw", "why"),
    [
        (b"", "it is empty"),
        (b"\r\n\0 \n", "it is empty"),
        (b"Subject: x", ""),
        (b"\nonly a body\n", ""),
        (b"\r\nonly a body\r\n", ""),
        (b" continued\nSubject: x\n\n", ""),
        (b"\xef\xbb\xbfFrom: x\nSubject: x\n", ""),
        (b"From x\nSubject : x\n", ""),
        (b"This is not a mail at all\nreally\n", "it has no header field"),
        (b"Not a field\n\nSubject: in the body\n", "it has no header field"),
        (b"Not a field\r\n\r\nSubject: in the body\r\n", "it has no header field"),
        (b"\n" * 3, "it is empty"),
        (b" <!DOCTYPE HTML>\n<html>\nhttp://x\n", "it is a web page, not a message"),
        (b"<html lang=en>", "it is a web page, not a message"),
    ],
)
def test_refusal(raw: bytes, why: str) -> None:
    assert refusal(raw) == why


def test_message_record_keeps_the_octets() -> None:
    record = message_record(b"A: b\r\n\0", "x.eml", 7)
    assert (record.raw, record.why, record.position, record.received) == (
        b"A: b\r\n\0",
        "",
        "x.eml",
        None,
    )


def test_message_record_of_too_many_octets() -> None:
    record = message_record(b"A: b\r\n\0", "x.eml", 6)
    assert (record.raw, record.why) == (b"", "it has more than the 6 octets that are allowed")


@given(st.binary(max_size=600))
def test_any_octets_can_be_sniffed(head: bytes) -> None:
    assert sniff(head) in Content
    assert isinstance(refusal(head), str)
