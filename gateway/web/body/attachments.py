"""Attachments: which parts of a message they are, what they are called, and how they may be handed out.

They count from 1. First come those that blists counts, so that its addresses stay right: the parts that have a file
name, in their order, apart from those in enclosed messages. After them come all others that are no text on the page.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final
from urllib.parse import quote, unquote_to_bytes

from gateway.web.body.decoding import RUN, decoded_runs, decoded_size, text_runs
from gateway.web.body.obfuscation import obfuscated, obfuscated_bytes
from storage.message import charsets
from storage.message.lines import runs_of_lines
from storage.message.parameters import parameter
from storage.message.words import decode

if TYPE_CHECKING:
    from collections.abc import Generator

    from storage.message.structure import Part

__all__ = [
    "MAX_NAME",
    "Attachment",
    "Download",
    "attached",
    "downloading",
    "has_name",
    "is_named",
]

MAX_NAME: Final = 100
"""Characters of a file's name, as blists has it."""

_MAX_EXTENSION: Final = 12

# Controls, also those that turn the direction of what is written, and what file systems do not take.
_UNSAFE: Final = re.compile(
    "[\\x00-\\x1f\\x7f-\\x9f\\u061c\\u200b-\\u200f\\u2028-\\u202e\\u2060-\\u206f\\ufeff\\ud800-\\udfff\\ufff9-\\uffff"
    '<>:"|?*\\\\/]+'
)
_EXTENSIONS: Final = {
    "text/plain": "txt", "text/html": "html", "text/x-patch": "patch", "text/x-diff": "diff", "text/calendar": "ics",
    "image/png": "png", "image/jpeg": "jpg", "image/gif": "gif", "image/webp": "webp", "image/svg+xml": "svg",
    "application/pdf": "pdf", "application/zip": "zip", "application/gzip": "gz", "application/pgp-signature": "asc",
    "application/pkcs7-signature": "p7s", "application/pkcs7-mime": "p7m", "message/rfc822": "eml",
}  # fmt: skip  # a table
_IMAGES: Final = {
    "image/png": (b"\x89PNG\r\n\x1a\n",),
    "image/jpeg": (b"\xff\xd8\xff",),
    "image/gif": (b"GIF87a", b"GIF89a"),
    "image/webp": (b"RIFF",),
}
"""What may be shown by a browser, with what such a file begins with."""

_NOT_SHOWN: Final = frozenset(("text/html", "text/xml", "text/xsl", "text/javascript", "text/css"))
_TOKEN: Final = re.compile(rb"[a-z0-9][a-z0-9!#$&^_.+-]{0,80}+")


@dataclass(frozen=True, slots=True)
class Attachment:
    """A part of a message that can be fetched on its own.

    ``at`` counts from 1. ``name`` is safe as a file's. ``size`` is that of what is fetched, in octets, as far as it can
    be told without decoding. ``is_text`` tells whether a browser shows it as text, ``is_image`` as an image.
    """

    at: int
    name: str
    media_type: str
    size: int
    is_text: bool
    is_image: bool
    part: Part


@dataclass(frozen=True, slots=True)
class Download:
    """An attachment with how it is to be sent: the values of Content-Type and Content-Disposition, and the data.

    What is not text or a harmless image is to be saved, never shown (``nosniff`` is taken for granted).
    """

    attachment: Attachment
    content_type: str
    disposition: str
    data: bytes


def is_named(part: Part) -> bool:
    """Tell whether a part has a file name, as blists sees it."""
    return bool(_parameter(part, b"filename") or parameter(part.parameters, b"name"))


def has_name(part: Part) -> bool:
    """Tell whether a part has a file name, be it one that blists does not see (RFC 2231)."""
    return is_named(part) or bool(
        _parameter(part, b"filename*") or parameter(part.parameters, b"name*")
    )


def attached(part: Part, at: int, octets: bytes, *, obfuscate: bool) -> Attachment:
    """Return a part as the attachment with a number."""
    kind = _media_type(part)
    name = _safe(_name(part))
    if obfuscate:
        name = obfuscated(name)
    return Attachment(
        at=at,
        name=name or f"attachment-{at}.{_EXTENSIONS.get(kind, 'bin')}",
        media_type=kind,
        size=decoded_size(part, octets),
        is_text=kind.startswith("text/") and kind not in _NOT_SHOWN,
        is_image=kind in _IMAGES,
        part=part,
    )


def downloading(
    attachment: Attachment, octets: bytes, *, obfuscate: bool
) -> Generator[None, None, Download]:
    """Return an attachment of a message, decoded, with how it is to be sent; yield after every few milliseconds.

    Text is sent as plain text in UTF-8, with addresses obfuscated if so told; a few images as what they are, if they
    are; all else as octets to be saved (RFC 6266).
    """
    part = attachment.part
    written = octets[part.body : part.end]
    runs: list[bytes] = []
    for run in decoded_runs(written, part.encoding):
        runs.append(run)
        yield
    data = b"".join(runs)
    kind, disposition = "application/octet-stream", "attachment"
    if attachment.is_text:
        hidden = obfuscated if obfuscate else str
        pieces = []
        for text in text_runs(data, part.charset):
            pieces.append(hidden(text).encode("utf-8", "replace"))
            yield
        data = b"".join(pieces)
        kind, disposition = "text/plain; charset=utf-8", "inline"
    elif attachment.is_image and data.startswith(_IMAGES[attachment.media_type]):
        kind, disposition = attachment.media_type, "inline"
    elif obfuscate and part.type in {b"text", b"message"}:
        hidden_runs = []
        for run in runs_of_lines(data, RUN):
            hidden_runs.append(obfuscated_bytes(run))
            yield
        data = b"".join(hidden_runs)
    return Download(attachment, kind, f"{disposition}; {_file_name(attachment.name)}", data)


def _media_type(part: Part) -> str:
    if _TOKEN.fullmatch(part.type) and _TOKEN.fullmatch(part.subtype):
        return f"{part.type.decode('ascii')}/{part.subtype.decode('ascii')}"
    return "application/octet-stream"


def _parameter(part: Part, name: bytes) -> bytes:
    return b"" if part.disposition is None else parameter(part.disposition.parameters, name)


def _name(part: Part) -> str:
    """Return a part's file name as text; empty if it has none. RFC 2183 s. 2.3, RFC 2231 s. 4, and RFC 2047 words."""
    extended = _parameter(part, b"filename*") or (
        b"" if _parameter(part, b"filename") else parameter(part.parameters, b"name*")
    )
    if extended.count(b"'") >= 2:
        charset, _, encoded = extended.split(b"'", 2)
        return charsets.text(unquote_to_bytes(encoded), charset)
    return decode(_parameter(part, b"filename") or parameter(part.parameters, b"name"))


def _safe(name: str) -> str:
    """Return a file name that names nothing but a file, wherever it is saved; empty if there is none."""
    name = _UNSAFE.sub("_", name[-1000:].replace("\\", "/").rpartition("/")[2])
    name = " ".join(name.split()).strip(". ")
    if len(name) > MAX_NAME:
        stem, dot, extension = name.rpartition(".")
        kept = dot + extension if stem and len(extension) <= _MAX_EXTENSION else ""
        name = name[: MAX_NAME - len(kept)].rstrip(". ") + kept
    return "" if not name.strip("_") else name


def _file_name(name: str) -> str:
    """Return a name as parameters of Content-Disposition (RFC 6266 s. 4.3, appendix D)."""
    plain = re.sub(r"[^A-Za-z0-9 !#$&+.^_{}~@=,()\[\]-]", "_", name)
    written = f'filename="{plain}"'
    return written if plain == name else f"{written}; filename*=UTF-8''{quote(name, safe='')}"
