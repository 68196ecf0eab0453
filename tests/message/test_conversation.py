from __future__ import annotations

from base64 import b64encode

import pytest

from storage.message.conversation import conversation
from storage.message.fields import parse_header

ROOT = bytes(range(1, 23))
REPLY = ROOT + b"reply"


def keys_of(value: bytes) -> tuple[bytes | None, bytes | None]:
    return conversation(parse_header(b"Thread-Index: %b\n" % value))


def test_a_reply_knows_its_parent() -> None:
    assert keys_of(b64encode(ROOT)) == (ROOT, None)
    assert keys_of(b64encode(REPLY)) == (REPLY, ROOT)
    assert keys_of(b64encode(REPLY + b"again")) == (REPLY + b"again", REPLY)


def test_folding_does_not_count() -> None:
    encoded = b64encode(REPLY)
    assert keys_of(encoded[:20] + b"\n " + encoded[20:]) == (REPLY, ROOT)


@pytest.mark.parametrize(
    "value",
    [
        b"",
        b"%%%",
        b64encode(ROOT[:21]),
        b64encode(REPLY[:-1]),
        b64encode(ROOT) + b"!",
        b64encode(b"x" * 9022),
    ],
)
def test_what_is_no_index_tells_nothing(value: bytes) -> None:
    assert keys_of(value) == (None, None)


def test_no_field_tells_nothing() -> None:
    assert conversation(parse_header(b"Subject: x\n")) == (None, None)
