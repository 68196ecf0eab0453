"""What every engine does alike with what is made of whole pages."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from storage.errors import NoSuchList
from storage.making import Form
from storage.model import Rendition
from tests.mail import Engine, done, fill, mail

if TYPE_CHECKING:
    from storage.archive import Archive

FORM = Form((Rendition.OVERVIEW,), b"lines")
MESSAGES = 300
"""Enough for a page that is full and one that has room."""


class Maker:
    """Makes another thing whenever it is asked."""

    def __init__(self) -> None:
        self.times = 0

    async def make(self) -> bytes:
        self.times += 1
        return b"made %d" % self.times


@pytest.fixture
def maker() -> Maker:
    return Maker()


@pytest.fixture
def archive(engine: Engine) -> Archive:
    fill(engine.writer(), "l", [mail(str(n)) for n in range(MESSAGES)])
    fill(engine.writer(), "other", [mail(f"o{n}") for n in range(MESSAGES)])
    return engine.archive()


def made(
    archive: Archive, maker: Maker, form: Form = FORM, name: str = "l", page: int = 0
) -> bytes:
    return done(archive.made(form, name, page, maker.make))


def test_it_is_made_once(archive: Archive, maker: Maker) -> None:
    assert [made(archive, maker) for _ in range(3)] == [b"made 1"] * 3


def test_each_form_list_and_page_has_its_own(archive: Archive, maker: Maker) -> None:
    facts = Form((Rendition.FACTS,), b"lines")
    both = Form((Rendition.OVERVIEW, Rendition.FACTS), b"lines")
    other = Form((Rendition.OVERVIEW,), b"other lines")
    assert made(archive, maker) == b"made 1"
    assert made(archive, maker, other) == b"made 2"
    assert made(archive, maker, name="other") == b"made 3"
    assert made(archive, maker, facts) == b"made 4"
    assert made(archive, maker, both) == b"made 5"
    assert made(archive, maker, other) == b"made 2"


def test_what_else_it_depends_on_counts(archive: Archive, maker: Maker) -> None:
    one, two = (Form((Rendition.OVERVIEW,), b"lines", besides) for besides in (b"1", b"2"))
    assert [made(archive, maker, form) for form in (one, one, two, two)] == [
        b"made 1",
        b"made 1",
        b"made 2",
        b"made 2",
    ]


def test_nothing_is_made_of_a_page_that_has_room(archive: Archive, maker: Maker) -> None:
    assert made(archive, maker, page=1) == b""
    assert made(archive, maker, page=7) == b""
    assert maker.times == 0


def test_nothing_is_made_of_a_page_without_rows(archive: Archive, maker: Maker) -> None:
    nothing = Form((Rendition.OVERVIEW, Rendition.LISTING), b"lines")
    assert made(archive, maker, nothing) == b"made 1", "which has them"
    with pytest.raises(NoSuchList):
        made(archive, maker, name="none")


def test_where_nothing_is_made_it_is_tried_again(archive: Archive) -> None:
    async def nothing() -> bytes:
        return b""

    maker = Maker()
    assert done(archive.made(FORM, "l", 0, nothing)) == b""
    assert made(archive, maker) == b"made 1"


def test_a_page_that_changes_is_made_anew(engine: Engine, archive: Archive, maker: Maker) -> None:
    assert made(archive, maker) == b"made 1"
    fill(engine.writer(), "l", [mail("late")], now=1_800_000_000)
    archive.refresh()
    assert made(archive, maker) == b"made 1", "a message on another page is no change"
    with engine.writer().batch() as batch:
        batch.remove("l", 3)
    archive.refresh()
    assert made(archive, maker) == b"made 2"
    assert made(archive, maker) == b"made 2"


def test_a_copy_in_another_list_is_a_change(engine: Engine, archive: Archive, maker: Maker) -> None:
    assert made(archive, maker) == b"made 1"
    fill(engine.writer(), "third", [mail("5")])
    archive.refresh()
    assert made(archive, maker) == b"made 2"
    with engine.writer().batch() as batch:
        batch.remove("third", 1)
    archive.refresh()
    assert made(archive, maker) in {b"made 1", b"made 3"}


def test_what_changes_while_it_is_made_is_not_kept(
    engine: Engine, archive: Archive, maker: Maker
) -> None:
    async def make() -> bytes:
        with engine.writer().batch() as batch:
            batch.remove("l", 3)
        archive.refresh()
        return b"of neither"

    done(archive.made(FORM, "l", 0, make))
    assert made(archive, maker) == b"made 1"
