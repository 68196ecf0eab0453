"""What some octets are: an mbox, a tar archive, or one message; and what cannot be a message at all."""

from __future__ import annotations

import enum
import re
from typing import Final

from storage.model import Fidelity
from storage.sources.base import Record
from storage.sources.blistspage import is_page, parse_page
from storage.sources.separator import begins_with_field, is_separator
from storage.sources.tarheader import BLOCK, parse_tar_header

__all__ = ["SNIFFED", "WEB_PAGE", "Content", "message_record", "refusal", "sniff", "too_large"]

SNIFFED: Final = 64 * 1024
"""How many octets of a file's beginning ``sniff`` wants to see."""

WEB_PAGE: Final = "it is a web page, not a message"

_BLANK: Final = b"\0\t\n\r "
_FIELD_LINE: Final = re.compile(rb"^[!-9;-~]+[ \t]*:", re.MULTILINE)
_HTML: Final = re.compile(rb"\s*<(?:!doctype html|html)\b", re.IGNORECASE)
_HEADER_END: Final = re.compile(rb"\n\r?\n")


class Content(enum.Enum):
    """What a file holds."""

    MBOX = enum.auto()
    TAR = enum.auto()
    MESSAGE = enum.auto()


def sniff(head: bytes) -> Content:
    """Tell what begins with these octets; ``head`` is ``SNIFFED`` octets of the file, or all of it.

    What is not a tar archive, does not begin with a header field and is no page of blists is an mbox if a From_ line
    starts a record in it; an empty file is an mbox that nothing was put in yet.
    """
    if parse_tar_header(head[:BLOCK]) is not None:
        return Content.TAR
    text = head.lstrip(_BLANK)
    if not text:
        return Content.MBOX
    if begins_with_field(text) or (not text.startswith(b"From ") and is_page(text)):
        return Content.MESSAGE
    text = b"\n\n" + text
    at = 0
    while (at := text.find(b"\nFrom ", at) + 1) > 0:
        if is_separator(text, at):
            return Content.MBOX
    return Content.MESSAGE


def refusal(raw: bytes) -> str:
    """Return why these octets cannot be a message, or an empty string.

    A message may lack a header where it begins with the empty line that ends one, and may have junk among its
    fields; text without a single field is none.
    """
    if begins_with_field(raw):
        return ""
    if not raw.strip(_BLANK):
        return "it is empty"
    if raw.startswith((b"\n", b"\r\n")):
        return ""
    if _HTML.match(raw):
        return WEB_PAGE
    header_end = _HEADER_END.search(raw)
    head = raw[: header_end.start() if header_end else SNIFFED]
    return "" if _FIELD_LINE.search(head) else "it has no header field"


def message_record(raw: bytes, position: str, max_message: int) -> Record:
    """Return the record of a file that holds one message, as such or as a page of blists.

    ``raw`` may end one octet above ``max_message``.
    """
    why = too_large(max_message) if len(raw) > max_message else ""
    page = parse_page(raw) if not why and is_page(raw[:SNIFFED]) else None
    if page is not None:
        return Record(position, page.message(), None, "", 0, len(raw), Fidelity.PAGE)
    why = why or refusal(raw)
    return Record(position, b"" if why else raw, None, why, 0, len(raw))


def too_large(limit: int) -> str:
    """Return why a message is refused where ``limit`` octets are allowed."""
    return f"it has more than the {limit} octets that are allowed"
