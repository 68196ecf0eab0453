"""What a parser reads, and what it refuses: RFC 9051 s. 9."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from gateway.imap.grammar import MAX_NAME_OCTETS, Parser
from gateway.imap.responses import Bad

if TYPE_CHECKING:
    from collections.abc import Callable


@pytest.mark.parametrize(
    ("octets", "read", "value", "rest"),
    [
        (b"a]1 X", Parser.tag, b"a]1", b" X"),
        (b"a+b", Parser.tag, b"a", b"+b"),
        (b"a]b", Parser.atom, b"a", b"]b"),
        (b"a+b&c{", Parser.atom, b"a+b&c", b"{"),
        (b"body.peek[", Parser.word, b"BODY.PEEK", b"["),
        (b"\\Seen)", Parser.flag, b"\\Seen", b")"),
        (b"$MDNSent", Parser.flag, b"$MDNSent", b""),
        (b"4294967295 ", Parser.number, 4294967295, b" "),
        (b"007", Parser.number, 7, b""),
        (b"9223372036854775807", Parser.number64, 2**63 - 1, b""),
        (b"1", Parser.mod_sequence, 1, b""),
        (b"a]b c", Parser.astring, b"a]b", b" c"),
        (b'"a b" c', Parser.astring, b"a b", b" c"),
        (b"{3}\r\na b c", Parser.astring, b"a b", b" c"),
        (b'"a\\"\\\\b"', Parser.string, b'a"\\b', b""),
        (b'""', Parser.string, b"", b""),
        (b"{0+}\r\n", Parser.string, b"", b""),
        (b"~{2+}\r\n\r\n", Parser.literal, b"\r\n", b""),
        (b"nil ", Parser.nstring, None, b" "),
        (b'"NIL"', Parser.nstring, b"NIL", b""),
        (b"inBOX", Parser.mailbox, "INBOX", b""),
        (b'"inbox"', Parser.mailbox, "INBOX", b""),
        (b"INBOX.x", Parser.mailbox, "INBOX.x", b""),
        (b"x" * MAX_NAME_OCTETS, Parser.mailbox, "x" * MAX_NAME_OCTETS, b""),
        (b"&AOk-t&AOk-", Parser.mailbox, "\xe9t\xe9", b""),
        (b"a%*] x", Parser.mailbox_pattern, "a%*]", b" x"),
        (b'"a *"', Parser.mailbox_pattern, "a *", b""),
        (b"() x", lambda parser: parser.listed(parser.atom), [], b" x"),
        (b"(a b)", lambda parser: parser.listed(parser.atom), [b"a", b"b"], b""),
        (b"(a b)", lambda parser: parser.one_or_listed(parser.atom), [b"a", b"b"], b""),
        (b"a b", lambda parser: parser.one_or_listed(parser.atom), [b"a"], b" b"),
        (b"$ x", Parser.numbers, None, b" x"),
    ],
)
def test_reading(
    octets: bytes, read: Callable[[Parser], object], value: object, rest: bytes
) -> None:
    parser = Parser(octets)
    assert read(parser) == value
    assert parser.rest() == rest
    assert parser.at_end()


@pytest.mark.parametrize(
    ("octets", "read"),
    [
        (b"", Parser.tag),
        (b"+", Parser.tag),
        (b"*", Parser.tag),
        (b"(", Parser.atom),
        (b"]", Parser.atom),
        (b"\xe9", Parser.atom),
        (b"\x7f", Parser.atom),
        (b"[", Parser.word),
        (b"\\", Parser.flag),
        (b"\\*", Parser.flag),
        (b"", Parser.number),
        (b"-1", Parser.number),
        (b"4294967296", Parser.number),
        (b"9223372036854775808", Parser.number64),
        (b"0", Parser.mod_sequence),
        (b"", Parser.numbers),
        (b"0", Parser.numbers),
        (b"1:", Parser.numbers),
        (b"4294967296", Parser.numbers),
        (b'"a', Parser.astring),
        (b'"a\\b"', Parser.string),
        (b'"a\r\nb"', Parser.string),
        (b'"a\0b"', Parser.string),
        (b'"\xc3\xa9"', Parser.string),
        (b"atom", Parser.string),
        (b"{3-}\r\nabc", Parser.string),
        (b"{3}abc", Parser.string),
        (b"{3}\r\na\0c", Parser.literal),
        (b"&", Parser.mailbox),
        (b"&" * (MAX_NAME_OCTETS + 1), Parser.mailbox),
        (b"x" * (MAX_NAME_OCTETS + 1), Parser.mailbox_pattern),
        (b"&AGE-", Parser.mailbox),
        (b"{2}\r\n\xc3\xa9", Parser.mailbox),
        (b"a", lambda parser: parser.listed(parser.atom)),
        (b"(a", lambda parser: parser.listed(parser.atom)),
        (b"(a ", lambda parser: parser.listed(parser.atom)),
        (b"( a)", lambda parser: parser.listed(parser.atom)),
        (b"(a  b)", lambda parser: parser.listed(parser.atom)),
        (b"()", lambda parser: parser.one_or_listed(parser.atom)),
        (b"a", Parser.space),
        (b"\t", Parser.space),
        (b" ", Parser.end),
        (b"x", lambda parser: parser.expect(b"Y")),
    ],
)
def test_refusing(octets: bytes, read: Callable[[Parser], object]) -> None:
    with pytest.raises(Bad) as error:
        read(Parser(octets))
    assert str(error.value).isascii()


def test_what_comes_next_is_known_in_any_case() -> None:
    parser = Parser(b"aBc d")
    assert parser.sees(b"AB")
    assert not parser.takes(b"ABD")
    assert parser.takes(b"ABC")
    parser.space()
    parser.expect(b"D")
    parser.end()


def test_a_set_of_numbers_is_read_to_its_end() -> None:
    parser = Parser(b"1:3,*:5 X")
    numbers = parser.numbers()
    assert numbers is not None
    assert list(numbers.resolve(6)) == [range(1, 4), range(5, 7)]
    assert parser.rest() == b" X"


def test_utf_8_is_read_once_it_was_agreed_on() -> None:
    assert Parser(b'"\xc3\xa9"', utf8=True).string() == b"\xc3\xa9"
    assert Parser(b'"\xc3\xa9"', utf8=True).mailbox() == "\xe9"
    assert Parser(b"&AOk-", utf8=True).mailbox() == "&AOk-"
    for octets in (b'"\xe9"', b"{1}\r\n\xe9"):
        with pytest.raises(Bad, match="UTF-8"):
            Parser(octets, utf8=True).mailbox()
