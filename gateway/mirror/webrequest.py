"""What is asked of a web server, and what its answer means: no socket, no file.

RFC 9110: conditions, ranges, redirections, Retry-After. A copy that is there is asked for again with what the server
said of its version; one that broke off, from where it broke off, if it still is the same version. The names of an
answer's fields are in lower case.
"""

from __future__ import annotations

import base64
import enum
import re
from dataclasses import dataclass, field
from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING, Final, NamedTuple
from urllib.parse import quote, unquote, urljoin, urlsplit

import gateway
from storage.errors import SourceError
from storage.peers import shown_url

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = [
    "Meaning",
    "Place",
    "Version",
    "headers_for",
    "joined",
    "meaning",
    "redirected",
    "retry_after",
]

MAX_RETRY_AFTER: Final = 86_400.0
"""Seconds for which a server may ask to be left alone."""

_PORTS: Final = {"http": 80, "https": 443}
_MAX_URL: Final = 2048
_SAFE: Final = "/%:=&?~+!$,;'@()*-._"
_CONTENT_RANGE: Final = re.compile(r"bytes ([0-9]{1,15})-([0-9]{1,15})/([0-9]{1,15}|\*)")
_MAX_VERSION: Final = 1000
"""Octets of what tells a version: what is longer is not sent again."""


class Meaning(enum.Enum):
    """What an answer means for the copy."""

    UNCHANGED = enum.auto()
    """The copy is the server's version still."""
    WHOLE = enum.auto()
    """All of it comes."""
    REST = enum.auto()
    """What is missing of a copy that broke off comes."""
    BROKEN = enum.auto()
    """The copy that broke off is of no use."""
    ELSEWHERE = enum.auto()
    """It is at the place that Location names."""


class Version(NamedTuple):
    """What a server said of the version of a copy; empty where it said nothing."""

    etag: str = ""
    modified: str = ""

    @classmethod
    def of(cls, headers: Mapping[str, str]) -> Version:
        """Read it out of a response's header; what cannot be said again as it was is nothing."""
        said = [headers.get(name, "") for name in ("etag", "last-modified")]
        return cls(
            *(each if each.isprintable() and len(each) <= _MAX_VERSION else "" for each in said)
        )

    @property
    def of_range(self) -> str:
        """What may stand in If-Range: not a weak entity tag. RFC 9110 s. 13.1.5."""
        return self.etag if self.etag and not self.etag.startswith("W/") else self.modified


@dataclass(frozen=True, slots=True)
class Place:
    """Where something is on the web. ``target`` is path and query; ``login`` is what Authorization holds, if anything."""

    scheme: str
    host: str
    port: int
    target: str
    url: str
    login: str = field(default="", repr=False)

    @classmethod
    def of(cls, url: str) -> Place:
        """Return the place of a URL; ``url`` is without its password from then on.

        Raises:
            SourceError: it is no URL of the web.
        """
        shown = shown_url(url)
        try:
            parts = urlsplit(url)
            host, port = (parts.hostname or "").encode("idna").decode(), parts.port
        except ValueError:
            host, port, parts = "", None, urlsplit("")
        if parts.scheme not in _PORTS or not host or len(url) > _MAX_URL or not url.isprintable():
            raise SourceError(f"{shown[:_MAX_URL]!r}: no URL of the web: write https://host/path")
        query = f"?{parts.query}" if parts.query else ""
        login = ""
        if parts.username is not None:
            user = f"{unquote(parts.username)}:{unquote(parts.password or '')}"
            login = "Basic " + base64.b64encode(user.encode()).decode()
        return cls(
            parts.scheme,
            host,
            port or _PORTS[parts.scheme],
            quote((parts.path or "/") + query, safe=_SAFE),
            shown.partition("#")[0],
            login,
        )

    @property
    def server(self) -> tuple[str, str, int]:
        """What one connection leads to."""
        return self.scheme, self.host, self.port


def headers_for(
    place: Place, copy: Version | None, part: Version | None, part_size: int
) -> dict[str, str]:
    """Return the header of a request: for a whole ``copy`` that is there, or for what is missing of a ``part``."""
    headers = {
        "User-Agent": f"listgate/{gateway.__version__} (mailing list archive)",
        "Accept": "*/*",
        "Accept-Encoding": "identity",
    }
    if place.login:
        headers["Authorization"] = place.login
    if part is not None and part_size and part.of_range:
        headers["Range"] = f"bytes={part_size}-"
        headers["If-Range"] = part.of_range
    elif copy is not None:
        if copy.etag:
            headers["If-None-Match"] = copy.etag
        if copy.modified:
            headers["If-Modified-Since"] = copy.modified
    return headers


def meaning(place: Place, status: int, headers: Mapping[str, str], part_size: int) -> Meaning:
    """Return what an answer means.

    Raises:
        SourceError: the server does not give it.
    """
    if status == 200:
        return Meaning.WHOLE
    if status == 304:
        return Meaning.UNCHANGED
    if status == 206:
        found = _CONTENT_RANGE.fullmatch(headers.get("content-range", "").strip())
        if found is None or int(found[1]) != part_size:
            return Meaning.BROKEN
        is_all = found[3] == "*" or int(found[2]) + 1 == int(found[3])
        return Meaning.REST if is_all else Meaning.BROKEN
    if status == 416:
        return Meaning.BROKEN
    if status in {301, 302, 303, 307, 308} and headers.get("location"):
        return Meaning.ELSEWHERE
    raise SourceError(f"{place.url}: the server says {status}: {_remedy(status)}")


def redirected(place: Place, headers: Mapping[str, str]) -> Place:
    """Return where a server sends us on to. Who logs in here does not there, where that is another server.

    Raises:
        SourceError: that is no place of the web, or one without TLS where this one has it.
    """
    there = Place.of(joined(place.url, headers["location"].strip()))
    if place.scheme == "https" and there.scheme == "http":
        raise SourceError(
            f"{place.url}: the server sends us on to {there.url}, without TLS: name that URL if you mean it"
        )
    login = place.login if there.server == place.server else ""
    return Place(there.scheme, there.host, there.port, there.target, there.url, login)


def joined(url: str, link: str) -> str:
    """Return where a link on the page at ``url`` leads; the link itself where that is not to be told."""
    try:
        return urljoin(url, link)
    except ValueError:
        return link


def retry_after(status: int, headers: Mapping[str, str], now: float) -> float | None:
    """Return until when a server asks to be left alone, or None where it does not. RFC 9110 s. 10.2.3."""
    value = headers.get("retry-after", "").strip()
    if status not in {429, 503} or not value:
        return None
    if value.isascii() and value.isdigit():
        seconds = float(value[:9])
    else:
        try:
            seconds = parsedate_to_datetime(value).timestamp() - now
        except (ValueError, OverflowError):
            return None
    return now + min(max(seconds, 0.0), MAX_RETRY_AFTER)


def _remedy(status: int) -> str:
    if status in {401, 403}:
        return "check user and password in the URL, or ask who runs it"
    if status in {404, 410}:
        return "check the URL"
    return "try again later" if status >= 500 or status == 429 else "check the URL with a browser"
