"""WebMirror: what an archive on the web offers for download, brought here and read from the copy.

That is one file (an mbox, compressed or not, or an archive of them), or a page that leads to a file for each month:
pipermail's index, or a list's page of HyperKitty. Of months only those are asked for that may have changed: the last
two, those that a page tells more of than it did, and those that are missing. What one server offers is asked for over
one connection, a file at a time, and not before the time is up for which it asks to be left alone.
"""

from __future__ import annotations

import json
import logging
import re
import time
from typing import TYPE_CHECKING, Final, NamedTuple
from urllib.parse import unquote, urlsplit

from gateway.mirror.lock import held
from gateway.mirror.webfetch import NotThere, Web, written
from gateway.mirror.webrequest import Place, joined
from storage.errors import SourceError
from storage.peers import shown_url
from storage.sources.base import MAX_MESSAGE
from storage.sources.cursor import digest
from storage.sources.detect import open_source
from storage.sources.links import links
from storage.sources.names import name_from_path
from storage.sources.pipermail import linked_volumes, volume_order
from storage.sources.volumes import VolumeFolder

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from storage.sources.base import Item, Source
    from storage.sources.volumes import Order

__all__ = ["WebMirror", "export_order"]

log = logging.getLogger(__name__)

COPIES: Final = "mirrors"
"""The folder of the copies within the archive's directory."""
INDEX: Final = "index.html"
MAX_PAGE: Final = 16 << 20
MAX_VOLUMES: Final = 10_000
CURRENT: Final = 2
"""How many of the last months are asked for in every run: mail that was sent before midnight comes after it."""

_TOLD: Final = "volumes.json"
"""What the page said of each month when it was brought."""
_ALONE: Final = "left-alone.json"
_FILE: Final = re.compile(
    r"\.(?:mbox|mboxrd|mboxo|mbx|eml|txt|tar|tgz|tbz2?|txz|gz|bz2|xz|zst)\Z", re.IGNORECASE
)
_UNSAFE: Final = re.compile(r"[^A-Za-z0-9._@+-]+")
_MAX_NAME: Final = 100
_EXPORT: Final = re.compile(r"[^/@]+@[^/@]+?-([0-9]{4})-([0-9]{2})\.mbox(?:\.gz)?")
_HYPERKITTY: Final = re.compile(
    r"(.*/list/([^/@]+@[^/@]+)/)(?:([0-9]{4})/([0-9]{1,2})/)?(?:latest/?)?"
)


class _Wanted(NamedTuple):
    """A month's file: where it is, what it is to be called here, and what the page tells of it."""

    url: str
    name: str
    told: str


class WebMirror:
    """What an http or https URL leads to; ``directory`` is the archive's. ``make_web`` makes what fetches.

    ``copy`` is where the copy lies.
    """

    def __init__(
        self,
        url: str,
        directory: Path,
        max_message: int = MAX_MESSAGE,
        make_web: Callable[[], Web] = Web,
    ) -> None:
        Place.of(url)
        self.name = shown_url(url)
        self._url = url
        self._directory = directory
        self._max_message = max_message
        self._make_web = make_web
        title = _UNSAFE.sub("-", self.name.partition("://")[2])[:_MAX_NAME].strip("-.")
        self.copy = directory / COPIES / f"{title}-{digest(self.name.encode())}"

    @property
    def size(self) -> int | None:
        """The octets of what has been brought; None as long as nothing has been."""
        source = self._found()
        return None if source is None else source.size

    def messages(self, after: bytes) -> Iterator[Item]:
        """Bring what is new, then yield what lies behind a cursor, as ``Source.messages`` says.

        Raises:
            SourceError: the server does not give it, or not all of it; what was brought is given before.
        """
        failure: SourceError | None = None
        with held(self._directory, f"web {self.name}") as is_ours:
            if not is_ours:
                raise SourceError(
                    f"{self.name}: another process is fetching it: try again when that is done"
                )
            try:
                self._bring()
            except SourceError as error:
                failure = error
        source = self._found()
        if source is not None:
            yield from source.messages(after)
        if failure is not None:
            raise failure

    def changed(self, after: bytes) -> bool:  # noqa: ARG002 - only the server knows
        """Return True: to ask the server is what takes the time."""
        return True

    def suggested_name(self) -> str | None:
        """Return the name that the URL's end suggests."""
        path = unquote(urlsplit(self._url).path)
        page = _HYPERKITTY.fullmatch(path)
        return name_from_path(page[2] if page else path.rstrip("/").rpartition("/")[2])

    def _found(self) -> Source | None:
        """Return the source that has been brought, or None."""
        if self._is_file():
            path = self.copy / self._file_name()
            return open_source(str(path), self._max_message) if path.is_file() else None
        order: Order = volume_order
        if (self.copy / _TOLD).is_file():
            if any(map(export_order, _told(self.copy))):
                order = export_order
            return VolumeFolder(str(self.copy), "", order, self._max_message)
        return None

    def _is_file(self) -> bool:
        return _FILE.search(urlsplit(self._url).path) is not None

    def _file_name(self) -> str:
        return _UNSAFE.sub("-", unquote(urlsplit(self._url).path).rpartition("/")[2])[
            -_MAX_NAME:
        ].lstrip(".-")

    def _bring(self) -> None:
        """Bring what is new.

        Raises:
            SourceError: the server does not give it.
        """
        try:
            self.copy.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise SourceError(
                f"{self.copy}: cannot be made ({error.strerror}): check permissions and the disk"
            ) from error
        self._wait_over()
        with self._make_web() as web:
            try:
                if self._is_file():
                    web.fetch(self._url, self.copy / self._file_name())
                else:
                    self._bring_volumes(web)
            finally:
                if web.left_alone_until is not None:
                    _write(self.copy / _ALONE, web.left_alone_until)

    def _wait_over(self) -> None:
        """Raise SourceError while the server wants to be left alone."""
        until = _read(self.copy / _ALONE)
        if isinstance(until, (int, float)) and time.time() < until:
            when = time.strftime("%Y-%m-%d %H:%M:%S UTC", time.gmtime(until))
            raise SourceError(f"{self.name}: the server asked to be left alone until {when}: wait")

    def _bring_volumes(self, web: Web) -> None:
        page = self.copy / INDEX
        fetched = web.fetch(self._url, page, MAX_PAGE)
        text = page.read_text("utf-8", "replace")
        wanted = _pipermail(text, fetched.url) or _exports(text, fetched.url)
        if not wanted:
            raise SourceError(
                f"{self.name}: neither an mbox, nor pipermail's page of a list, nor HyperKitty's: give the URL of one"
            )
        told = _told(self.copy)
        current = {each.name for each in wanted[-CURRENT:]}
        for each in wanted:
            path = self.copy / each.name
            if each.name in current or told.get(each.name) != each.told or not path.is_file():
                try:
                    web.fetch(self._with_login(each.url), path)
                except NotThere as error:
                    log.warning("%s; the page has a link to it", error)
                    continue
                told[each.name] = each.told
                _write(self.copy / _TOLD, told)

    def _with_login(self, url: str) -> str:
        """Return a URL with the login of ours, where it is on the same server."""
        ours, other = Place.of(self._url), Place.of(url)
        userinfo, at, _ = urlsplit(self._url).netloc.rpartition("@")
        if not at or ours.server != other.server:
            return url
        return url.replace("://", f"://{userinfo}@", 1)


def export_order(name: str) -> tuple[int, int] | None:
    """Return year and month of one of HyperKitty's exports by its name, or None where it is none."""
    match = _EXPORT.fullmatch(name)
    return (int(match[1]), int(match[2])) if match else None


def _pipermail(page: str, url: str) -> list[_Wanted]:
    """Return the months that pipermail's index page leads to, on the same server, the oldest first."""
    wanted = []
    for link, told in linked_volumes(page)[:MAX_VOLUMES]:
        there = joined(url, link)
        name = _path(there).rpartition("/")[2]
        if volume_order(name) and _same_server(there, url):
            wanted.append(_Wanted(there, name, told))
    return wanted


def _exports(page: str, url: str) -> list[_Wanted]:
    """Return the months that a list's page of HyperKitty leads to, the oldest first."""
    months: dict[tuple[int, int], _Wanted] = {}
    ours = _HYPERKITTY.fullmatch(_path(url))
    for link, told in links(page) if ours else ():
        there = _HYPERKITTY.fullmatch(_path(joined(url, link)))
        if ours and there and there[3] and there[2] == ours[2]:
            year, month = int(there[3]), int(there[4])
            if 1 <= month <= 12:
                name = f"{_UNSAFE.sub('-', ours[2])}-{year:04}-{month:02}.mbox.gz"
                following = f"{year + month // 12:04}-{month % 12 + 1:02}"
                query = f"?start={year:04}-{month:02}-01&end={following}-01"
                export = joined(url, f"{ours[1]}export/{name}{query}")
                months[year, month] = _Wanted(export, name, told)
    return [months[month] for month in sorted(months)][-MAX_VOLUMES:]


def _path(url: str) -> str:
    """Return the path of a URL, decoded; nothing where it has none."""
    try:
        return unquote(urlsplit(url).path)
    except ValueError:
        return ""


def _same_server(one: str, other: str) -> bool:
    try:
        return Place.of(one).server == Place.of(other).server
    except SourceError:
        return False


def _told(folder: Path) -> dict[str, str]:
    found = _read(folder / _TOLD)
    return {str(key): str(value) for key, value in found.items()} if isinstance(found, dict) else {}


def _read(path: Path) -> object:
    """Return what a file of ours holds, or None where it is not to be read."""
    try:
        return json.loads(path.read_text("utf-8"))
    except (OSError, ValueError):
        return None


def _write(path: Path, value: object) -> None:
    new = path.with_name(path.name + ".new")
    with written(path):
        new.write_text(json.dumps(value), encoding="utf-8")
        new.replace(path)
