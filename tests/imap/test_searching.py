"""Reading search keys: any octets are a query or refused; a query that is written is read as it was."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from typing import TYPE_CHECKING, Final, TypeAlias

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from gateway.imap import Session
from gateway.imap.grammar import Parser
from gateway.imap.registry import SEARCH_JOINS, SEARCH_KEYS
from gateway.imap.responses import Bad, No
from gateway.imap.searching import MAX_DEPTH, MAX_KEYS, Criteria, read_charset, read_criteria
from gateway.imap.strings import literal, string
from gateway.imap.view import View
from storage.bitmap import Bitmap
from storage.list_marks import ListMarks
from storage.memory import MemoryArchive
from storage.model import MailingList
from storage.query import (
    All,
    And,
    Arrived,
    Body,
    Field,
    Larger,
    Marked,
    Not,
    Numbers,
    Or,
    Received,
    Sent,
    Smaller,
    Text,
)
from tests.mail import done

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from storage.query import Query

RECORD = MailingList("lists.a", low=2, high=9, holes=(5,))
SAVED = Bitmap.of([range(3, 5)])
SESSION = Session(MemoryArchive(), clock=lambda: 1_000_000.5)
NO_FLAG = Bitmap()
KEYS = sorted({*SEARCH_KEYS, *SEARCH_JOINS})


def read(text: bytes, charset: str = "utf-8", view: View | None = None) -> Query:
    """Return what search keys mean in a mailbox."""
    criteria = read_criteria(Parser(text, utf8=True), charset)
    return done(criteria.bound(SESSION, view or View(RECORD, ListMarks(), saved=SAVED)))


Written: TypeAlias = "tuple[bytes, Query]"
"""A key as it is written, and what it means."""

PLAIN: Final[list[Written]] = [
    (b"ALL", All()),
    (b"OLD", All()),
    (b"RECENT", Numbers()),
    (b"SEEN", Marked(NO_FLAG)),
    (b"UNDELETED", Not(Marked(NO_FLAG))),
    (b"KEYWORD $Junk", Marked(NO_FLAG)),
    (b"2:3", Numbers(((3, 4),))),
    (b"*,4:90", Numbers(((6, 9),))),
    (b"UID 2:7,4000", Numbers(((2, 7), (4000, 4000)))),
    (b"$", Marked(SAVED)),
    (b"UID $", Marked(SAVED)),
    (b"OLDER 5", Received(None, 999_996)),
    (b"YOUNGER 5", Received(999_995, None)),
    (b"MODSEQ 0", All()),
]
DATED: Final[list[tuple[bytes, Callable[[int | None, int | None], Query]]]] = [
    (b"", Received),
    (b"SENT", Sent),
    (b"SAVED", Arrived),
]
SIZED: Final[list[tuple[bytes, Callable[[int], Query]]]] = [
    (b"LARGER", Larger),
    (b"SMALLER", Smaller),
]
TEXTS: Final[list[tuple[bytes, Callable[[str], Query]]]] = [(b"TEXT", Text), (b"BODY", Body)]


# What is written is read


@st.composite
def written_strings(draw: st.DrawFn) -> tuple[bytes, str]:
    text = draw(st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"])))
    octets = text.encode()
    return draw(st.sampled_from([string, literal]))(octets), text


@st.composite
def leaves(draw: st.DrawFn) -> Written:
    """Draw a search key that joins no others."""
    kind = draw(st.integers(0, 6))
    if kind == 0:
        return draw(st.sampled_from(PLAIN))
    if kind == 1:
        day = draw(st.dates())
        first = (day.toordinal() - date(1970, 1, 1).toordinal()) * 86_400
        after = first + 86_400
        month = b"Jan Feb Mar Apr May Jun Jul Aug Sep Oct Nov Dec".split()[day.month - 1]
        text = b"%d-%b-%04d" % (day.day, month, day.year)
        prefix, condition = draw(st.sampled_from(DATED))
        which, since, before = draw(
            st.sampled_from(
                [(b"BEFORE", None, first), (b"ON", first, after), (b"SINCE", first, None)]
            )
        )
        quote = draw(st.sampled_from([b"", b'"']))
        return b"%b%b %b%b%b" % (prefix, which, quote, text, quote), condition(since, before)
    if kind == 2:
        size = draw(st.integers(0, 2**63 - 1))
        name, of_size = draw(st.sampled_from(SIZED))
        return b"%b %d" % (name, size), of_size(size)
    octets, needle = draw(written_strings())
    if kind == 3:
        name, of_text = draw(st.sampled_from(TEXTS))
        return b"%b %b" % (name, octets), of_text(needle)
    if kind == 4:
        name = draw(st.sampled_from([b"BCC", b"CC", b"FROM", b"SUBJECT", b"TO"]))
        return b"%b %b" % (name, octets), Field(name.lower(), needle)
    name = draw(st.sampled_from([b"X-Note", b'"Message-ID"', b"{5}\r\nX-B Y"]))
    field = {b"X": b"x-note", b'"': b"message-id", b"{": b"x-b y"}[name[:1]]
    return b"HEADER %b %b" % (name, octets), Field(field, needle)


def joined(parts: st.SearchStrategy[Written]) -> st.SearchStrategy[Written]:
    def group(keys: Sequence[Written]) -> Written:
        texts, queries = zip(*keys, strict=True)
        return b"(%b)" % b" ".join(texts), queries[0] if len(keys) == 1 else And(queries)

    return st.one_of(
        parts.map(lambda key: (b"NOT " + key[0], Not(key[1]))),
        st.tuples(parts, parts).map(
            lambda keys: (b"OR %b %b" % (keys[0][0], keys[1][0]), Or((keys[0][1], keys[1][1])))
        ),
        st.lists(parts, min_size=1, max_size=4).map(group),
    )


@given(st.recursive(leaves(), joined, max_leaves=20))
def test_a_query_that_is_written_is_read_as_it_was(written: Written) -> None:
    text, query = written
    assert read(text) == query
    assert read(b"%b NOT %b" % (text, text)) == And((query, Not(query)))


# Whatever comes


@given(
    st.lists(
        st.sampled_from(KEYS)
        | st.sampled_from(
            [
                b"(",
                b")",
                b" ",
                b'"',
                b"x",
                b"1:*",
                b"$",
                b"{3}\r\nabc",
                b"1-Feb-1994",
                b"\\Seen",
                b"\xc3\x89",
            ]
        )
        | st.binary(max_size=8),
        max_size=12,
    ).map(b" ".join)
    | st.binary(max_size=40)
)
@example(b"")
@example(b"CHARSET UTF-7 TEXT +2AA-")
def test_any_octets_are_read_or_refused(text: bytes) -> None:
    for charset in ("utf-8", "ascii", "utf_7"):
        try:
            criteria = read_criteria(Parser(text), charset)
        except Bad:
            continue
        assert isinstance(criteria, Criteria)
        if not criteria.names & {b"MODSEQ", b"THREADID"}:  # those ask the archive
            done(criteria.bound(SESSION, View(MailingList("INBOX"))))


@given(st.binary(max_size=20))
@example(b"X-No-Such")
def test_any_charset_is_known_or_refused(name: bytes) -> None:
    try:
        found = read_charset(Parser(name))
    except No as error:
        found, code = "", error.code
    except Bad:
        return
    else:
        code = b""
    assert bool(found) == (code != b"BADCHARSET (US-ASCII UTF-8)")


# Bounds


def test_keys_are_bounded_in_number() -> None:
    most = b" ".join([b"ALL"] * MAX_KEYS)
    assert read(most) == And((All(),) * MAX_KEYS)
    with pytest.raises(Bad, match="1000 search keys"):
        read(most + b" ALL")
    with pytest.raises(Bad, match="1000 search keys"):
        read(b"NOT " + most)


@pytest.mark.parametrize("nesting", [b"NOT ", b"(", b"OR ALL "])
def test_keys_are_bounded_in_depth(nesting: bytes) -> None:
    deepest = MAX_DEPTH - 1
    end = b")" * deepest if nesting == b"(" else b""
    read(nesting * deepest + b"ALL" + end)
    with pytest.raises(Bad, match="500 deep"):
        read(nesting * (deepest + 1) + b"ALL)" + end)
    with pytest.raises(Bad):
        read(nesting * 100_000)


def test_what_is_loose_is_so_all_the_way_down() -> None:
    both = And((Text("A"), Text("B")))
    assert read(b'FUZZY TEXT "b a"') in {both, And(both.parts[::-1])}
    assert read(b'FUZZY (FUZZY NOT TEXT "b a" 2 SEEN)') == And(
        (Not(read(b'FUZZY TEXT "b a"')), Numbers(((3, 3),)), Marked(NO_FLAG))
    )
    assert read(b'OR FUZZY ALL TEXT "b a"') == Or((All(), Text("b a")))


# What depends on the mailbox


def test_numbers_mean_messages_of_the_mailbox() -> None:
    empty = View(MailingList("INBOX"))
    assert read(b"1:*", view=empty) == Numbers()
    assert read(b"UID *", view=empty) == Numbers()
    assert read(b"*") == Numbers(((9, 9),))
    assert read(b"9:7") == Numbers(((9, 9),))
    assert read(b"4,1") == Numbers(((2, 2), (6, 6)))
    assert read(b"UID 12:*") == Numbers(((9, 12),))
    assert read(b"UID 4294967295") == Numbers()


def test_flags_are_those_of_the_user() -> None:
    nobody = View(RECORD)
    assert read(b"SEEN", view=nobody) == Numbers()
    assert read(b"UNSEEN", view=nobody) == Not(Numbers())
    assert read(b"UNKEYWORD x", view=nobody) == Not(Numbers())


def test_mod_sequences_are_those_of_the_archive_and_of_the_flags() -> None:
    archive = MemoryArchive()
    session = Session(archive)
    fresh = replace(RECORD, revision=1)
    criteria = read_criteria(Parser(b'MODSEQ "/FLAGS/\\\\seen" PRIV 1'))
    assert criteria.names == {b"MODSEQ"}
    assert done(criteria.bound(session, View(fresh))) == Numbers(((2, 4), (6, 9)))


@pytest.mark.parametrize(
    ("text", "charset", "needle"),
    [
        (b"{4}\r\n\xcd\xc1\xd4\xd8", "koi8_r", "мать"),
        (b"{2}\r\n\xff\xfe", "utf_16", ""),
        (b"plain", "ascii", "plain"),
    ],
)
def test_strings_are_in_the_charset_named(text: bytes, charset: str, needle: str) -> None:
    assert read(b"TEXT " + text, charset) == Text(needle)


@pytest.mark.parametrize(
    ("text", "charset"),
    [
        (b"{2}\r\n\xc3\xa9", "ascii"),
        (b"{1}\r\n\xe9", "utf-8"),
        (b'"+2AA-"', "utf_7"),
        (b"{1}\r\nx", "utf_16"),
    ],
)
def test_strings_of_another_charset_are_refused(text: bytes, charset: str) -> None:
    with pytest.raises(Bad, match="a string is not in"):
        read(b"TEXT " + text, charset)
