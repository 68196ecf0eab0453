from __future__ import annotations

import time

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from storage.message.addresses import (
    MAX_ADDRESSES,
    MAX_LIST,
    Address,
    addresses,
    display,
    entries,
    first_mailbox,
)

NO_MAILBOX, NO_DOMAIN = b"MISSING_MAILBOX", b"MISSING_DOMAIN"


def plain(mailbox: bytes, host: bytes, name: bytes | None = None) -> Address:
    return Address(name, None, mailbox, host)


def start(name: bytes) -> Address:
    return Address(None, None, name, None)


END = Address(None, None, None, None)


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (b"", []),
        (b"  ", []),
        (b"a@b.c", [plain(b"a", b"b.c")]),
        (b"<a@b.c>", [plain(b"a", b"b.c")]),
        (b"Ann Author <a@b.c>", [plain(b"a", b"b.c", b"Ann Author")]),
        (b'"Ann \\"A.\\" Author, Dr" <a@b.c>', [plain(b"a", b"b.c", b'Ann "A." Author, Dr')]),
        (b'"Ann" Author<a@b.c>', [plain(b"a", b"b.c", b"Ann Author")]),
        (b"A. Author <a@b.c>", [plain(b"a", b"b.c", b"A. Author")]),
        (b"a@b.c (Ann Author)", [plain(b"a", b"b.c", b"Ann Author")]),
        (b"a@b.c (Ann (A.) \\(x)", [plain(b"a", b"b.c", b"Ann (A.) (x")]),
        (b"<a@b.c> (Ann)", [plain(b"a", b"b.c", b"Ann")]),
        (b"Ann <a@b.c> (no)", [plain(b"a", b"b.c", b"Ann")]),
        (b"Ann <a(x)@(y)b.c> rest", [plain(b"a", b"b.c", b"Ann")]),
        (b"a@b.c, d@e.f", [plain(b"a", b"b.c"), plain(b"d", b"e.f")]),
        (b'"x, y" <a@b.c>, d@e.f', [plain(b"a", b"b.c", b"x, y"), plain(b"d", b"e.f")]),
        (b", a@b.c, ,d@e.f,", [plain(b"a", b"b.c"), plain(b"d", b"e.f")]),
        (b'"a b"@c.d', [plain(b"a b", b"c.d")]),
        (b'"a@b" <c@d.e>', [plain(b"c", b"d.e", b"a@b")]),
        (b"a@b <c@d.e>", [plain(b"c", b"d.e", b"a@b")]),
        (b"a@[192.0.2.1]", [plain(b"a", b"[192.0.2.1]")]),
        (b"jdoe@test   . example", [plain(b"jdoe", b"test.example")]),
        (b"Ann a@b.c", [plain(b"a", b"b.c", b"Ann")]),
        (b"a@b.c d@e.f", [plain(b"a", b"b.c")]),
        (b"a@b.UUCP@c.d (Ann)", [plain(b"a", b"b.UUCP", b"Ann")]),
        (b"a@@b", [plain(b"a", NO_DOMAIN)]),
        (b"<@a,@b:c@d.e>", [Address(None, b"@a,@b", b"c", b"d.e")]),
        (b"X <@a.b:c@d.e>, f@g", [Address(b"X", b"@a.b", b"c", b"d.e"), plain(b"f", b"g")]),
        (b"<@a.b>", [plain(NO_MAILBOX, b"a.b")]),
        (b"<c, d@e.f>", [plain(b"c", NO_DOMAIN), plain(b"d", b"e.f")]),
        (b"(x) <c, d@e.f>", [plain(b"c", NO_DOMAIN, b"x"), plain(b"d", b"e.f")]),
        (b"<a@b.c> <d@e.f>", [plain(b"a", b"b.c")]),
        (b"<<a@b.c>>", [plain(b"<a", b"b.c")]),
        (b"<>", [plain(NO_MAILBOX, NO_DOMAIN)]),
        (b"Ann <>", [plain(NO_MAILBOX, NO_DOMAIN, b"Ann")]),
        (b"<a@>", [plain(b"a", NO_DOMAIN)]),
        (b"@b.c", [plain(NO_MAILBOX, b"b.c")]),
        (b"a@", [plain(b"a", NO_DOMAIN)]),
        (b"<a", [plain(b"a", NO_DOMAIN)]),
        (b"a", [plain(b"a", NO_DOMAIN)]),
        (b'""', [plain(NO_MAILBOX, NO_DOMAIN)]),
        (b"site!host!ann (Ann)", [plain(b"site!host!ann", NO_DOMAIN, b"Ann")]),
        (b"Ann Author", [Address(b"Ann Author", None, NO_MAILBOX, NO_DOMAIN)]),
        (b"Ann [Author", [Address(b"Ann [Author", None, NO_MAILBOX, NO_DOMAIN)]),
        (b"ann at example.org (Ann Author)", [plain(b"ann", b"example.org", b"Ann Author")]),
        (b"Ann <ann AT example.org>", [plain(b"ann", b"example.org", b"Ann")]),
        (b"meet at noon", [Address(b"meet at noon", None, NO_MAILBOX, NO_DOMAIN)]),
        (b"undisclosed-recipients:;", [start(b"undisclosed-recipients"), END]),
        (b"A Group:;", [start(b"A Group"), END]),
        (
            b"g: a@b.c, X <d@e.f>;, h@i.j",
            [
                start(b"g"),
                plain(b"a", b"b.c"),
                plain(b"d", b"e.f", b"X"),
                END,
                plain(b"h", b"i.j"),
            ],
        ),
        (b"g: a@b.c", [start(b"g"), plain(b"a", b"b.c"), END]),
        (b"g: h: a@b.c;", [start(b"g"), plain(b"a", b"b.c", b"h:"), END]),
        (b": a@b.c", [plain(b"a", b"b.c", b":")]),
        (b"a; b@c.d; <e", [plain(b"a", NO_DOMAIN), plain(b"b", b"c.d"), plain(b"e", NO_DOMAIN)]),
        (b"<a:@b.c;>", [plain(b"a:", b"b.c;")]),
        (b"=?utf-8?Q?a:b,c?= <d@e.f>", [plain(b"d", b"e.f", b"=?utf-8?Q?a:b,c?=")]),
        (b"=?utf-8?Q?a,b?= <d@e.f>", [plain(b"d", b"e.f", b"=?utf-8?Q?a,b?=")]),
        (b"=?utf-8?Q?J_<j@e.f>?=", [plain(b"j", b"e.f", b"=?utf-8?Q?J_")]),
        (b'"open <a@b.c>', [plain(b"a", b"b.c", b"open")]),
        (
            b'a@b.c, "open <d@e.f>, g',
            [plain(b"a", b"b.c"), plain(b"d", b"e.f", b"open"), plain(b"g", NO_DOMAIN)],
        ),
        (b"(open a@b.c", []),
        (b"(a\\", []),
        (b"(alone), a@b.c", [plain(b"a", b"b.c")]),
        (b"J\xf6rg <j@b.c>", [plain(b"j", b"b.c", b"J\xf6rg")]),
        (b"a\\@b@c.d", [plain(b"a\\@b", b"c.d")]),
        (b"\\", [plain(b"\\", NO_DOMAIN)]),
        (b"a > b", [Address(b"a b", None, NO_MAILBOX, NO_DOMAIN)]),
        (b"a)b", [Address(b"a)b", None, NO_MAILBOX, NO_DOMAIN)]),
    ],
)
def test_lists(value: bytes, expected: list[Address]) -> None:
    assert addresses(value) == expected


@pytest.mark.parametrize(
    ("value", "cut"),
    [
        (b"a@b, c@d", 2),
        (b'"x, y" <a@b>, c@d', 2),
        (b'"x, y <a@b>, c@d', 1),
        (b"a@b (x), c@d", 1),
        (b"g: a, b;", 1),
        (b'"x: (y, z)" <a@b>, c@d', 2),
        (b'"x: (y, z)" <a@b>, c@d (e, f)', 1),
        (b'"(x" y" <a@b>, c@d', 1),
        (b'"(\\"x" <a@b>, c@d', 1),
        (b'"(x)" =?utf-8?Q?a","b?= <c@d>', 1),
        (b'"(x)" <@a,@b:c@d>, e@f', 1),
        (b"<@a,@b:c@d>, e@f", 1),
        (b"=?utf-8?Q?a,b?= <c@d>", 1),
        (b"=?utf-8?Q?a?= <c@d>, e@f", 2),
    ],
)
def test_lists_are_cut_where_that_is_safe(value: bytes, cut: int) -> None:
    assert len(entries(value)) == cut


@pytest.mark.parametrize(
    ("value", "mailbox", "shown"),
    [
        (b"", b"", ""),
        (b"=?utf-8?Q?J=C3=B6rg?= <j@b.c>, x@y", b"j", "Jörg"),
        (b"j@b.c", b"j", "j@b.c"),
        (b"a group: j@b.c;", b"a group", "a group"),
        (b"Ann", b"Ann", "Ann@MISSING_DOMAIN"),
    ],
)
def test_keys_to_sort_by(value: bytes, mailbox: bytes, shown: str) -> None:
    found = addresses(value)
    assert first_mailbox(found) == mailbox
    assert display(found) == shown


def test_an_end_of_group_alone_is_nothing_to_sort_by() -> None:
    assert first_mailbox([END]) == b""
    assert display([END]) == ""


def test_only_so_much_is_looked_at() -> None:
    assert len(addresses(b"a," * (MAX_ADDRESSES + 1))) == MAX_ADDRESSES
    assert len(addresses(b"(x)" + b"a," * (MAX_ADDRESSES + 1))) == MAX_ADDRESSES
    assert addresses(b"a" * (MAX_LIST + 1)) == [plain(b"a" * MAX_LIST, NO_DOMAIN)]


@given(st.binary(), st.text('ab@<>,:;"\\()[]=?. ').map(str.encode))
def test_groups_are_closed_and_nothing_looks_like_one(octets: bytes, text: bytes) -> None:
    for value in (octets, text):
        open_group = False
        for address in addresses(value):
            if address.host is None:
                assert open_group is (address.mailbox is None)
                open_group = address.mailbox is not None
            assert address.name != b""
        assert not open_group


ATOM = st.text("abz.-", min_size=1).map(str.encode)


@given(st.lists(st.tuples(st.text('ab "\\,<>@():;é').map(str.encode), ATOM, ATOM)))
def test_what_was_written_is_read(written: list[tuple[bytes, bytes, bytes]]) -> None:
    value = b", ".join(
        b'"%b" <%b@%b>' % (name.replace(b"\\", b"\\\\").replace(b'"', b'\\"'), mailbox, host)
        for name, mailbox, host in written
    )
    assert addresses(value) == [
        Address(name.strip() or None, None, mailbox, host) for name, mailbox, host in written
    ]


@pytest.mark.parametrize(
    "unit",
    [b"(", b'"', b'"\\', b"<", b"=?a?Q?", b"@", b"a:", b"[", b"<@a,", b"a . ", b"<    ", b"\\"],
)
def test_time_is_linear(unit: bytes) -> None:
    began = time.perf_counter()
    addresses(b"x, " + unit * (MAX_LIST // len(unit)))
    assert time.perf_counter() - began < 5  # quadratic: minutes


@given(
    st.lists(
        st.sampled_from(
            (
                b"ann",
                b" ",
                b"  ",
                b"\t",
                b'"',
                b"<",
                b">",
                b"@",
                b".",
                b"=",
                b"=?",
                b"[",
                b"]",
                b":",
                b";",
                b"\xc3\xa9",
            )
        )
    ).map(b"".join)
)
@example(b'"Ann  A." <ann@example.org>')
@example(b"  Ann A. <ann@example.org> ")
@example(b'" " <ann@example.org>')
@example(b"<ann@example.org>")
@example(b" ann@example.org ")
def test_what_is_plain_is_read_as_what_is_not(value: bytes) -> None:
    assert addresses(value) == addresses(value + b"()")
