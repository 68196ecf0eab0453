"""From_ lines: which lines that begin with ``From `` start a new record of an mbox.

There is no standard: RFC 4155 describes one dialect, and writers differ in the date, in quoting, and in whether an
empty line comes before. What follows the line is therefore part of the evidence:

- A line with a date (asctime's form, with or without zone, or that of RFC 5322) starts a record where a header
  field follows it, or, behind an empty line, where an empty line follows it: a message without a header.
- A line without a date (Google's ``From ...`` and ``From -123``, a bare address) starts a record only behind an
  empty line and before a field whose name is a usual one: prose looks like this too.
"""

from __future__ import annotations

import re
from typing import Final

__all__ = ["LOOKAHEAD", "begins_with_field", "is_separator"]

LOOKAHEAD: Final = 2048
"""The octets from a From_ line on by which it is judged; a longer line is none."""

_MONTH: Final = rb"(?:Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec)"
_DATED: Final = re.compile(
    rb" "  # the sender, which may hold anything, ends with a blank
    rb"(?:[A-Z][a-z]{2} {1,3}"
    + _MONTH
    + rb" {1,3}[0-9]{1,2} {1,3}[0-9]{1,2}:[0-9]{2}[: ]"  # asctime
    rb"|[A-Z][a-z]{2}, {1,3}[0-9]{1,2}[ -]"
    + _MONTH
    + rb"[ -][0-9]{2,4} {1,3}[0-9]{1,2}:[0-9]{2}"  # RFC 5322
    rb"|[0-9]{4}-[0-9]{2}-[0-9]{2}[ T][0-9]{2}:[0-9]{2})"  # ISO 8601
)
_FIELD: Final = re.compile(rb"[!-9;-~]+[ \t]*:")
_CUT_FIELD: Final = re.compile(rb"[!-9;-~]*\Z")
_USUAL_FIELD: Final = re.compile(
    rb"(?:X-[!-9;-~]+|(?:List|Content|Resent|ARC|DKIM|Delivered|Article|Date|Relay|Posting)-[!-9;-~]+"
    rb"|Authentication-Results|Bcc|Cc|Comments|Control|Date|Errors-To|Expires|Followup-To|From|In-Reply-To|Keywords"
    rb"|Lines|Mailing-List|Message-ID|MIME-Version|Newsgroups|Organi[sz]ation|Path|Posted|Precedence|Received"
    rb"|Received-SPF|References|Reply-To|Return-Path|Return-Receipt-To|Sender|Status|Subject|Summary|To"
    rb"|User-Agent|Via|Xref)[ \t]*:",
    re.IGNORECASE,
)


def is_separator(octets: bytes | bytearray, at: int) -> bool:
    """Tell whether the line at ``octets[at]``, which begins with ``From ``, starts a record.

    What lies before ``at`` tells whether an empty line does. ``LOOKAHEAD`` octets from ``at`` on must be there, or
    else all that the file has.
    """
    window = bytes(octets[at : at + LOOKAHEAD])
    line, newline, rest = window.partition(b"\n")
    if not newline and len(window) == LOOKAHEAD:
        return False
    behind_blank = _is_behind_blank(octets, at)
    if not _DATED.search(line):
        return behind_blank and _USUAL_FIELD.match(rest) is not None
    if begins_with_field(rest):
        return True
    return behind_blank and (
        rest.startswith((b"\n", b"\r\n", b">From ")) or _CUT_FIELD.match(rest) is not None
    )


def begins_with_field(octets: bytes) -> bool:
    """Tell whether the first line is a header field, whatever its name."""
    return _FIELD.match(octets) is not None


def _is_behind_blank(octets: bytes | bytearray, at: int) -> bool:
    """Tell whether an empty line, or the NULs a crash left, come right before ``at``."""
    return octets[max(at - 3, 0) : at].endswith((b"\n\n", b"\n\r\n", b"\0", b"\0\n", b"\0\r\n"))
