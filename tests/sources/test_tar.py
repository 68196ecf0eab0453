"""Tar archives: what is in them, what they say about it, and damage."""

from __future__ import annotations

import gzip
import io
import tarfile

import pytest
from hypothesis import given
from hypothesis import strategies as st

from storage.sources.base import Incoming, Rejected
from storage.sources.tarheader import parse_pax, parse_tar_header
from storage.sources.whole import StreamSource
from tests.sources.mboxes import RECEIVED, mbox, message, taken, taken_raws
from tests.sources.tars import tar

FORMATS = [tarfile.USTAR_FORMAT, tarfile.GNU_FORMAT, tarfile.PAX_FORMAT]


def source(archive: bytes, max_message: int = 10**6) -> StreamSource:
    return StreamSource(io.BytesIO(archive).read, max_message)


@pytest.mark.parametrize("kind", FORMATS)
def test_messages_and_mboxes(kind: int) -> None:
    members = {
        "a.eml": message(1),
        "b": mbox(message(2), message(3)),
        "c.gz": gzip.compress(message(4)),
    }
    found = taken(source(tar(members, kind)))
    assert [each.raw for each in found if isinstance(each, Incoming)] == [
        *map(message, (1, 2, 3, 4))
    ]
    assert [each.position for each in found] == [
        "-: a.eml",
        "-: b, octet 0",
        f"-: b, octet {len(mbox(message(2)))}",
        "-: c.gz",
    ]
    assert isinstance(found[1], Incoming)
    assert found[1].received == RECEIVED


@pytest.mark.parametrize("kind", FORMATS)
@pytest.mark.parametrize("name", ["d" * 90 + "/" + "n" * 90, "caf\xe9/" + "x" * 60, "a"])
def test_names(kind: int, name: str) -> None:
    (found,) = taken(source(tar({name: message(1)}, kind)))
    assert found.position == f"-: {name}"


@pytest.mark.parametrize("kind", FORMATS[1:])
def test_names_of_any_length(kind: int) -> None:
    name = "/".join(["n" * 200] * 10)
    (found,) = taken(source(tar({name: message(1)}, kind)))
    assert found.position == f"-: {name}"


def test_what_is_no_file_and_what_is_hidden_is_passed_over() -> None:
    made = io.BytesIO()
    with tarfile.open(fileobj=made, mode="w") as archive:
        for kind in (tarfile.DIRTYPE, tarfile.SYMTYPE, tarfile.LNKTYPE, tarfile.FIFOTYPE):
            info = tarfile.TarInfo("x")
            info.type, info.linkname, info.size = kind, "a", 512 * (kind == tarfile.LNKTYPE)
            archive.addfile(info)
        for name in ("dir/._a", "a"):
            info = tarfile.TarInfo(name)
            info.size = len(message(1))
            archive.addfile(info, io.BytesIO(message(1)))
    assert taken_raws(source(made.getvalue())) == [message(1)]


def test_size_in_a_pax_header() -> None:
    made = io.BytesIO()
    with tarfile.open(fileobj=made, mode="w", format=tarfile.PAX_FORMAT) as archive:
        info = tarfile.TarInfo("a")
        info.pax_headers = {"size": str(len(message(1)))}
        info.size = len(message(1))
        archive.addfile(info, io.BytesIO(message(1)))
        info = tarfile.TarInfo("b")
        info.size = len(message(2))
        archive.addfile(info, io.BytesIO(message(2)))
    assert taken_raws(source(made.getvalue())) == [message(1), message(2)]


def test_size_in_base_256() -> None:
    archive = bytearray(tar({"a": message(1)}, tarfile.USTAR_FORMAT))
    archive[124:136] = b"\x80" + len(message(1)).to_bytes(11, "big")
    archive[148:156] = b" " * 8
    archive[148:156] = b"%06o\0 " % sum(archive[:512])
    assert taken_raws(source(bytes(archive))) == [message(1)]


def test_web_page_and_archive_inside_are_refused_by_name() -> None:
    members = {"i.html": b"<html>", "t.tar": tar({"a": message(1)}), "a": message(1)}
    found = taken(source(tar(members)))
    assert [(each.position, each.why) for each in found if isinstance(each, Rejected)] == [
        ("-: t.tar", "it is an archive inside an archive: unpack that one first"),
        ("-: i.html", "it is a web page, not a message"),
    ]
    assert isinstance(found[1], Incoming)


def test_too_large_a_member_is_refused_and_the_rest_goes_on() -> None:
    large = message(1, b"x" * 5000)
    refused, kept = taken(source(tar({"a": large, "b": message(2)}), max_message=1000))
    assert isinstance(refused, Rejected)
    assert refused.position == "-: a"
    assert isinstance(kept, Incoming)


def test_mbox_member_may_be_of_any_size() -> None:
    many = [message(number) for number in range(100)]
    assert taken_raws(source(tar({"a": mbox(*many)}), max_message=1000)) == many


def test_archive_cut_short_gives_what_it_had() -> None:
    archive = tar({"a": message(1), "b": message(2, b"x" * 2000)})
    *_, half, refused = taken(source(archive[: 512 * 4]))
    assert isinstance(half, Incoming)
    assert message(2, b"x" * 2000).startswith(half.raw)
    assert isinstance(refused, Rejected)
    assert (refused.position, refused.why) == ("-", "the archive ends in the middle of a member")


def test_archive_without_its_end_mark() -> None:
    assert taken_raws(source(tar({"a": message(1)})[:1024])) == [message(1)]


def test_damaged_header_ends_the_archive() -> None:
    archive = bytearray(tar({"a": message(1), "b": message(2), "c": message(3)}))
    archive[1030] ^= 1
    first, refused = taken(source(bytes(archive)))
    assert isinstance(first, Incoming)
    assert isinstance(refused, Rejected)
    assert refused.why == "the archive is damaged: a member's header is not one"


def test_damage_is_told_once_and_for_the_member_it_is_in() -> None:
    packed = gzip.compress(message(1, b"x" * 999))[:-20]
    found = taken(source(gzip.compress(tar({"a.gz": packed, "b": message(2)}))))
    assert [each.position for each in found] == ["-: a.gz", "-: a.gz", "-: b"]
    cut = taken(source(gzip.compress(tar({"a": message(1), "b": message(2)}))[:-30]))
    (refused,) = (each for each in cut if isinstance(each, Rejected))
    assert refused.why.startswith("the compressed data")


@pytest.mark.parametrize(
    ("octets", "keywords"),
    [
        (b"", {}),
        (b"10 path=a\n12 size=99\n", {b"path": b"a"}),
        (b"10 path=a\n11 size=99\n", {b"path": b"a", b"size": b"99"}),
        (b"9 path=a\n99999999999999999999999 x=y\n", {b"path": b"a"}),
        (b"0 path=a\n", {}),
        (b"x path=a\n", {}),
    ],
)
def test_pax_header(octets: bytes, keywords: dict[bytes, bytes]) -> None:
    found = parse_pax(octets)
    assert keywords.items() <= found.items()


@pytest.mark.parametrize("at", [0, 124, 148])
@pytest.mark.parametrize("octet", [0x38, 0xFF, 0x2D])
def test_header_with_a_wrong_number_is_none(at: int, octet: int) -> None:
    block = bytearray(tar({"a": b""})[:512])
    block[at] = octet
    assert parse_tar_header(bytes(block)) is None
    if at == 124:
        block[148:156] = b" " * 8
        block[148:156] = b"%06o\0 " % sum(block)
        assert parse_tar_header(bytes(block)) is None


@given(
    st.lists(st.tuples(st.integers(0, 5000), st.integers(0, 255)), max_size=8),
    st.integers(0, 6000),
    st.sampled_from(FORMATS),
)
def test_any_damage_ends_quietly(changes: list[tuple[int, int]], cut: int, kind: int) -> None:
    archive = bytearray(tar({"d/" + "n" * 99: message(1), "b": mbox(message(2)), "c": b""}, kind))
    for at, octet in changes:
        archive[at % len(archive)] = octet
    taken(source(bytes(archive[:cut])))
