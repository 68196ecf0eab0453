"""The templates: records in, octets out. Whatever is put into one is escaped."""

from __future__ import annotations

import datetime as dt
from hashlib import blake2b
from pathlib import Path
from typing import TYPE_CHECKING, Final

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from gateway.web.answers import Answer
from storage.days import date_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from gateway.web.asks import Ask
    from gateway.web.reading import Reading

__all__ = ["STYLE", "STYLE_NAME", "page", "prepare", "render"]

_FOLDER: Final = Path(__file__).parent

STYLE: Final = (_FOLDER / "static" / "style.css").read_bytes()
STYLE_NAME: Final = f"style-{blake2b(STYLE, digest_size=6).hexdigest()}.css"


def zoned(sent: int, zone: int | None) -> str:
    """Return a time by the clock of who wrote it, with the zone: ``2024-07-28 20:02:11 +0300``; UTC without one."""
    minutes = zone or 0
    when = _at(sent + 60 * minutes)
    sign = "-" if minutes < 0 else "+"
    return f"{when:%Y-%m-%d %H:%M:%S} {sign}{abs(minutes) // 60:02}{abs(minutes) % 60:02}"


def iso(sent: int) -> str:
    """Return a time as RFC 3339 writes it, in UTC."""
    return f"{_at(sent):%Y-%m-%dT%H:%M:%SZ}"


def short(sent: int) -> str:
    """Return a time in UTC to the minute, for listings."""
    return f"{_at(sent):%Y-%m-%d %H:%M}"


def date(day: int) -> str:
    """Return the date of a day; days count from 1970-01-01."""
    return date_of(day).isoformat()


def _at(seconds: int) -> dt.datetime:
    return dt.datetime(1970, 1, 1, tzinfo=dt.UTC) + dt.timedelta(seconds=seconds)


def _environment() -> Environment:
    made = Environment(
        loader=FileSystemLoader(_FOLDER / "templates"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        auto_reload=False,
    )
    made.filters.update(date=date, zoned=zoned, iso=iso, short=short)
    return made


_ENVIRONMENT: Final = _environment()


def prepare() -> Iterator[None]:
    """Compile the templates, one a step: that takes longer than a reader should wait."""
    for name in _ENVIRONMENT.list_templates():
        _ENVIRONMENT.get_template(name)
        yield


def render(template: str, **values: object) -> bytes:
    """Return a template filled with values, in UTF-8."""
    return _ENVIRONMENT.get_template(template).render(values).encode("utf-8", "replace")


def page(
    template: str,
    reading: Reading,
    ask: Ask,
    title: str,
    *,
    name: str = "",
    status: int = 200,
    changed: int | None = None,
    lists: frozenset[str] | None = None,
    is_indexed: bool = True,
    **values: object,
) -> Answer:
    """Return a web page; it depends on the list called ``name``, or on ``lists`` where they are given."""
    body = render(
        template,
        reading=reading,
        urls=reading.urls,
        settings=reading.settings,
        ask=ask,
        title=title,
        name=name,
        is_indexed=is_indexed,
        **values,
    )
    if lists is None:
        lists = frozenset({name} if name else ())
    return Answer(body, status=status, lists=lists, changed=changed, is_indexed=is_indexed)
