"""Property: over DEFLATE a client reads exactly what another reads without it, whatever was made ready for whom, and when."""

from __future__ import annotations

import shutil
import zlib
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from gateway import imap, nntp
from gateway.access import Policy, Reader
from gateway.deflate import DeflateLayer
from gateway.wire import Deflated, Upgrade
from storage.memory_marks import MemoryMarks
from storage.sqlite.cache import CACHE
from tests.mail import NOW, SqliteEngine, fill, gathered, mail

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from gateway.wire import Session
    from storage.archive import Archive

NAMES: Final = ("l", "m", "secret")
SIZE: Final = 530
"""Two full pages and one with room; every seventh message is in all lists."""

POLICY: Final = Policy({"secret": ["ann"]})
USERS: Final = (None, "ann", "bob")
SHOWN: Final = (
    b"UID",
    b"(UID FLAGS)",
    b"ALL",
    b"(FLAGS BODY.PEEK[HEADER.FIELDS (SUBJECT FROM)])",
    b"(FLAGS BODY.PEEK[HEADER.FIELDS (SUBJECT FROM)]<2.7>)",
    b"(UID BODY.PEEK[HEADER.FIELDS (SUBJECT FROM)]<2.9>)",
    b"(BODYSTRUCTURE PREVIEW)",
    b"(UID MODSEQ)",
    b"(RFC822.SIZE INTERNALDATE THREADID)",
)

NUMBERS = st.integers(1, SIZE + 9)
SPANS = st.one_of(
    st.just(b"1-"),
    st.tuples(NUMBERS, NUMBERS).map(lambda span: b"%d-%d" % (min(span), max(span))),
    NUMBERS.map(lambda number: b"%d-" % number),
    st.sampled_from([b"1-255", b"256-511", b"2-255", b"1-256", b"200-520", b"512-"]),
)
LISTS = st.sampled_from(NAMES)
READERS = st.sampled_from(USERS)
STEPS = st.lists(
    st.one_of(
        st.tuples(st.just("over"), READERS, LISTS, SPANS, st.sampled_from([b"a", b"b"])),
        st.tuples(st.just("fetch"), READERS, LISTS, SPANS, st.sampled_from(SHOWN)),
        st.tuples(st.just("remove"), LISTS, NUMBERS),
        st.tuples(st.just("arrive"), LISTS),
        st.tuples(st.just("flag"), READERS, LISTS, NUMBERS),
        st.tuples(st.just("refresh")),
        st.tuples(st.just("forget")),
    ),
    min_size=3,
    max_size=20,
)


@pytest.fixture(scope="module")
def filled(tmp_path_factory: pytest.TempPathFactory) -> Path:
    engine = SqliteEngine(tmp_path_factory.mktemp("filled"))
    for name in NAMES:
        mails = [mail(str(n) if n % 7 == 0 else f"{name}{n}", subject=f"{n}") for n in range(SIZE)]
        fill(engine.writer(), name, mails)
    engine.close()
    return engine.directory


@dataclass
class World:
    """An archive, and two processes that serve it: one without DEFLATE."""

    engine: SqliteEngine
    plain: Archive
    other: Archive
    marks: MemoryMarks
    arrivals: int = 0
    ready: int = 0

    def over(self, user: str | None, name: str, span: bytes, host: bytes) -> None:
        commands = b"GROUP %b\r\nOVER %b\r\nOVER\r\n" % (name.encode(), span)
        self.compare(
            commands,
            *(
                nntp.Session(archive, nntp.Settings(host), POLICY)
                for archive in (self.plain, self.other)
            ),
            user=user,
        )

    def fetch(self, user: str | None, name: str, span: bytes, items: bytes) -> None:
        first, last = span.split(b"-")
        commands = b"a EXAMINE %b\r\nb FETCH %b:%b %b\r\nc UID FETCH %b:%b %b\r\n" % (
            name.encode(),
            *(first, last or b"*", items) * 2,
        )
        self.compare(
            commands,
            *(
                imap.Session(archive, imap.Settings(), POLICY, marks=self.marks)
                for archive in (self.plain, self.other)
            ),
            user=user,
        )

    def compare(
        self,
        commands: bytes,
        plain: nntp.Session | imap.Session,
        other: nntp.Session | imap.Session,
        *,
        user: str | None,
    ) -> None:
        """Send commands to two sessions, the other one over DEFLATE."""
        for session in (plain, other):
            session.login(Reader(user))
        other.upgraded(Upgrade.DEFLATE)
        expected = b"".join(self.answer(plain, commands))
        pieces = self.answer(other, commands)
        self.ready += sum(isinstance(piece, Deflated) for piece in pieces)
        layer = DeflateLayer()
        stream = b"".join(layer.sent(*pieces[at : at + 3]) for at in range(0, len(pieces), 3))
        assert zlib.decompressobj(-15).decompress(stream) == expected

    @staticmethod
    def answer(session: Session, commands: bytes) -> Sequence[bytes]:
        session.feed(commands)
        pieces = gathered(session.respond())
        return [piece for piece in pieces if isinstance(piece, bytes) and piece]

    def remove(self, name: str, number: int) -> None:
        if self.plain.mailing_list(name).has(number):
            with self.engine.writer().batch() as batch:
                batch.remove(name, number)
            self.refresh()

    def arrive(self, name: str) -> None:
        self.arrivals += 1
        fill(self.engine.writer(), name, [mail(f"late{self.arrivals}")], now=NOW + self.arrivals)
        self.refresh()

    def flag(self, user: str | None, name: str, number: int) -> None:
        session = imap.Session(self.plain, imap.Settings(), POLICY, marks=self.marks)
        session.login(Reader(user))
        self.answer(
            session, b"a SELECT %b\r\nb UID STORE %d +FLAGS (\\Seen)\r\n" % (name.encode(), number)
        )

    def refresh(self) -> None:
        """Both look at once: else they would rightly differ."""
        self.plain.refresh()
        self.other.refresh()

    def forget(self) -> None:
        (self.engine.directory / CACHE).unlink(missing_ok=True)


@settings(
    max_examples=40,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(steps=STEPS)
def test_what_is_read_over_deflate(
    filled: Path, tmp_path_factory: pytest.TempPathFactory, steps: list[tuple[object, ...]]
) -> None:
    with world(filled, tmp_path_factory.mktemp("world")) as each:
        for what, *how in steps:
            getattr(each, str(what))(*how)


def test_whole_pages_come_ready(filled: Path, tmp_path: Path) -> None:
    with world(filled, tmp_path) as each:
        each.over(None, "l", b"1-", b"a")
        assert each.ready == 2
        each.over(None, "l", b"2-511", b"a")
        assert each.ready == 3, "of a page that is cut, none does"
        each.fetch(None, "l", b"1-", b"ALL")
        assert each.ready == 7, "by number and by UID"
        each.flag("ann", "l", 3)
        each.fetch("ann", "l", b"1-", b"ALL")
        assert each.ready == 9, "where a user has flags, none does"


def test_numbers_that_move_are_told_anew(filled: Path, tmp_path: Path) -> None:
    with world(filled, tmp_path) as each:
        each.fetch(None, "l", b"1-", b"ALL")
        each.remove("l", 5)
        each.fetch(None, "l", b"1-", b"ALL")
        assert each.ready == 8


def test_parts_of_fields_are_not_taken_for_each_other(filled: Path, tmp_path: Path) -> None:
    with world(filled, tmp_path) as each:
        for window in (b"", b"<2.7>", b"<2.9>", b"<1.9>"):
            each.fetch(
                None, "l", b"1-", b"(UID BODY.PEEK[HEADER.FIELDS (SUBJECT FROM)]%b)" % window
            )
        each.fetch(None, "l", b"1-", b"(UID BODY.PEEK[HEADER.FIELDS (FROM SUBJECT)])")
        each.fetch(None, "l", b"1-", b"(UID BODY.PEEK[HEADER.FIELDS (SUBJECT)])")


def test_nobody_is_shown_what_was_made_for_another(filled: Path, tmp_path: Path) -> None:
    with world(filled, tmp_path) as each:
        for user in ("ann", None, "bob", "ann"):
            each.over(user, "l", b"1-", b"a")
        assert each.ready == 8


@contextmanager
def world(filled: Path, directory: Path) -> Iterator[World]:
    shutil.copytree(filled, directory, dirs_exist_ok=True)
    engine = SqliteEngine(directory)
    plain, other = engine.archive(), engine.archive()
    yield World(engine, plain, other, MemoryMarks())
    engine.close()
