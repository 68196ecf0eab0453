"""Which coding who gets."""

from __future__ import annotations

import gzip

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.web.codings import LEAST_OCTETS, MOST_OCTETS, accepts_gzip, gzipped, is_codable
from tests.mail import done


@pytest.mark.parametrize(
    ("value", "accepts"),
    [
        (b"", False),
        (b"gzip", True),
        (b"GZIP", True),
        (b"x-gzip", True),
        (b"deflate, gzip;q=1.0, *;q=0.5", True),
        (b"gzip, deflate, br, zstd", True),
        (b"gzip;q=0", False),
        (b"gzip;q=0.000", False),
        (b"gzip ; q=0.001", True),
        (b"*", True),
        (b"*;q=0", False),
        (b"gzip;q=0, *", False),
        (b"identity", False),
        (b"identity;q=1, gzip;q=0.5", False),
        (b"identity;q=0.5, gzip;q=0.5", True),
        (b"br", False),
        (b"gzip;q=2", False),
        (b"gzip;level=9", False),
        (b"gzip deflate", False),
        (b", ,gzip,", True),
        (b"gzip" + 500 * b",", False),
    ],
)
def test_what_is_accepted(value: bytes, accepts: bool) -> None:
    assert accepts_gzip(value) is accepts


@given(st.binary(max_size=60))
def test_any_octets_may_come(value: bytes) -> None:
    accepts_gzip(value)


@pytest.mark.parametrize(
    ("content_type", "codable"),
    [
        ("text/html; charset=utf-8", True),
        ("text/css", True),
        ("application/json", True),
        ("application/ld+json; charset=utf-8", True),
        ("application/atom+xml", True),
        ("application/vnd.oai.openapi+json", True),
        ("image/svg+xml", True),
        ("application/gzip", False),
        ("application/octet-stream", False),
        ("image/png", False),
        ("application/jsonp", False),
    ],
)
def test_what_is_coded(content_type: str, codable: bool) -> None:
    assert is_codable(content_type, 1000) is codable


@pytest.mark.parametrize(
    ("length", "codable"),
    [
        (LEAST_OCTETS - 1, False),
        (LEAST_OCTETS, True),
        (MOST_OCTETS, True),
        (MOST_OCTETS + 1, False),
    ],
)
def test_how_much_is_coded(length: int, codable: bool) -> None:
    assert is_codable("text/html", length) is codable


def test_others_get_their_turn() -> None:
    turns = []

    async def breathe() -> None:
        turns.append(1)

    octets = bytes(range(256)) * 4096
    coded = done(gzipped(octets, breathe))
    assert gzip.decompress(coded) == octets
    assert len(turns) >= 4
    assert done(gzipped(octets, breathe)) == coded
