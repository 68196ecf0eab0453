"""Records as octets, and as lines of a block: given back as they were; whatever else comes is refused and nothing worse."""

from __future__ import annotations

import random
import re
import struct
from contextlib import suppress
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.mirror.nntp_client import NntpClient
from gateway.nntp import records as blocks
from gateway.nntp.records import RecordWriter, read_records
from storage.model import Fidelity
from storage.replica import (
    BadReplica,
    Change,
    ListState,
    Mark,
    RecordBuffer,
    Replica,
    Rooted,
    Tombstone,
    render,
)
from storage.threads import Node
from tests.twins.records import RECORDS

if TYPE_CHECKING:
    from storage.replica import Record

NODE = Node(b"<1@x.example>", 1, 5, b"<0@x.example>")
REPLICA = Replica(1, 2, 3, 4, 5, Fidelity.FULL, b"raw", b"head", Rooted(NODE, 6))


def parsed(data: bytes) -> list[Record]:
    buffer = RecordBuffer()
    found = list(buffer.feed(data))
    buffer.close()
    return found


def written(records: list[Record]) -> bytes:
    """Return records as a block whose dots are undone, by way of a client."""
    writer = RecordWriter()
    lines = b"".join(piece for record in records for piece in writer.write(record)) + writer.end()
    for line in lines.split(b"\r\n"):
        assert len(line) <= 998
        assert re.search(rb"[\r\n\0]", line) is None
    assert lines.endswith(b"\r\n")
    client = NntpClient()
    client.feed(b"200 hello\r\n")
    list(client.responses())
    client.request(b"XTWIN l", multiline=frozenset({280}))
    client.take()
    client.feed(b"280 records\r\n" + lines + b".\r\n")
    ((response),) = client.responses()
    assert response.body is not None
    return response.body


@given(st.lists(RECORDS, max_size=5))
def test_records_are_given_back(records: list[Record]) -> None:
    assert parsed(b"".join(map(render, records))) == records


@given(st.lists(RECORDS, max_size=5), st.lists(st.integers(1, 99)))
def test_it_does_not_matter_in_what_pieces_they_come(
    records: list[Record], cuts: list[int]
) -> None:
    data = b"".join(map(render, records))
    buffer = RecordBuffer()
    found: list[Record] = []
    for cut in cuts:
        found += buffer.feed(data[:cut])
        data = data[cut:]
    found += buffer.feed(data)
    buffer.close()
    assert found == records


@given(st.lists(RECORDS, max_size=5))
def test_a_block_gives_them_back(records: list[Record]) -> None:
    assert list(read_records(written(records))) == records


@pytest.mark.parametrize("size", [0, 1, 989, 990, 991, 65536, 3_000_000])
def test_octets_that_cannot_be_compressed(size: int) -> None:
    made: list[Record] = [replace(REPLICA, raw=random.Random(1).randbytes(size))]
    block = written(made)
    assert list(read_records(block)) == made
    assert len(block) < size * 1.03 + 400


@given(st.binary(max_size=200))
def test_what_is_no_record_is_refused(data: bytes) -> None:
    with suppress(BadReplica):
        parsed(data)
    with suppress(BadReplica):
        list(read_records(data))


@given(st.lists(RECORDS, min_size=1, max_size=3), st.data())
def test_what_is_nearly_a_record_is_one_or_is_refused(
    records: list[Record], data: st.DataObject
) -> None:
    octets = bytearray(b"".join(map(render, records)))
    at = data.draw(st.integers(0, len(octets) - 1))
    octets[at] ^= data.draw(st.integers(1, 255))
    try:
        found = parsed(bytes(octets))
    except BadReplica:
        return
    assert parsed(b"".join(map(render, found))) == found


@given(st.binary(min_size=1, max_size=50), st.data())
def test_a_block_that_was_changed_is_refused(raw: bytes, data: st.DataObject) -> None:
    block = bytearray(written([replace(REPLICA, raw=raw)]))
    at = data.draw(st.integers(0, len(block) - 3))
    block[at] = data.draw(st.integers(0, 255).filter(lambda octet: octet != block[at]))
    try:
        found = list(read_records(bytes(block)))
    except BadReplica:
        return
    # Nothing tells one frame's header from another, and a block that is cut short has no checksum.
    assert found in ([], [replace(REPLICA, raw=raw)])


@pytest.mark.parametrize(
    ("record", "why"),
    [
        (replace(REPLICA, number=2), "2 hangs in the forest as 1"),
        (replace(REPLICA, number=0, rooted=Rooted(replace(NODE, number=0), 1)), "0 does not lie"),
        (replace(REPLICA, number=1 << 31), "does not lie"),
        (Rooted(replace(NODE, message_id=b"x"), 1), "an id that is none"),
        (Rooted(replace(NODE, message_id=b"<a b@c>"), 1), "an id that is none"),
        (Rooted(replace(NODE, parent=b""), 1), "an id that is none"),
        (Tombstone(1, 1, b"<\r\n@x>", b""), "an id that is none"),
        (Tombstone(1, 1, None, b"d" * 33), "a field of 33 octets"),
        (Tombstone(1, -1, None, b""), "-1 does not lie"),
        (Change(1, 1, b"d" * 15, Fidelity.FULL), "a field is cut off"),
        (Change(1, 1, b"d" * 17, Fidelity.FULL), "a record is too long"),
        (ListState("l", "", "x" * 5000, 1, 1, 1, 1), "a field of 5000 octets"),
        (ListState("l", "", "", 0, 1, 1, 1), "0 does not lie"),
    ],
)
def test_what_is_wrong_with_a_record_is_said(record: Record, why: str) -> None:
    with pytest.raises(BadReplica, match=why):
        parsed(render(record))


@pytest.mark.parametrize(
    ("data", "why"),
    [
        (b"\x09\x00\x00\x00\x00", "unknown kind, 9"),
        (b"\x01\xff\xff\xff\xff", "a record of 4294967295 octets"),
        (b"\x06\x10\x00\x00\x00" + b"\x00" * 15, "cut off"),
        (b"\x06\x0f\x00\x00\x00" + b"\x00" * 15, "a field is cut off"),
        (b"\x01\x02\x00\x00\x00\x00\x00", "a field is cut off"),
        (b"\x01\x05\x00\x00\x00\x01\x00\x00\x00\xff", "a text is not UTF-8"),
        (b"\x01\x04\x00\x00\x00\xff\xff\xff\xff", "a field is missing"),
        (b"\x05\x04\x00\x00\x00\xff\xff\xff\xff", "an id is missing"),
        (
            b"\x05\x1a\x00\x00\x00" + struct.pack("<I", 14) + b"<aaaaaa@aaaaa>" + b"\xff" * 8,
            "cut off",
        ),
    ],
)
def test_what_is_no_record_is_told(data: bytes, why: str) -> None:
    with pytest.raises(BadReplica, match=why):
        parsed(data)


def test_a_block_has_a_limit_when_it_is_unpacked(monkeypatch: pytest.MonkeyPatch) -> None:
    block = written([replace(REPLICA, raw=bytes(1_000_000))])
    assert len(block) < 1000
    monkeypatch.setattr(blocks, "MAX_BLOCK", 500_000)
    with pytest.raises(BadReplica, match="more than 500000 octets"):
        list(read_records(block))


@pytest.mark.parametrize("block", [b"=\r\n", b"=x\r\n", b"==}\r\n", b"a\r\n"])
def test_what_is_no_block_is_refused(block: bytes) -> None:
    with pytest.raises(BadReplica):
        list(read_records(block))


def test_marks_are_no_less_than_nothing() -> None:
    with pytest.raises(BadReplica):
        parsed(render(Mark(-1, 0)))
