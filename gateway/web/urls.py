"""Every address of the web archive is made here; ``root`` is the path below which it lies, without a slash at its end."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import Final
from urllib.parse import quote, quote_from_bytes, urlencode

from storage.days import date_of

__all__ = ["SAFE", "Urls"]

SAFE: Final = "@!$&'()*+,;=:~"  # what RFC 3986 s. 3.3 allows in a segment unencoded


@dataclass(frozen=True, slots=True)
class Urls:
    """Addresses as they stand in links: beginning with a slash."""

    root: str = ""
    style: str = ""
    """The name of the stylesheet, which changes with its content."""

    def home(self) -> str:
        """Return that of the index of lists."""
        return f"{self.root}/"

    def at(self, name: str, *segments: str) -> str:
        """Return that of something within a list, or beside the lists where ``name`` is empty."""
        parts = (name, *segments) if name else segments
        return "/".join((self.root, *map(_segment, parts)))

    def mailing_list(self, name: str) -> str:
        """Return that of a list's own page."""
        return self.at(name, "")

    def year(self, name: str, year: int) -> str:
        """Return that of a year's page."""
        return self.at(name, f"{year:04}", "")

    def month(self, name: str, year: int, month: int, last: str = "") -> str:
        """Return that of a month's page, or of a document beside it."""
        return self.at(name, f"{year:04}", f"{month:02}", last)

    def day(self, name: str, day: int) -> str:
        """Return that of a day's page; days count from 1970-01-01."""
        date = date_of(day)
        return self.at(name, f"{date.year:04}", f"{date.month:02}", f"{date.day:02}", "")

    def placed(self, name: str, day: int, place: int) -> str:
        """Return that of a message by its place in its day, as blists has it."""
        return f"{self.day(name, day)}{place}"

    def message(self, name: str, message_id: bytes, *last: str) -> str:
        """Return a message's permanent address, or that of something beneath it."""
        return "/".join((self.root, _segment(name), "m", _id(message_id), *last))

    def attachment(self, name: str, message_id: bytes, at: int) -> str:
        """Return that of a message's attachment; they count from 1."""
        return self.message(name, message_id, str(at))

    def thread(
        self,
        name: str,
        message_id: bytes,
        *,
        flat: bool = False,
        number: int = 0,
        part: int = 1,
        since: int | None = None,
    ) -> str:
        """Return that of the thread whose first message this is, at the message of a number if one is given.

        A long one has parts, from 1; what has a number above ``since`` is marked as new.
        """
        url = self.message(name, message_id, "flat" if flat else "thread")
        query = {"part": part if part > 1 else None, "since": since}
        asked = urlencode({key: value for key, value in query.items() if value is not None})
        return url + (f"?{asked}" if asked else "") + (f"#m{number}" if number else "")

    def sitemap(self, name: str, part: int) -> str:
        """Return that of a part of what crawlers are told of a list; they count from 1."""
        return self.at(name, f"sitemap-{part}.xml")

    def since(self, name: str, number: int) -> str:
        """Return that of what has come to a list after a message's number."""
        return f"{self.mailing_list(name)}?since={number}"

    def threads(self, name: str, before: int = 0) -> str:
        """Return that of a list's threads, or of those that were last active before the message of a number."""
        return self.at(name, "threads") + (f"?before={before}" if before else "")

    def day_from(self, name: str, day: int, place: int) -> str:
        """Return that of a day's messages from a place on."""
        return f"{self.day(name, day)}?from={place}"

    def lists_from(self, name: str) -> str:
        """Return that of the index of lists from one on."""
        return f"{self.home()}?from={quote(name)}"

    def search(self, name: str = "", last: str = "search", **parameters: str) -> str:
        """Return that of a search over a list, or over all."""
        query = {key: value for key, value in parameters.items() if value}
        return self.at(name, last) + (f"?{urlencode(query)}" if query else "")


@lru_cache(maxsize=4096)
def _segment(text: str) -> str:
    """Return a segment of a path; most come again and again."""
    return quote(text, safe=SAFE)


@lru_cache(maxsize=4096)
def _id(message_id: bytes) -> str:
    """Return the segment of a Message-ID: a page has that of its thread several times."""
    return quote_from_bytes(message_id[1:-1], safe=SAFE)
