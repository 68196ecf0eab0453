"""Who asks, behind proxies."""

from __future__ import annotations

import ipaddress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.web.askers import Asker, Askers

TRUSTED = [ipaddress.ip_network(each) for each in ("127.0.0.0/8", "10.0.0.0/8", "2001:db8::/32")]


def asks(peer: str, field: str, value: str, proto: str = "", *, secure: bool = False) -> Asker:
    fields = {field.lower().encode(): value.encode("latin-1")}
    if proto:
        fields[b"x-forwarded-proto"] = proto.encode()
    return Askers(TRUSTED, field).of(peer, fields, secure=secure)


@pytest.mark.parametrize(
    ("peer", "value", "address"),
    [
        ("127.0.0.1", "", "127.0.0.1"),
        ("127.0.0.1", "192.0.2.1", "192.0.2.1"),
        ("::ffff:127.0.0.1", "192.0.2.1", "192.0.2.1"),
        ("", "192.0.2.1", "192.0.2.1"),
        ("10.1.1.1", "6.6.6.6, 192.0.2.1", "192.0.2.1"),
        ("10.1.1.1", "6.6.6.6, 192.0.2.1, 10.2.2.2", "192.0.2.1"),
        ("10.1.1.1", "10.3.3.3,10.2.2.2", "10.3.3.3"),
        ("10.1.1.1", "192.0.2.1:4711", "192.0.2.1"),
        ("10.1.1.1", "[2001:db9::1]:4711", "2001:db9::1"),
        ("10.1.1.1", "2001:DB9::1", "2001:db9::1"),
        ("10.1.1.1", "192.0.2.1, unknown", "10.1.1.1"),
        ("10.1.1.1", "192.0.2.1, unknown, 10.2.2.2", "10.2.2.2"),
        ("10.1.1.1", "999.0.2.1", "10.1.1.1"),
        ("192.0.2.9", "192.0.2.1", "192.0.2.9"),
        ("2001:db8::1", "192.0.2.1", "192.0.2.1"),
        ("fe80::1%eth0", "192.0.2.1", "fe80::1%eth0"),
    ],
)
def test_forwarded_for(peer: str, value: str, address: str) -> None:
    assert asks(peer, "X-Forwarded-For", value).address == address


@pytest.mark.parametrize(
    ("value", "address", "secure"),
    [
        ("for=192.0.2.1", "192.0.2.1", False),
        ('For="[2001:db9::1]:4711";proto=https;by=10.0.0.1', "2001:db9::1", True),
        ('for="x, y", for=192.0.2.1 ; proto=http', "192.0.2.1", False),
        ("for=192.0.2.1;proto=https, for=10.2.2.2;proto=http", "192.0.2.1", False),
        ("for=192.0.2.1, for=_hidden", "127.0.0.1", False),
        ('for="192.0.2.1', "127.0.0.1", False),
        ("proto=https", "127.0.0.1", True),
        ("", "127.0.0.1", False),
    ],
)
def test_forwarded(value: str, address: str, secure: bool) -> None:
    assert asks("127.0.0.1", "Forwarded", value) == Asker(address, secure)


def test_the_way_there() -> None:
    assert asks("127.0.0.1", "X-Forwarded-For", "192.0.2.1", "https").secure
    assert asks("127.0.0.1", "X-Forwarded-For", "192.0.2.1", "http, HTTPS").secure
    assert not asks("127.0.0.1", "X-Forwarded-For", "192.0.2.1", "http", secure=True).secure
    assert asks("127.0.0.1", "X-Forwarded-For", "192.0.2.1", secure=True).secure
    assert not asks("192.0.2.9", "X-Forwarded-For", "192.0.2.1", "https").secure


def test_the_other_field_is_the_clients() -> None:
    fields = {b"forwarded": b"for=6.6.6.6;proto=https", b"x-forwarded-for": b"192.0.2.1"}
    asker = Askers(TRUSTED).of("127.0.0.1", fields, secure=False)
    assert asker == Asker("192.0.2.1", False)
    assert Askers(TRUSTED, "Forwarded").of("127.0.0.1", fields, secure=False) == Asker(
        "6.6.6.6", True
    )


@given(st.binary(max_size=60), st.sampled_from(["Forwarded", "X-Forwarded-For"]))
def test_any_octets_may_come(value: bytes, field: str) -> None:
    asker = Askers(TRUSTED, field).of("127.0.0.1", {field.lower().encode(): value}, secure=False)
    ipaddress.ip_address(asker.address)
