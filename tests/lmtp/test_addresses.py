from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.lmtp.addresses import BadPath, local_part, parse_path


@pytest.mark.parametrize(
    ("argument", "address", "parameters"),
    [
        (b"to:<a@b>", b"a@b", {}),
        (b"TO: <a@b>  ", b"a@b", {}),
        (b"TO:<>", b"", {}),
        (b"TO:<@x,@y:a@b> size=5  X", b"a@b", {b"SIZE": b"5", b"X": b""}),
        (b'TO:<"a>\\">"@b>', b'"a>\\">"@b', {}),
        (b"TO:<a\\>@b> X", b"a\\", None),
        (b"TO:<a b@c>", b"a b@c", {}),
    ],
)
def test_paths(argument: bytes, address: bytes, parameters: dict[bytes, bytes] | None) -> None:
    if parameters is None:
        with pytest.raises(BadPath):  # what follows the bracket is no blank
            parse_path(argument, b"TO")
    else:
        assert parse_path(argument, b"TO") == (address, parameters)


@pytest.mark.parametrize(
    "argument",
    [b"", b"TO", b"TO:", b"TO:a@b", b"TO:<a@b", b'TO:<"a@b>', b"TO:<a>b", b"FROM:<a@b>"],
)
def test_what_is_no_path(argument: bytes) -> None:
    with pytest.raises(BadPath):
        parse_path(argument, b"TO")


@pytest.mark.parametrize(
    ("address", "local"),
    [
        (b"a@b", b"a"),
        (b"a", b"a"),
        (b"a@b@c", b"a@b"),
        (b'"a b"@c', b"a b"),
        (b'"a\\"\\\\b"@c', b'a"\\b'),
        (b'"a\\"@c', b"a\\"),
        (b'"@c', b'"'),
        (b'""@c', b""),
        (b"@c", b""),
    ],
)
def test_local_parts(address: bytes, local: bytes) -> None:
    assert local_part(address) == local


@given(st.binary(max_size=60))
def test_whatever_stands_there_is_a_path_or_none(octets: bytes) -> None:
    try:
        path = parse_path(b"TO:" + octets, b"TO")
    except BadPath:
        return
    assert path.address in octets
    local_part(path.address)
