"""An mbox file that is read again: as it was, grown, cut, rewritten, or in the middle of being written."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from storage.errors import SourceError
from storage.sources.base import Incoming, Rejected
from storage.sources.mboxfile import MboxFile
from tests.sources.mboxes import FROM, mbox, message, settle, taken, taken_raws

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "list.mbox"


def open_mbox(path: Path, octets: bytes | None = None) -> MboxFile:
    if octets is not None:
        path.write_bytes(octets)
    return MboxFile(str(path), path.name)


def test_what_it_says_of_itself(path: Path) -> None:
    octets = mbox(message(1))
    source = open_mbox(path, octets)
    assert (source.name, source.size, source.suggested_name()) == (str(path), len(octets), "list")


def test_messages_carry_position_and_progress(path: Path) -> None:
    octets = mbox(message(1), message(2))
    first, second = taken(open_mbox(path, octets))
    assert (first.position, first.progress) == (f"{path}, octet 0", len(octets) // 2)
    assert (second.position, second.progress) == (f"{path}, octet {len(octets) // 2}", len(octets))


def test_every_cursor_resumes_behind_its_message(path: Path) -> None:
    source = open_mbox(path, mbox(*(message(number) for number in range(20))))
    cursors = [found.cursor for found in taken(source)]
    for given_before, cursor in enumerate(cursors, 1):
        assert taken_raws(source, cursor) == [message(number) for number in range(given_before, 20)]
        assert len(cursor) < 400


def test_changed_only_when_there_is_more(path: Path) -> None:
    octets = mbox(message(1))
    source = open_mbox(path, octets)
    assert source.changed(b"")
    cursor = taken(source)[-1].cursor
    assert not source.changed(cursor)
    path.write_bytes(octets + mbox(message(2)))
    assert source.changed(cursor)
    path.unlink()
    assert not source.changed(cursor)


def test_changed_notices_another_file_of_the_same_size(path: Path) -> None:
    source = open_mbox(path, mbox(message(1)))
    cursor = taken(source)[-1].cursor
    path.write_bytes(mbox(message(2)))
    assert source.changed(cursor)
    assert taken_raws(source, cursor) == [message(2)]


@pytest.mark.parametrize("between", [b"", b"\n", b"\r\n\r\n"])
def test_growth_gives_only_what_is_new(path: Path, between: bytes) -> None:
    source = open_mbox(path, mbox(message(1)))
    cursor = taken(source)[-1].cursor
    with path.open("ab") as file:
        file.write(between + mbox(message(2), message(3)))
    assert taken_raws(source, cursor) == [message(2), message(3)]


def test_growth_of_a_file_that_lacks_the_last_empty_line(path: Path) -> None:
    source = open_mbox(path, FROM + message(1))
    cursor = taken(source)[-1].cursor
    with path.open("ab") as file:
        file.write(mbox(message(2)))
    assert taken_raws(source, cursor) == [message(2)]


def test_rewritten_file_is_read_from_the_start(path: Path) -> None:
    source = open_mbox(path, mbox(message(1), message(2), message(3)))
    cursor = taken(source)[1].cursor
    for octets in (
        mbox(message(1), message(3)),
        mbox(*map(message, range(10, 20))),
        mbox(message(1)),
    ):
        path.write_bytes(octets)
        assert taken_raws(source, cursor) == taken_raws(source)


@pytest.mark.parametrize("cursor", [b"nonsense", b"[]", b'[1,"mbox"]', b'[9,"mbox",1,1,"a","b",false]', b"[" * 9999, b'[1,"mbox",1,1,"a","b",0]', b"7"])  # fmt: skip
def test_cursor_that_is_none_starts_over(path: Path, cursor: bytes) -> None:
    source = open_mbox(path, mbox(message(1)))
    assert source.changed(cursor)
    assert taken_raws(source, cursor) == [message(1)]


def test_record_without_a_last_line_end_waits_until_it_rests(path: Path) -> None:
    octets = mbox(message(1)) + FROM + message(2)[:-1]
    source = open_mbox(path, octets)
    (first,) = taken(source)
    assert source.changed(first.cursor)
    settle(path)
    assert taken_raws(source, first.cursor) == [message(2)[:-1]]
    assert not source.changed(taken(source)[-1].cursor)


def test_record_that_goes_on_after_all_is_given_whole(path: Path) -> None:
    long = message(2, b"one\n\ntwo\n\nthree\n")
    octets = mbox(message(1), long, message(3))
    source = open_mbox(path, octets[: octets.index(b"two")])
    cursor = taken(source)[-1].cursor
    path.write_bytes(octets)
    assert taken_raws(source, cursor) == [long, message(3)]


def test_refusals_have_cursors_too(path: Path) -> None:
    source = open_mbox(path, b"junk\n" + mbox(message(1)) + FROM + b"\n\n")
    junk, _, empty = taken(source)
    assert isinstance(junk, Rejected)
    assert isinstance(empty, Rejected)
    assert (junk.position, junk.progress) == (f"{path}, octet 0", 5)
    assert taken(source, empty.cursor) == []


def test_mboxcl2_is_remembered(path: Path) -> None:
    body = b"a\n\nFrom b\n"
    first = message(1, body, b"Content-Length: %d\n" % len(body))
    second = message(2, b">From c\n", b"Content-Length: 8\n")
    source = open_mbox(path, FROM + first + b"\n" + FROM + second + b"\n")
    assert taken_raws(source, taken(source)[0].cursor) == [second]


def test_limit(path: Path) -> None:
    path.write_bytes(mbox(message(1, b"x\n" * 100), message(2)))
    refused, kept = taken(MboxFile(str(path), "x", max_message=150))
    assert isinstance(refused, Rejected)
    assert isinstance(kept, Incoming)


def test_file_that_is_not_there(path: Path) -> None:
    source = open_mbox(path)
    with pytest.raises(SourceError, match=r"list\.mbox: cannot be read .*: check the name"):
        taken(source)
    with pytest.raises(SourceError):
        _ = source.size


def test_name_that_is_no_text(tmp_path: Path) -> None:
    path = os.fsencode(tmp_path) + b"/caf\xe9.mbox"
    with open(path, "wb") as file:
        file.write(mbox(message(1)))
    (found,) = taken(MboxFile(os.fsdecode(path), "x"))
    assert found.position.endswith("/caf\\xe9.mbox, octet 0")


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    st.lists(st.sampled_from([b"a\n", b"\n", b"From b\n", b"c", b"\xff\0"]), max_size=6).map(
        b"".join
    ),
    st.integers(0, 400),
)
def test_nothing_is_lost_wherever_a_reader_comes_in_between(
    tmp_path: Path, body: bytes, cut: int
) -> None:
    octets = mbox(message(1), message(2, body + b"\n"), message(3))
    source = open_mbox(tmp_path / "growing.mbox", octets[:cut])
    found = taken(source)
    cursor = found[-1].cursor if found else b""
    open_mbox(tmp_path / "growing.mbox", octets)
    found += taken(source, cursor)
    given_at_all = {each.raw.rstrip(b"\n") for each in found if isinstance(each, Incoming)}
    whole = {raw.rstrip(b"\n") for raw in (message(1), message(2, body + b"\n"), message(3))}
    assert whole <= given_at_all  # empty lines at the end are as well taken for what ends a record
