"""Copies of what is on the web: one connection at a time, versions kept beside each copy, broken downloads gone on with.

``x`` is a whole copy, ``x.version`` what the server said of it; ``x.part`` and ``x.part.version`` are the same of one
that is not whole yet. A copy is replaced only by a whole one.
"""

from __future__ import annotations

import http.client
import io
import json
import os
import ssl
import time
from contextlib import contextmanager, suppress
from email.utils import parsedate_to_datetime
from ipaddress import IPv6Address, ip_address
from typing import TYPE_CHECKING, Final, NamedTuple, Self

from gateway.mirror.webrequest import (
    Meaning,
    Place,
    Version,
    headers_for,
    meaning,
    redirected,
    retry_after,
)
from storage.errors import SourceError
from storage.sources.base import CHUNK

if TYPE_CHECKING:
    import socket
    from collections.abc import Callable, Iterator
    from pathlib import Path
    from types import TracebackType

    from _typeshed import WriteableBuffer

__all__ = ["MAX_COPY", "Fetched", "NotThere", "Web", "is_public", "written"]

MAX_COPY: Final = 64 << 30
"""The most octets that are taken of one file."""
TIMEOUT: Final = 60.0
"""Seconds for which a server may say nothing."""
STEP: Final = 120.0
"""Seconds that the head of an answer, and each piece of its body, may take, however they trickle."""
MAX_REDIRECTS: Final = 5
ATTEMPTS: Final = 3
"""How often a download that breaks off is gone on with at once; after that the next run does."""
GRACE: Final = 60.0
MIN_RATE: Final = 100
"""Octets a second that a download has to bring on average, once it took ``GRACE`` seconds."""

_ENDED: Final = (ConnectionResetError, ConnectionAbortedError, BrokenPipeError)
"""What comes of a connection that the server has ended."""
_OLD: Final = 60
"""Seconds by which a copy looks older than it is: it is whole, nobody writes to it."""
_MAX_NOTE: Final = 64 * 1024


class NotThere(SourceError):
    """The server says that there is no such file."""


class Fetched(NamedTuple):
    """What became of a copy: ``url`` is where it came from in the end."""

    url: str
    is_new: bool


class _Broken(Exception):
    """A download broke off; ``brought`` tells whether anything came."""

    def __init__(self, why: str, *, brought: bool) -> None:
        super().__init__(why)
        self.brought = brought


class _Paced(io.RawIOBase):
    """Reads what a server sends until the time is up for a step."""

    def __init__(self, raw: io.RawIOBase) -> None:
        self._raw = raw
        self.begin_step()

    def begin_step(self) -> None:
        self._deadline = time.monotonic() + STEP

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: WriteableBuffer) -> int | None:
        if time.monotonic() > self._deadline:
            raise TimeoutError(f"no whole answer in {STEP:.0f} s")
        return self._raw.readinto(buffer)

    def close(self) -> None:
        self._raw.close()
        super().close()


class _Response(http.client.HTTPResponse):
    """An answer that is given up where it trickles: ``http.client`` waits for as long as something comes."""

    def __init__(self, sock: socket.socket, *, method: str | None = None) -> None:
        super().__init__(sock, method=method)
        self.paced = _Paced(self.fp.detach())
        self.fp = io.BufferedReader(self.paced)


class Web:
    """Brings files from the web, over one connection at a time. A context manager."""

    def __init__(
        self,
        *,
        timeout: float = TIMEOUT,
        limit: int = MAX_COPY,
        context: ssl.SSLContext | None = None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._timeout = timeout
        self._limit = limit
        self._context = context
        self._clock = clock
        self._server: tuple[str, str, int] | None = None
        self._connection: http.client.HTTPConnection | None = None
        self._named: tuple[str, str, int] | None = None  # the server of the URL at hand
        self._is_public: dict[tuple[str, str, int], bool] = {}
        self.left_alone_until: float | None = None
        """Until when, on the wall clock, the server last asked to be left alone."""

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()

    def close(self) -> None:
        """End the connection."""
        if self._connection is not None:
            self._connection.close()
        self._connection = self._server = None

    def fetch(self, url: str, path: Path, limit: int | None = None) -> Fetched:
        """Bring what is at a URL, unless the copy at ``path`` is the server's version still.

        Raises:
            NotThere: the server says so.
            SourceError: the server does not give it, or no more of it now; the copy that there is stays.
        """
        place = Place.of(url)
        limit = self._limit if limit is None else limit
        why = ""
        for _ in range(ATTEMPTS):
            try:
                return self._fetched(place, path, limit)
            except _Broken as broken:
                self.close()
                why = str(broken)
                if not broken.brought:
                    break
            except OSError as error:
                self.close()
                raise SourceError(f"{place.url}: {_reason(error)}") from error
        kept = _version(_beside(path, ".part"), place.url)
        remedy = (
            "what came is kept, and the next run goes on from there"
            if kept and kept.of_range
            else "try again later"
        )
        raise SourceError(f"{place.url}: {why}: {remedy}")

    def _fetched(self, place: Place, path: Path, limit: int) -> Fetched:
        part = _beside(path, ".part")
        here = place
        self._named = place.server
        for _ in range(MAX_REDIRECTS + 1):
            part_size = part.stat().st_size if part.is_file() else 0
            headers = headers_for(
                here,
                _version(path, place.url) if path.is_file() else None,
                _version(part, place.url),
                part_size,
            )
            response = self._response(here, headers)
            headers = _headers(response)
            until = retry_after(response.status, headers, time.time())
            if until is not None:
                self.left_alone_until = until
            if response.status in {404, 410}:
                self.close()
                raise NotThere(f"{here.url}: the server says {response.status}: check the URL")
            what = meaning(here, response.status, headers, part_size)
            if what is Meaning.UNCHANGED:
                response.read()
                if not path.is_file():
                    raise SourceError(
                        f"{here.url}: the server says 304 where nothing is: try again later"
                    )
                return Fetched(_noted(path).get("from", here.url), is_new=False)
            if what in {Meaning.WHOLE, Meaning.REST}:
                self._bring(response, part, place, limit, is_rest=what is Meaning.REST)
                _keep(part, path, place, here, Version.of(headers))
                return Fetched(here.url, is_new=True)
            self.close()  # what follows is not read
            if what is Meaning.BROKEN:
                with written(part):
                    _forget(part)
            else:
                here = redirected(here, headers)
        raise SourceError(f"{place.url}: it is sent on too often: check the URL with a browser")

    def _response(self, place: Place, headers: dict[str, str]) -> http.client.HTTPResponse:
        """Ask; a connection that the server has ended since the last answer is made anew, once."""
        reused = self._connection is not None and self._server == place.server
        while True:
            try:
                return self._asked(place, headers)
            except (*_ENDED, http.client.HTTPException) as error:
                self.close()
                if not reused:
                    why = f"no answer that is HTTP ({type(error).__name__})"
                    raise _Broken(why, brought=False) from error
                reused = False

    def _asked(self, place: Place, headers: dict[str, str]) -> http.client.HTTPResponse:
        if self._connection is None or self._server != place.server:
            self.close()
            if place.scheme == "https":
                context = self._context or ssl.create_default_context()
                self._connection = http.client.HTTPSConnection(
                    place.host, place.port, timeout=self._timeout, context=context
                )
            else:
                self._connection = http.client.HTTPConnection(
                    place.host, place.port, timeout=self._timeout
                )
            self._connection.response_class = _Response
            self._connection.connect()
            self._see_that_it_leads_out(place, self._connection.sock)
            self._server = place.server
        self._connection.request("GET", place.target, headers=headers)
        return self._connection.getresponse()

    def _see_that_it_leads_out(self, place: Place, connected: socket.socket) -> None:
        """Make sure that no server of the internet sends us on into our own network: what is there is not for a list."""
        self._is_public[place.server] = is_public(connected.getpeername()[0])
        if self._named and self._is_public.get(self._named) and not self._is_public[place.server]:
            self.close()
            raise SourceError(
                f"{place.url}: the server sends us on to it, into a network of our own: name that URL if you mean it"
            )

    def _bring(
        self,
        response: http.client.HTTPResponse,
        part: Path,
        place: Place,
        limit: int,
        *,
        is_rest: bool,
    ) -> None:
        """Write the body to the part.

        Raises:
            _Broken: it broke off; what came is there.
            SourceError: it is too large.
        """
        promised = response.length
        started, came = self._clock(), 0
        with written(part), open(part, "ab" if is_rest else "wb") as file:
            if not is_rest:
                _note(part, place.url, place.url, Version.of(_headers(response)))
            size = file.tell()
            while octets := _read(response, promised, came, size):
                file.write(octets)
                came += len(octets)
                if size + came > limit:
                    _forget(part)
                    raise SourceError(
                        f"{place.url}: it has more than the {limit} octets that are taken: name a part of it"
                    )
                took = self._clock() - started
                if took > GRACE and came < took * MIN_RATE:
                    why = f"it comes too slowly ({came} octets in {took:.0f} s)"
                    raise _Broken(why, brought=False)
            if promised is not None and came != promised:
                raise _Broken(f"it broke off at octet {size + came}", brought=came > 0)
            file.flush()
            os.fsync(file.fileno())
        response.close()  # its connection stays


def is_public(address: str) -> bool:
    """Tell whether an address is one of the internet, not of this machine or a network of its owner's."""
    found = ip_address(address.partition("%")[0])
    return ((isinstance(found, IPv6Address) and found.ipv4_mapped) or found).is_global


def _read(response: http.client.HTTPResponse, promised: int | None, came: int, size: int) -> bytes:
    """Return the next octets of a body as they come; none at its end.

    Raises:
        _Broken: it broke off.
    """
    wanted = CHUNK if promised is None else min(CHUNK, promised - came)
    if isinstance(response, _Response):
        response.paced.begin_step()
    try:
        return response.read1(wanted) if wanted else b""
    except (OSError, http.client.HTTPException) as error:
        raise _Broken(f"it broke off at octet {size + came}", brought=came > 0) from error


def _headers(response: http.client.HTTPResponse) -> dict[str, str]:
    """Return a response's header by names in lower case."""
    return {name.lower(): value for name, value in response.getheaders()}


@contextmanager
def written(path: Path) -> Iterator[None]:
    """Turn what the system refuses into an error that names the file, not the server."""
    try:
        yield
    except OSError as error:
        raise SourceError(
            f"{path}: cannot be written ({error.strerror or error}): check permissions and the disk"
        ) from error


def _keep(part: Path, path: Path, place: Place, here: Place, version: Version) -> None:
    """Let a whole part be the copy."""
    made = time.time() - _OLD
    with suppress(ValueError, OverflowError):
        made = min(made, parsedate_to_datetime(version.modified).timestamp())
    with written(path):
        os.utime(part, (made, made))
        part.replace(path)
        _note(path, place.url, here.url, version)
        _forget(part)


def _forget(part: Path) -> None:
    for path in (part, _beside(part, ".version")):
        path.unlink(missing_ok=True)


def _note(path: Path, url: str, final: str, version: Version) -> None:
    """Write beside a copy of what URL and version it is, and where it came from in the end."""
    text = json.dumps({"url": url, "from": final, **version._asdict()})
    beside = _beside(path, ".version")
    new = _beside(beside, ".new")
    new.write_text(text, encoding="utf-8")
    new.replace(beside)


def _noted(path: Path) -> dict[str, str]:
    """Return what is noted of a copy; nothing where that is not to be read."""
    try:
        with open(_beside(path, ".version"), encoding="utf-8") as file:
            noted = json.loads(file.read(_MAX_NOTE))
    except (OSError, ValueError):
        return {}
    return (
        {key: value for key, value in noted.items() if isinstance(value, str)}
        if isinstance(noted, dict)
        else {}
    )


def _version(path: Path, url: str) -> Version | None:
    noted = _noted(path)
    if noted.get("url") != url:
        return None
    return Version(noted.get("etag", ""), noted.get("modified", ""))


def _beside(path: Path, suffix: str) -> Path:
    return path.with_name(path.name + suffix)


def _reason(error: OSError) -> str:
    """Return what the system or TLS says, with a remedy."""
    if isinstance(error, ssl.SSLCertVerificationError):
        return f"its certificate does not hold ({error.verify_message}): for a CA of your own set SSL_CERT_FILE"
    if isinstance(error, ssl.SSLError):
        return f"no TLS ({error.reason or error}): check the URL"
    return (
        f"cannot be reached ({error.strerror or error}): check the URL, and whether the server runs"
    )
