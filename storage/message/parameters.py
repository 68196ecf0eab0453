"""Parameters of MIME fields, ``value; name=value; name="value"``, as mail has them (RFC 2045 s. 5.1, RFC 2231).

Everything here takes unfolded values, never raises, and takes time linear in their length.
"""

from __future__ import annotations

import re
from functools import lru_cache
from typing import TYPE_CHECKING, Final, TypeAlias
from urllib.parse import quote_from_bytes, unquote_to_bytes

from storage.message.charsets import codec

if TYPE_CHECKING:
    from collections.abc import Iterable

__all__ = [
    "MAX_PARAMETERS",
    "Parameters",
    "disposition",
    "encoding",
    "media_type",
    "parameter",
    "without_comments",
]

MAX_PARAMETERS: Final = 1000
"""Parameters of one field that are looked at."""

Parameters: TypeAlias = tuple[tuple[bytes, bytes], ...]
"""Names in lower case with their values, in their order; a name may come twice."""

_TOKEN: Final = re.compile(rb"[!#$%&'*+\-.0-9A-Z^_`a-z{|}~]++")
_MEDIA_TYPE: Final = re.compile(rb"(%b)\s*+/\s*+(%b)" % (_TOKEN.pattern, _TOKEN.pattern))
# All of what stands up to the next semicolon, whatever it is: so each octet is looked at once.
_PARAMETER: Final = re.compile(
    rb"[;\s]*+([^=;\"\s]*+)[^=;]*+(?:=\s*+(?:\"((?:[^\"\\]|\\.)*+)\\?\"?[^;]*+|([^;]*+)))?",
    re.DOTALL,
)
_QUOTED_PAIR: Final = re.compile(rb"\\(.)", re.DOTALL)
_OUTSIDE_COMMENT: Final = re.compile(rb"[^(\"\\]++|\"(?:[^\"\\]|\\.)*+\"?|\\.?", re.DOTALL)
_INSIDE_COMMENT: Final = re.compile(rb"(?:[^()\\]|\\.)*+\\?", re.DOTALL)
_SECTION: Final = re.compile(rb"([^*]++)(?:\*([0-9]{1,4}))?(\*?)")
_KEPT: Final = 256  # media types: most mail has one of a few
_MAX_KEPT: Final = 100  # octets of such a field
_OPENING: Final = ord("(")
_ENCODINGS: Final = frozenset((b"7bit", b"8bit", b"binary", b"base64", b"quoted-printable"))


def media_type(value: bytes) -> tuple[bytes, bytes, Parameters] | None:
    """Return type and subtype, in lower case, and parameters of a Content-Type; None where it is none.

    RFC 2045 s. 5.1 and 5.2. Parameters need not begin with a semicolon.
    """
    return _media_type_often(value) if len(value) <= _MAX_KEPT else _media_type(value)


def _media_type(value: bytes) -> tuple[bytes, bytes, Parameters] | None:
    value = without_comments(value).lstrip()
    found = _MEDIA_TYPE.match(value)
    if found is None:
        return None
    return found[1].lower(), found[2].lower(), _parameters(value[found.end() :])


_media_type_often: Final = lru_cache(maxsize=_KEPT)(_media_type)


def disposition(value: bytes) -> tuple[bytes, Parameters] | None:
    """Return kind, in lower case, and parameters of a Content-Disposition; None where it is none. RFC 2183 s. 2."""
    value = without_comments(value).lstrip()
    found = _TOKEN.match(value)
    return None if found is None else (found[0].lower(), _parameters(value[found.end() :]))


def parameter(parameters: Parameters, name: bytes) -> bytes:
    """Return the value of the first parameter so named; empty if there is none."""
    return next((value for other, value in parameters if other == name), b"")


def encoding(value: bytes) -> bytes:
    """Return a Content-Transfer-Encoding in lower case (RFC 2045 s. 6.1); 7bit where it is none, such as ``8 bit``."""
    value = without_comments(value).strip()
    found = _TOKEN.match(value)
    if found is None:
        return b"7bit"
    token = found[0].lower()
    return token if token in _ENCODINGS or found.end() == len(value) else b"7bit"


def without_comments(value: bytes) -> bytes:
    """Return a value with a space for each comment, however nested; one that is not closed goes on to the end."""
    if b"(" not in value:
        return value
    pieces = []
    at = depth = 0
    while at < len(value):
        found = (_INSIDE_COMMENT if depth else _OUTSIDE_COMMENT).match(value, at)
        if found and found.end() > at:
            at = found.end()
            if not depth:
                pieces.append(found[0])
        else:  # at a parenthesis
            depth += 1 if value[at] == _OPENING else -1
            at += 1
            if not depth:
                pieces.append(b" ")
    return b"".join(pieces)


def _parameters(rest: bytes) -> Parameters:
    """Return the parameters in what follows a value.

    Continuations are joined (RFC 2231 s. 3). Where a part of one is percent-encoded, all of it is, the charset in
    front is UTF-8 if the declared one is known, and the name ends with ``*``.
    """
    found = tuple(_written(rest)) if rest else ()
    return tuple(_joined(found)) if any(b"*" in name for name, _ in found) else found


def _written(rest: bytes) -> Iterable[tuple[bytes, bytes]]:
    at = 0
    for _ in range(MAX_PARAMETERS):
        found = _PARAMETER.match(rest, at)
        if found is None or found.end() == at:
            return
        at = found.end()
        name, quoted, plain = found.groups()
        if not name or (quoted is None and plain is None):
            continue
        if quoted is None:
            value = plain.rstrip()
        else:
            value = _QUOTED_PAIR.sub(rb"\1", quoted) if b"\\" in quoted else quoted
        yield name.lower(), value


def _joined(parameters: Parameters) -> Iterable[tuple[bytes, bytes]]:
    """Yield parameters with their continuations joined, each where its first section stood."""
    sections: dict[bytes, dict[int, tuple[bytes, bool]]] = {}
    for name, value in parameters:
        found = _SECTION.fullmatch(name)
        if found and found[2]:
            sections.setdefault(found[1], {}).setdefault(int(found[2]), (value, bool(found[3])))
    for name, value in parameters:
        found = _SECTION.fullmatch(name)
        if not found or not found[2]:
            yield name, value
        elif found[1] in sections:
            yield _join(found[1], sections.pop(found[1]))


def _join(name: bytes, sections: dict[int, tuple[bytes, bool]]) -> tuple[bytes, bytes]:
    run: list[tuple[bytes, bool]] = []
    while len(run) in sections:
        run.append(sections[len(run)])
    if not any(extended for _, extended in run):
        return name, b"".join(value for value, _ in run)
    charset, language = b"", b""
    first, extended = run[0]
    if extended and first.count(b"'") >= 2:
        charset, language, first = first.split(b"'", 2)
        run[0] = (first, True)
    octets = b"".join(unquote_to_bytes(value) if extended else value for value, extended in run)
    known = codec(charset)
    if known:
        charset, octets = b"utf-8", octets.decode(known, "replace").encode()
    return name + b"*", b"%b'%b'%b" % (
        charset,
        language,
        quote_from_bytes(octets, safe="").encode(),
    )
