"""A message that another process removes while a reader still knows it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import pytest

from gateway.web.settings import Settings
from tests.mail import SqliteEngine, done, fill, mail
from tests.web.asked import Asked

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

NAME: Final = "lists.made"
HOME: Final = f"/{NAME}/m"


@pytest.fixture
def engine(tmp_path: Path) -> Iterator[SqliteEngine]:
    made = SqliteEngine(tmp_path / "archive")
    fill(
        made.writer(),
        NAME,
        [mail(f"m{n}", answers="m0" if n else None, body=f"Text {n}.\n") for n in range(3)],
    )
    yield made
    made.close()


@pytest.mark.parametrize("last", ["", "/raw", "/thread", "/flat", "/1"])
@pytest.mark.parametrize("obfuscate", [True, False])
def test_its_own_pages(engine: SqliteEngine, last: str, *, obfuscate: bool) -> None:
    """It is gone as soon as the reader sees that it is, whatever was kept; until then nothing fails."""
    archive = engine.archive()
    asked = Asked(archive, Settings(obfuscate=obfuscate))
    url = f"{HOME}/m1@x.example{last}"
    asked.followed(f"{HOME}/m1@x.example/thread")
    remove(engine, 2)
    assert asked.followed(url)[0].status in {200, 404, 410}
    assert Asked(engine.archive()).answer(url)[0].status == 410
    archive.refresh()
    answer, body = asked.answer(url)
    assert answer.status == 410
    assert b"Text 1." not in body


@pytest.mark.parametrize("last", ["", "/raw", "/thread", "/flat", "/1"])
@pytest.mark.parametrize("obfuscate", [True, False])
def test_where_it_was_is_known_but_not_what_it_said(
    engine: SqliteEngine, last: str, *, obfuscate: bool
) -> None:
    archive = engine.archive()
    assert done(archive.find(b"<m1@x.example>"))
    remove(engine, 2)
    asked = Asked(archive, Settings(obfuscate=obfuscate))
    assert asked.answer(f"{HOME}/m1@x.example{last}")[0].status == 404


@pytest.mark.parametrize("last", ["", "/thread", "/flat"])
@pytest.mark.parametrize("is_known", [True, False])
def test_pages_that_show_it(engine: SqliteEngine, last: str, *, is_known: bool) -> None:
    archive = engine.archive()
    asked = Asked(archive)
    url = f"{HOME}/m0@x.example{last}"
    if is_known:
        asked.answer(url)
    remove(engine, 2)
    assert asked.answer(url)[0].status == 200
    archive.refresh()
    answer, body = asked.answer(url)
    assert answer.status == 200
    assert b"Text 1." not in body
    assert b"Text 0." in body
    assert last == "/flat" or b"[message not in the archive]" in body


def remove(engine: SqliteEngine, number: int) -> None:
    with engine.writer().batch() as batch:
        batch.remove(NAME, number)
