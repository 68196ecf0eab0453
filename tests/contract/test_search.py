"""The contract of search: every engine finds what a look at each message finds, whether it has an index or not."""

from __future__ import annotations

import asyncio
import time
from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING, Final

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from storage.bitmap import Bitmap
from storage.errors import NoSuchList
from storage.model import Fidelity
from storage.query import (
    All,
    And,
    Arrived,
    Attached,
    Body,
    Digest,
    Field,
    Larger,
    Marked,
    Not,
    Numbers,
    Or,
    Patched,
    Received,
    Sent,
    Smaller,
    Text,
    Words,
)
from storage.runs import Pace
from storage.search import RUN_NUMBERS, newest, search
from storage.sources.base import Incoming
from tests.mail import NOW, Engine, Items, MemoryEngine, SqliteEngine, fill, mail, take
from tests.search.oracle import Known, known, matching
from tests.synthetic import Generator, Options

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from storage.archive import Archive
    from storage.model import Served
    from storage.query import Query

LIST: Final = "l"
OTHER: Final = "other"
SENT: Final = 1_072_958_400  # what ``mail`` writes: 2004-01-01T12:00:00Z
DAY: Final = 86_400

MIXED: Final = (
    b"From: Ren\xc3\xa9 <rene@x.example>\nTo: all@x.example, =?utf-8?q?Zo=C3=AB?= <zoe@x.example>\n"
    b"Subject: =?iso-8859-1?q?Gr=FC=DFe?= an\n\talle\nDate: Thu, 1 Jan 2004 23:30:00 -0800\nMessage-ID: <mixed@x.example>\n"
    b"List-ID: <l.x.example>\nMIME-Version: 1.0\nContent-Type: multipart/mixed; boundary=b\n\npreamble\n--b\n"
    b"Content-Type: text/plain; charset=koi8-r\nContent-Transfer-Encoding: base64\n\n"
    b"z9TQ1dPLIM7BINfFy8k=\n--b\nContent-Type: application/x-thing; name=hidden.bin\n\nattached words\n--b\n"
    b"Content-Type: message/rfc822\n\nSubject: within\n\nfolded\nlines here\n--b--\n"
)

MAILS: Final = [
    mail("1", body="The driver's probe() fails; see stack_protector and drivers/net.\n"),
    mail("2", subject="[PATCH v2 1/3] driver: probe", body="Driverless. DRIVER\n"),
    mail("3", "Cc: Driver Core <core@x.example>", body="Nothing of it.\n"),
    mail("4", "Bcc: hidden@x.example", "X-Empty:", body="Line one\nline two  with blanks\n"),
    mail(
        "5",
        body="内核驱动程序 と カナ 가나다 İstanbul \u0131s\u0131 Straße STRASSE café cafe\u0301 ﬁle\n",
    ),
    mail("6", body="x" * 300 + "needle" + "y" * 300 + "\n-- \nsig\n"),
    mail("7", date="nonsense", body="No date.\n"),
    mail("8", date="Wed, 31 Dec 2003 23:59:59 +1400", body="Another day.\n"),
    mail(None, body="No id.\n"),
    MIXED,
    b"Subject: no body\n\n",
    b"Subject: bad base64\nContent-Transfer-Encoding: base64\n\n!!!dGV4dA\n",
    b"Content-Type: text/plain; charset=utf-16\nContent-Transfer-Encoding: base64\n\n//5kAHIAaQB2AGUAcgA=\n",
    b"Subject: raw \xe4\xf6\xfc\n\nLatin \xe4\xf6\xfc driver\n",
    mail(
        "words",
        body="The use\n> after\r\n> free; a “driver”s end…drivers\u2019 use-after-freed\n内核driver 驱动\n",
    ),
    mail("html", "Content-Type: text/html", body="<p>use <b>after</b> free</p>\n"),
    mail("diff", body="--- a/x\n+++ b/x\n@@ -1 +1 @@\n-a\n+b\n"),
]

NEEDLES: Final = [
    "", "driver", "DRIVER", "rive", "d", "-", " ", "\n", "driver: probe", "v2 1/3", "drivers/net", "'s probe()", "[",
    "stack_protector", "line one\nline two", "line one line two", "line one\r\nline", "two  with", "two with", "\t", "-- \nsig",
    "内核", "核", "内核驱动程序", "核驱 ", "程序 と", "カナ", "가나", "각", "istanbul", "İstanbul", "\u0131s\u0131", "isi", "i", "ß",
    "ss", "strasse", "straße", "café", "cafe", "cafe\u0301", "é", "\u0301", "file", "ﬁle", "x" * 64, "x" * 65, "x" * 301,
    "xneedley", "x" * 300 + "needle", "отпуск", "ОТПУСК на", "веки", "attached", "hidden.bin", "preamble", "within",
    "subject: within", "folded\nlines", "folded lines", "grüße an alle", "grüsse", "äöü", "zoë", "nowhere", "a\x85b",
    "bad base64", "text", "multipart/mixed", "=?", "x.example>", "<mixed@x.example>", "\ud800", "no body\n\n",
]  # fmt: skip  # a list of words

PHRASES: Final = [
    "use after free", "after free", "after fre", "se after", "free a driver", "driver s end drivers use", "drive", "driver驱动",
    "内核 driver", "y", "xneedley", "NEEDLE", "a x example", "rené x", "one line", "the driver", "zoë zoe", "...", "p use b after",
]  # fmt: skip  # a list of phrases

FIELDS: Final = [
    b"subject", b"From", b"TO", b"cc", b"bcc", b"date", b"message-id", b"list-id", b"content-type", b"x-empty",
    b"x-missing", b"references",
]  # fmt: skip  # a list of words


@dataclass(frozen=True, slots=True)
class World:
    """The same mail in every engine."""

    archives: Sequence[Archive]
    messages: list[Known]


def made_mail() -> list[bytes]:
    boxes = [bytearray()]
    cuts = [0]
    Generator(Options(messages=250, lists=1, defects=20, mime=0.3)).run(
        [boxes[0].extend], lambda truth: cuts.append(truth.offset + truth.length)
    )
    records = [bytes(boxes[0][start:end]) for start, end in pairwise(cuts)]
    return [record.partition(b"\n")[2] for record in records]


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    sqlite = SqliteEngine(tmp_path_factory.mktemp("search") / "archive")
    engines: list[Engine] = [MemoryEngine(), sqlite]
    for engine in engines:
        for at, some in enumerate((MAILS, made_mail(), [mail("late", body="Late driver.\n")])):
            fill(engine.writer(), LIST, some, now=NOW + 100 * at)
        fill(engine.writer(), OTHER, [mail("secret", body="Secret word.\n")])
        with engine.writer().batch() as batch:
            for number in (3, 20, 21, 22):
                batch.remove(LIST, number)
    archives = [engine.archive() for engine in engines]
    yield World(archives, known(archives[0], LIST))
    sqlite.close()


def found(archive: Archive, query: Query, first: int = 1, last: int = 2**31 - 1) -> list[int]:
    """Return what a search finds."""

    async def gather() -> list[int]:
        numbers: list[int] = []
        async for batch in search(archive, LIST, query, first, last):
            numbers += batch
        return numbers

    return asyncio.run(gather())


def found_newest(
    archive: Archive, query: Query, first: int = 1, last: int = 2**31 - 1
) -> list[int]:
    """Return what is found when the newest are asked for, and that each is told when it was looked at."""

    async def gather() -> list[int]:
        numbers: list[int] = []
        below = 2**31
        async for looked in newest(archive, LIST, query, first, last):
            assert looked.down_to <= below
            assert all(looked.down_to <= number < below for number in looked.numbers)
            below = looked.down_to
            numbers += looked.numbers
        return numbers

    return asyncio.run(gather())


def agree(world: World, query: Query) -> list[int]:
    """Check that all find the same, and return it."""
    expected = matching(world.messages, query)
    for archive in world.archives:
        assert found(archive, query) == expected
    return expected


@pytest.mark.parametrize("needle", NEEDLES)
def test_needles(world: World, needle: str) -> None:
    for query in (Text(needle), Body(needle)):
        agree(world, query)
    for name in FIELDS:
        agree(world, Field(name, needle))


def test_needles_that_are_there_are_found(world: World) -> None:
    assert {1, 2} <= set(agree(world, Text("driver")))
    assert agree(world, Body("отпуск")) == [10]
    assert agree(world, Text("ОТПУСК")) == [10]
    assert agree(world, Body("драйвер")) == []
    assert agree(world, Text("hidden.bin")) == [10]
    assert agree(world, Body("hidden.bin")) == []
    assert agree(world, Text("attached words")) == []
    assert agree(world, Body("subject: within")) == [10]
    assert agree(world, Field(b"Subject", "grüsse an alle")) == [10]
    assert agree(world, Field(b"To", "zoë")) == [10]
    assert agree(world, Field(b"bcc", "")) == [4]
    assert agree(world, Field(b"x-empty", "")) == [4]
    assert agree(world, Field(b"x-empty", "a")) == []
    assert agree(world, Field(b"x-missing", "")) == []
    assert 5 in agree(world, Body("STRASSE"))


def test_numbers(world: World) -> None:
    high = world.messages[-1].entry.number
    assert agree(world, All()) == [each.entry.number for each in world.messages]
    assert agree(world, Numbers.of([1, 2, 3, 4, 20, high, high + 1])) == [1, 2, 4, high]
    assert agree(world, Numbers()) == []
    assert agree(world, Marked(Bitmap.of([range(2, 6)]))) == [2, 4, 5]


def test_joined(world: World) -> None:
    driver, patch = Text("driver"), Field(b"subject", "patch")
    agree(world, And((driver, patch)))
    agree(world, And((driver, Not(patch))))
    agree(world, Or((patch, driver, Larger(3000))))
    agree(world, Not(Or((patch, Not(driver)))))
    assert agree(world, And(())) == agree(world, All())
    assert agree(world, Or(())) == []
    assert agree(world, And((Numbers(((1, 4),)), Or((Body("probe"), Body("blanks")))))) == [1, 4]


def test_days_and_times(world: World) -> None:
    midnight = SENT - SENT % DAY
    on = agree(world, Sent(midnight, midnight + DAY))
    assert {1, 10} <= set(on)
    assert not {7, 8} & set(on)
    assert 8 in agree(world, Sent(None, midnight))
    assert 7 not in agree(world, Sent(None, None))
    received = world.messages[3].entry.received
    assert 5 in agree(world, Received(received, received + 1))
    agree(world, Received(None, received))
    high = world.messages[-1].entry.number
    assert agree(world, Arrived(NOW + 200, None)) == [high]
    assert set(agree(world, Arrived(NOW, NOW + 1))) == {*range(1, len(MAILS) + 1)} - {3}
    assert agree(world, Arrived(NOW + 201, None)) == []
    assert agree(world, Arrived(None, NOW)) == []
    assert agree(world, Arrived(NOW + 300, NOW)) == []


def test_sizes_and_digests(world: World) -> None:
    entry = world.messages[10].entry
    assert entry.number not in agree(world, Larger(entry.size))
    assert entry.number in agree(world, Larger(entry.size - 1))
    assert entry.number not in agree(world, Smaller(entry.size))
    assert entry.number in agree(world, Smaller(entry.size + 1))
    assert entry.number in agree(world, Digest(entry.digest))
    assert agree(world, Digest(bytes(16))) == []


NEEDLE = st.sampled_from(NEEDLES)
TIMES = st.none() | st.integers(SENT - 3 * DAY, SENT + 3 * DAY)
LEAVES = st.one_of(
    st.just(All()),
    st.builds(Numbers.of, st.sets(st.integers(1, 300)).map(sorted)),
    st.builds(Sent, TIMES, TIMES),
    st.builds(Received, TIMES, TIMES),
    st.builds(Arrived, st.none() | st.integers(NOW - 1, NOW + 300), st.none()),
    st.builds(Larger, st.integers(0, 5000)),
    st.builds(Smaller, st.integers(0, 5000)),
    st.builds(Text, NEEDLE),
    st.builds(Body, NEEDLE),
    st.builds(Field, st.sampled_from(FIELDS), NEEDLE),
    st.builds(
        Words,
        NEEDLE | st.sampled_from(PHRASES),
        st.sampled_from([b"", b"", b"subject", b"From", b"to", b"cc", b"bcc"]),
        st.booleans(),
        st.booleans(),
    ),
    st.sampled_from([Attached(), Patched()]),
)
QUERIES = st.recursive(
    LEAVES,
    lambda inner: st.one_of(
        st.builds(Not, inner),
        st.builds(And, st.lists(inner, max_size=3)),
        st.builds(Or, st.lists(inner, max_size=3)),
    ),
    max_leaves=6,
)
SLOW = settings(
    deadline=None, max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture]
)


@SLOW
@given(QUERIES)
def test_any_query(world: World, query: Query) -> None:
    agree(world, query)


@SLOW
@given(st.data())
def test_any_part_of_a_text_is_found(world: World, data: st.DataObject) -> None:
    message = data.draw(st.sampled_from(world.messages))
    in_body = data.draw(st.booleans())
    text = message.text.body if in_body else message.text.head
    start = data.draw(st.integers(0, max(len(text) - 1, 0)))
    needle = text[start : start + data.draw(st.integers(1, 60))].decode("utf-8", "ignore")
    needle = needle.partition("\0")[0]  # what stands between two parts is of neither
    assert (
        message.entry.number in agree(world, Body(needle) if in_body else Text(needle)) or not text
    )


def test_a_range_may_be_searched(world: World) -> None:
    for archive in world.archives:
        assert found(archive, All(), 2, 6) == [2, 4, 5, 6]
        assert found(archive, Text("driver"), 2, 2) == [2]
        assert found(archive, All(), 20, 22) == []
        assert found(archive, All(), 5, 4) == []
        assert found(archive, All(), 10_000, 20_000) == []


def test_another_list_is_not_told_of(world: World) -> None:
    assert agree(world, Text("secret word")) == []
    assert agree(world, Text("secret")) == []


def test_a_deep_query_takes_no_recursion(world: World) -> None:
    query: Query = Text("driver")
    for _ in range(3000):
        query = Not(query)
    for archive in world.archives:
        assert found(archive, query) == matching(world.messages, Text("driver"))


def test_no_such_list_is_told_at_once(engine: Engine) -> None:
    archive = engine.archive()
    with pytest.raises(NoSuchList):
        search(archive, "nope", All(), 1, 1)


def test_an_empty_list(engine: Engine) -> None:
    with engine.writer().batch() as batch:
        batch.mailing_list(LIST)
    assert found(engine.archive(), Text("a")) == []


def test_what_was_added_is_found_and_what_was_removed_is_not(engine: Engine) -> None:
    writer = engine.writer()
    archive = engine.archive()
    for at in range(1, 9):
        fill(
            writer,
            LIST,
            [mail(str(at), body=f"Common, {'odd' if at % 2 else 'even'}.\n")],
            now=NOW + at,
        )
        archive.refresh()
        assert found(archive, Text("common")) == [*range(1, at + 1)]
        assert found(archive, Body("odd")) == [*range(1, at + 1, 2)]
    with writer.batch() as batch:
        for number in (2, 3, 8):
            batch.remove(LIST, number)
    archive.refresh()
    assert found(archive, Text("common")) == [1, 4, 5, 6, 7]
    assert found(archive, Body("odd")) == [1, 5, 7]


@pytest.mark.parametrize("needle", PHRASES)
def test_words(world: World, needle: str) -> None:
    for at_start in (False, True):
        for at_end in (False, True):
            agree(world, Words(needle, b"", at_start, at_end))
    agree(world, Words(needle, b"subject"))


def test_words_are_found_across_signs_and_line_ends_and_where_they_begin(world: World) -> None:
    by_id = {each.entry.message_id: each.entry.number for each in world.messages}
    words, diff = by_id[b"<words@x.example>"], by_id[b"<diff@x.example>"]
    assert words in agree(world, Words("use after free"))
    assert words in agree(world, Words("use-after-fre"))
    assert words not in agree(world, Words("se after"))
    assert words in agree(world, Words("se after", at_start=False))
    assert words in agree(world, Words("driver s end"))
    assert diff in agree(world, Patched())
    assert diff not in agree(world, Attached())


def test_the_newest_come_first(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    queries: list[Query] = [
        All(),
        Words("driver"),
        Not(Words("driver")),
        And((Words("the"), Larger(900))),
        Or((Words("use after free"), Text("driver: probe"))),
        Text("nowhere"),
    ]
    for archive in world.archives:
        for query in queries:
            for first, last in ((1, 2**31 - 1), (5, 200), (9, 8)):
                told = found_newest(archive, query, first, last)
                assert told == found(archive, query, first, last)[::-1]
    monkeypatch.setattr(Pace, "is_due", lambda _: True)
    assert (
        found_newest(world.archives[1], Words("use after"))
        == found(world.archives[0], Words("use after"))[::-1]
    )


def test_the_newest_are_told_of_before_the_others_are_looked_at(world: World) -> None:
    async def first(archive: Archive) -> tuple[Sequence[int], int]:
        async for looked in newest(archive, LIST, All(), 1, 2**31 - 1):
            return looked
        raise AssertionError

    high = world.messages[-1].entry.number
    for archive in world.archives:
        numbers, down_to = asyncio.run(first(archive))
        assert numbers[0] == high
        assert 1 < down_to <= numbers[-1]


def test_the_newest_of_no_list(engine: Engine) -> None:
    with pytest.raises(NoSuchList):
        newest(engine.archive(), "nope", All(), 1, 1)


def test_the_reactor_is_let_go_between_steps(world: World) -> None:
    async def longest(archive: Archive) -> float:
        most, since = 0.0, time.perf_counter()
        async for _ in search(archive, LIST, And([Text("- ")] * 3), 1, RUN_NUMBERS):
            now = time.perf_counter()
            most, since = max(most, now - since), now
        return most

    for archive in world.archives:
        assert asyncio.run(longest(archive)) < 0.1  # 6 ms where nothing else runs


def test_what_was_found_is_known_until_a_message_changes(engine: Engine) -> None:
    fill(engine.writer(), LIST, [mail(str(at), body=f"Word{at % 3}.\n") for at in range(9)])
    archive = engine.archive()
    asked: list[Query] = [
        Text("word0"),
        Body("word0"),
        Field(b"subject", "topic"),
        Not(Text("word1")),
    ]
    asked.append(And((Field(b"subject", "topic"), Numbers(((1, 5),)), Text("word0"))))
    before = [found(archive, query) for query in asked]
    assert before == [[1, 4, 7], [1, 4, 7], [*range(1, 10)], [1, 3, 4, 6, 7, 9], [1, 4]]
    read = archive.served
    reads: list[int] = []

    async def counted(name: str, number: int) -> Served:
        reads.append(number)
        return await read(name, number)

    archive.served = counted  # type: ignore[method-assign]  # to see which messages are read again
    assert [found(archive, query) for query in asked] == before
    assert not reads
    fill(engine.writer(), LIST, [mail("new", body="Word0.\n")], now=NOW + 1)
    with engine.writer().batch() as batch:
        batch.remove(LIST, 4)
    archive.refresh()
    assert found(archive, Text("word0")) == [1, 7, 10]
    assert found(archive, asked[-1]) == [1]
    assert set(reads) <= {10}
    poor = Incoming(mail("copy", body="Somewhat poor.\n"), None, "page", b"1", 1, Fidelity.PAGE)
    better = Incoming(mail("copy", body="Quite good.\n"), None, "mail", b"1", 1)
    for copy, word in ((poor, "poor"), (better, "good")):
        take(engine.writer(), LIST, Items([copy], word))
        archive.refresh()
        assert [found(archive, Text(each)) for each in ("poor", "good")] == [
            [11] if word == each else [] for each in ("poor", "good")
        ]
