"""Sources read from the beginning each time: their cursors, and files in the middle of being written."""

from __future__ import annotations

import gzip
import io
import lzma
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from storage.errors import SourceError
from storage.sources.base import Incoming, Rejected
from storage.sources.whole import StreamSource, WholeFile
from tests.sources.mboxes import FROM, mbox, message, settle, taken, taken_raws
from tests.sources.tars import tar

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "list.mbox.xz"


def test_what_it_says_of_itself(path: Path) -> None:
    path.write_bytes(lzma.compress(mbox(message(1))))
    source = WholeFile(str(path), path.name)
    assert (source.name, source.size, source.suggested_name()) == (
        str(path),
        path.stat().st_size,
        "list",
    )
    (found,) = taken(source)
    assert (found.position, found.progress) == (f"{path}, octet 0", source.size)


@pytest.mark.parametrize("pack", [lzma.compress, gzip.compress, bytes])
def test_every_cursor_resumes_behind_its_message(path: Path, pack: type[bytes]) -> None:
    path.write_bytes(pack(tar({"a": mbox(*map(message, range(5))), "b": message(5)})))
    source = WholeFile(str(path), path.name)
    cursors = [found.cursor for found in taken(source)]
    for given_before, cursor in enumerate(cursors, 1):
        assert taken_raws(source, cursor) == [message(number) for number in range(given_before, 6)]
        assert source.changed(cursor) == (given_before < 6)
        assert len(cursor) < 400


def test_another_file_is_read_from_the_start(path: Path) -> None:
    source = WholeFile(str(path), path.name)
    path.write_bytes(gzip.compress(mbox(message(1))))
    cursor = taken(source)[-1].cursor
    assert not source.changed(cursor)
    path.write_bytes(gzip.compress(mbox(message(1), message(2))))
    assert source.changed(cursor)
    assert taken_raws(source, cursor) == [message(1), message(2)]
    path.unlink()
    assert not source.changed(cursor)


def test_single_message(path: Path) -> None:
    path.write_bytes(message(1, b"From me\n>From you\n\n\n"))
    assert taken_raws(WholeFile(str(path), path.name)) == [message(1, b"From me\n>From you\n\n\n")]


def test_limit(path: Path) -> None:
    path.write_bytes(message(1, b"x" * 1000))
    (refused,) = taken(WholeFile(str(path), path.name, max_message=100))
    assert isinstance(refused, Rejected)
    assert refused.position == str(path)


def test_cut_short_file_gives_what_it_had_once_it_rests(path: Path) -> None:
    octets = b"".join(mbox(message(number)) for number in range(200))
    path.write_bytes(gzip.compress(octets)[:-100])
    source = WholeFile(str(path), path.name)
    early = taken(source)
    assert all(isinstance(each, Incoming) for each in early)
    assert source.changed(early[-1].cursor if early else b"")
    settle(path)
    *messages, cut, refused = taken(source)
    assert [each.raw for each in messages if isinstance(each, Incoming)] == [
        message(number) for number in range(len(messages))
    ]
    assert isinstance(cut, Incoming)
    assert isinstance(refused, Rejected)
    assert (refused.position, refused.why[:31]) == (str(path), "the compressed data ends too ea")
    assert not source.changed(refused.cursor)


def test_nothing_in_it(path: Path) -> None:
    path.write_bytes(gzip.compress(b""))
    source = WholeFile(str(path), path.name)
    assert taken(source) == []


def test_file_that_is_not_there(path: Path) -> None:
    source = WholeFile(str(path), path.name)
    with pytest.raises(SourceError, match="cannot be read"):
        taken(source)
    with pytest.raises(SourceError, match="cannot be read"):
        _ = source.size


def test_stream() -> None:
    source = StreamSource(io.BytesIO(gzip.compress(mbox(message(1), message(2)))).read)
    assert (source.name, source.size, source.suggested_name()) == ("-", None, None)
    first, second = taken(source, b"whatever")
    assert isinstance(first, Incoming)
    assert (first.raw, first.cursor, first.position) == (message(1), b"", "-, octet 0")
    assert not source.changed(second.cursor)


@given(
    st.sampled_from(
        [b"", FROM, b"\x1f\x8b\x08", b"\x28\xb5\x2f\xfd", b"\xfd7zXZ\0", b"BZh91AY&SY"]
    ),
    st.binary(max_size=2000),
)
def test_any_octets_end_quietly(head: bytes, octets: bytes) -> None:
    taken(StreamSource(io.BytesIO(head + octets).read))


def test_stream_of_one_message() -> None:
    assert taken_raws(StreamSource(io.BytesIO(message(1)).read)) == [message(1)]
