"""Lines of the access log."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.errors import Refused
from gateway.web.access_log import AccessLog, line
from gateway.web.requests import Request, RequestBuffer
from gateway.web.session import Talk
from tests.mail import NOW

if TYPE_CHECKING:
    from pathlib import Path


def talk(request: Request | None, address: str = "192.0.2.1", user: str | None = None) -> Talk:
    made = Talk(address, request, NOW)
    made.user, made.status, made.octets = user, 200, 17
    return made


def asked(*fields: bytes) -> Request:
    buffer = RequestBuffer()
    buffer.feed(b"\r\n".join([b"GET /a?b HTTP/1.0", *fields, b"", b""]))
    request = buffer.next()
    assert request is not None
    return request


def test_a_line() -> None:
    request = asked(b"Referer: http://x/", b'User-Agent: a "b" \\ \xc3\xa4\t')
    assert line(talk(request)) == (
        b'192.0.2.1 - - [14/Nov/2023:22:13:20 +0000] "GET /a?b HTTP/1.0" 200 17 '
        b'"http://x/" "a \\"b\\" \\\\ \\xc3\\xa4"\n'
    )


def test_what_is_not_known() -> None:
    assert line(talk(None, address="")) == (
        b'- - - [14/Nov/2023:22:13:20 +0000] "-" 200 17 "-" "-"\n'
    )


def test_who_logged_in() -> None:
    assert line(talk(asked(), user='ä "b" c')).startswith(
        b'192.0.2.1 - \\xc3\\xa4\\x20\\"b\\"\\x20c ['
    )


@given(st.binary().filter(lambda octets: not re.search(rb"[\0-\x08\x0a-\x1f\x7f]", octets)))
def test_always_one_line(agent: bytes) -> None:
    made = line(talk(asked(b"User-Agent: " + agent)))
    assert made.isascii()
    assert made.count(b"\n") == 1
    assert re.fullmatch(rb'[^"]*(?:"(?:[^"\\]|\\.)*"[^"]*){3}\n', made)


def test_a_file(tmp_path: Path) -> None:
    path = tmp_path / "log"
    path.write_bytes(b"before\n")
    log = AccessLog(path)
    log.write(b"one\n")
    assert path.read_bytes() == b"before\none\n"
    log.close()


def test_a_file_that_cannot_be(tmp_path: Path) -> None:
    with pytest.raises(Refused, match=": cannot be written to: Is a directory"):
        AccessLog(tmp_path)


def test_a_full_disk(caplog: pytest.LogCaptureFixture) -> None:
    from pathlib import Path  # noqa: PLC0415

    full = Path("/dev/full")
    if not full.exists():
        pytest.skip("there is no /dev/full here")
    log = AccessLog(full)
    log.write(b"one\n")
    log.write(b"two\n")
    assert caplog.text.count("No space left") == 1
    log.close()
