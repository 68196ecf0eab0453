"""Made lists, and what their pages show."""

from __future__ import annotations

import datetime as dt
import random
import re
from dataclasses import dataclass, field
from html.parser import HTMLParser
from typing import TYPE_CHECKING

from tests.mail import mail

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from tests.mail import Engine
    from tests.web.asked import Asked

ZONES = ("+0000", "-1200", "+1400", "+0530", "-0330")
EPOCH = dt.datetime(1970, 1, 1, tzinfo=dt.UTC)


@dataclass(frozen=True, slots=True)
class Made:
    """A mail that was made: its name, and the day on which the list received it, by UTC."""

    own: str
    day: dt.date
    octets: bytes


def made(own: str, when: dt.datetime, zone: str, *, answers: str | None = None) -> Made:
    """Return a mail that was sent at a time, which is written by the clock of a zone."""
    minutes = int(zone[:3]) * 60 + int(zone[0] + zone[3:])
    local = when.astimezone(dt.timezone(dt.timedelta(minutes=minutes)))
    octets = mail(
        own,
        answers=answers,
        subject=f"{'Re: ' if answers else ''}{own}",
        date=f"{local:%d %b %Y %H:%M:%S} {zone}",
    )
    return Made(own, when.date(), octets)


def made_over_years(seed: int, count: int, years: Sequence[int]) -> Sequence[Made]:
    """Return mails of some years, in order, some on the same day, some that answer others."""
    some = random.Random(seed)
    start = dt.datetime(years[0], 1, 1, tzinfo=dt.UTC)
    seconds = int((dt.datetime(years[-1] + 1, 1, 1, tzinfo=dt.UTC) - start).total_seconds())
    days = [start + dt.timedelta(seconds=some.randrange(seconds)) for _ in range(count // 3)]
    edges = [
        dt.datetime(years[0], 12, 31, 23, 59, 59, tzinfo=dt.UTC),
        dt.datetime(years[-1], 1, 1, tzinfo=dt.UTC),
        dt.datetime(years[-1], 2, 28, 23, 0, tzinfo=dt.UTC),
    ]
    times = sorted(
        [
            *edges,
            *(some.choice(days) + dt.timedelta(seconds=some.randrange(9000)) for _ in range(count)),
        ]
    )
    found: list[Made] = []
    for at, when in enumerate(times):
        answers = found[some.randrange(at)].own if at and some.random() < 0.6 else None
        found.append(made(f"s{seed}n{at + 1}", when, some.choice(ZONES), answers=answers))
    return found


def remove(engine: Engine, name: str, numbers: Iterable[int]) -> None:
    with engine.writer().batch() as batch:
        for number in numbers:
            batch.remove(name, number)


def hide(engine: Engine, name: str, numbers: Iterable[int]) -> None:
    with engine.writer().batch() as batch:
        batch.hide(name, list(numbers))


@dataclass(slots=True)
class Shown:
    """A page: where its links lead and what they say, in the order in which they stand; ``main`` are those of its main."""

    status: int
    text: str
    links: list[tuple[str, str]] = field(default_factory=list)
    main: list[tuple[str, str]] = field(default_factory=list)

    def texts(self, pattern: str) -> dict[str, str]:
        """Return what the links of the main part say that lead to what a pattern matches, by its first group."""
        return {
            found[1]: text
            for href, text in self.main
            if (found := re.fullmatch(pattern, href)) is not None
        }

    def counts(self, pattern: str) -> dict[str, int]:
        """Return the last number in what links say that lead to what a pattern matches, by its first group."""
        return {
            key: int(re.findall(r"[0-9]+", text)[-1]) for key, text in self.texts(pattern).items()
        }


def shown(asked: Asked, path: str) -> Shown:
    """Return the page at a path."""
    answer, body = asked.answer(path)
    page = Shown(answer.status, body.decode())
    _Links(page).feed(page.text)
    return page


class _Links(HTMLParser):
    def __init__(self, page: Shown) -> None:
        super().__init__()
        self._page = page
        self._is_main = False
        self._href: str | None = None
        self._said: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag == "main":
            self._is_main = True
        if tag in {"a", "link"}:
            self._href, self._said = dict(attrs).get("href"), []
        if tag == "link":
            self.handle_endtag("a")

    def handle_data(self, data: str) -> None:
        self._said.append(data)

    def handle_endtag(self, tag: str) -> None:
        if tag == "main":
            self._is_main = False
        if tag == "a" and self._href is not None:
            link = self._href, " ".join("".join(self._said).split())
            self._page.links.append(link)
            if self._is_main:
                self._page.main.append(link)
            self._href = None
