"""Responses of HTTP/1.1 as octets: status lines, fields, and whole answers that may be kept. RFC 9110 s. 6 to 8, 15."""

from __future__ import annotations

import re
from hashlib import blake2b
from http import HTTPStatus
from typing import TYPE_CHECKING, Final, NamedTuple

from gateway.web.answers import FOR_EVER
from gateway.web.codings import gzipped, is_codable
from gateway.web.conditional import http_date, precondition

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Mapping

    from gateway.web.answers import Answer

__all__ = ["PUBLIC", "STATUS_LINES", "Response", "Sharing", "Whole", "field_lines", "streamed"]

STATUS_LINES: Final = {
    status.value: b"HTTP/1.1 %d %b\r\n" % (status.value, status.phrase.encode())
    for status in HTTPStatus
}

_SECURITY: Final = {
    "Content-Security-Policy": "default-src 'none'; style-src 'self'; img-src 'self'; form-action 'self'; "
    "base-uri 'none'; frame-ancestors 'none'",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
}
"""Fields of every response; an answer may have its own in their place."""

_NAME: Final = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")
_VALUE: Final = re.compile(r"[\x21-\x7e](?:[\t\x20-\x7e]*[\x21-\x7e])?")

_DIGEST_OCTETS: Final = 12

_OVERHEAD_OCTETS: Final = 4096
"""What an answer that is kept takes besides its body."""


class Sharing(NamedTuple):
    """With whom an answer may be shared: not with others where it ``is_private``, with the like ``by_user``."""

    is_private: bool = False
    by_user: bool = False


PUBLIC: Final = Sharing()


class Response(NamedTuple):
    """A response: ``fields`` are lines, but for those that the connection decides on.

    ``body`` comes in pieces where its length is not known, and is sent unless it has none (a 304, a HEAD).
    """

    status: int
    fields: bytes
    body: bytes | AsyncIterator[bytes] = b""


class Whole:
    """An answer with its whole body, ready to be sent in either coding, or not sent because the client has it.

    ``octets`` is how much memory it takes, about.

    Raises:
        ValueError: a field of it may not be sent.
    """

    __slots__ = (
        "_bare",
        "_changed",
        "_coded",
        "_kind",
        "_plain",
        "_tag",
        "is_codable",
        "octets",
        "status",
    )

    def __init__(self, answer: Answer, body: bytes, sharing: Sharing = PUBLIC) -> None:
        self.status = answer.status
        self.is_codable = is_codable(answer.content_type, len(body))
        self.octets = len(body) * (3 if self.is_codable else 2) // 2 + _OVERHEAD_OCTETS
        self._changed = answer.changed
        self._tag = ""
        if answer.status == HTTPStatus.OK:
            self._tag = blake2b(body, digest_size=_DIGEST_OCTETS).hexdigest()
        self._bare = _bare_fields(answer, sharing, is_coded=self.is_codable)
        self._kind = field_lines([("Content-Type", answer.content_type)]) if body else b""
        self._plain = Response(answer.status, self._fields(body, ""), body)
        self._coded: Response | None = None

    def response(self, fields: Mapping[bytes, bytes], *, is_coded: bool) -> Response | None:
        """Return what to send to a GET or HEAD with these fields; None where it is not coded yet and has to be."""
        if self._tag:
            tag = self._entity_tag(is_coded=is_coded)
            status = precondition(fields, tag.encode(), self._changed)
            if status is not None:
                return _unsent(status, self._bare + field_lines([("ETag", tag)]))
        return self._coded if is_coded else self._plain

    async def code(self, breathe: Callable[[], Awaitable[None]]) -> None:
        """Code the body, for once and all."""
        plain = self._plain.body
        assert isinstance(plain, bytes)
        body = await gzipped(plain, breathe)
        self._coded = Response(self.status, self._fields(body, "gzip"), body)

    def _entity_tag(self, *, is_coded: bool) -> str:
        return f'"{self._tag}-gzip"' if is_coded else f'"{self._tag}"'

    def _fields(self, body: bytes, coding: str) -> bytes:
        lines = [("Content-Length", str(len(body)))]
        if self._tag:
            lines.append(("ETag", self._entity_tag(is_coded=bool(coding))))
        if coding:
            lines.append(("Content-Encoding", coding))
        return self._bare + self._kind + field_lines(lines)


def streamed(answer: Answer, fields: Mapping[bytes, bytes], sharing: Sharing = PUBLIC) -> Response:
    """Return what to send to a GET or HEAD whose answer comes in pieces.

    Raises:
        ValueError: a field of it may not be sent.
    """
    bare = _bare_fields(answer, sharing, is_coded=False)
    if answer.etag:
        tag = f'"{answer.etag}"'
        bare += field_lines([("ETag", tag)])
        status = precondition(fields, tag.encode(), answer.changed)
        if status is not None:
            return _unsent(status, bare)
    return Response(
        answer.status, bare + field_lines([("Content-Type", answer.content_type)]), answer.body
    )


def _unsent(status: int, fields: bytes) -> Response:
    """Return the response that conditions lead to; a 304 has no length, which would be that of the 200."""
    return Response(status, fields + (b"" if status == 304 else b"Content-Length: 0\r\n"))


def _bare_fields(answer: Answer, sharing: Sharing, *, is_coded: bool) -> bytes:
    """Return the fields that a 304 has as well. RFC 9110 s. 15.4.5."""
    kept = _cache_control(answer.max_age, is_private=sharing.is_private)
    lines = {**_SECURITY, "Cache-Control": kept}
    varies = [
        name
        for name, does in (("Accept-Encoding", is_coded), ("Authorization", sharing.by_user))
        if does
    ]
    if varies:
        lines["Vary"] = ", ".join(varies)
    if answer.changed is not None:
        lines["Last-Modified"] = http_date(max(answer.changed, 0)).decode()
    if not answer.is_indexed:
        lines["X-Robots-Tag"] = "noindex, nofollow"
    lines.update(answer.headers)
    return field_lines(lines.items())


def _cache_control(max_age: int, *, is_private: bool) -> str:
    """Return how long an answer may be kept, and by whom. RFC 9111 s. 5.2.2, RFC 8246."""
    if max_age <= 0:
        return "no-store" if is_private else "no-cache"
    whose = "private" if is_private else "public"
    return f"{whose}, max-age={max_age}{', immutable' if max_age >= FOR_EVER else ''}"


def field_lines(fields: Iterable[tuple[str, str]]) -> bytes:
    """Return fields as they are sent.

    Raises:
        ValueError: one cannot be: it has a line end, or other octets that are not for fields.
    """
    lines = []
    for name, value in fields:
        if not _NAME.fullmatch(name) or not _VALUE.fullmatch(value):
            raise ValueError(f"no field of a response: {name!r}: {value!r}")
        lines.append(f"{name}: {value}\r\n")
    return "".join(lines).encode("ascii")
