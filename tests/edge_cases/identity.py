"""Message-IDs and dates as they should not be."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from tests.edge_cases.base import DATE, Case, eml, head, message, without

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["dates", "ids"]

_IDS: Final = {
    "empty": b"",
    "no-brackets": b"abc@example.org",
    "no-at": b"<justatoken>",
    "spaces-inside": b"<a b c@example.org>",
    "two": b"<one@example.org> <two@example.org>",
    "comment": b"(c) <cm@example.org> (d)",
    "quoted-local": b'<"a b"@example.org>',
    "trailing-junk": b"<tj@example.org> junk",
    "unclosed": b"<unclosed@example.org",
    "8bit": b"<\xe9t\xe9@example.org>",
    "utf8": "<été@example.org>".encode(),
    "slash-percent": b"<a/b%2Fc?d&e=f;g@example.org>",
    "long-300": b"<" + b"x" * 300 + b"@example.org>",
    "folded": b"\n <folded@example.org>",
    "tab": b"\t<tab@example.org>",
    "nul": b"<n\0ul@example.org>",
    "nested-angle": b"<<nested@example.org>>",
    "wildmat": b"<*?[!]\\@example.org>",
}
_DATES: Final = {
    "garbage": b"yesterday",
    "empty": b"",
    "feb31": b"Thu, 31 Feb 2022 25:61:61 +0000",
    "2digit": b"Wed, 5-Nov-86 15:29:00 EST",
    "y2k-104": b"Mon, 01 Jan 104 00:00:00 GMT",
    "iso": b"2020-01-02T03:04:05Z",
    "y2106": b"Sun, 07 Feb 2106 06:28:15 +0000",
    "y9999": b"Fri, 31 Dec 9999 23:59:59 +0000",
    "1899": b"Sun, 31 Dec 1899 00:00:00 +0000",
    "epoch": b"Thu, 01 Jan 1970 00:00:00 +0000",
    "tz-9999": b"Tue, 02 Jan 2024 10:00:00 +9999",
    "tz-named": b"Tue, 02 Jan 2024 10:00:00 (CEST)",
    "no-tz": b"Tue, 02 Jan 2024 10:00:00",
    "asctime": b"Tue Jan  2 10:00:00 2024",
    "leap-second": b"Sat, 31 Dec 2016 23:59:60 +0000",
    "localized": b"mar., 02 janv. 2024 10:00:00 +0100",
    "8bit": b"\xcf\xed, 02 \xff\xed\xe2 2024 10:00:00 +0300",
    "comments": b"Tue (tues(day)), 02 Jan (x) 2024 10:00 (no sec) +0000",
    "neg0": b"Tue, 02 Jan 2024 10:00:00 -0000",
}


def ids() -> Iterator[Case]:
    """Yield messages whose Message-ID is missing, malformed, doubled or another's."""
    yield without(
        "no-message-id",
        "no Message-ID: a stable synthetic one is needed, same on every import",
        b"message-id",
        msgid="synthetic-stable",
    )
    for name, value in _IDS.items():
        octets = head(f"mid-{name}".encode(), b"X").replace(b"<X@edge.example>", value)
        why = f"Message-ID {name}: NNTP ids must be <...>, 3..250 octets, printable, no space"
        yield eml(f"mid-{name}", why, octets + b"\nBody.\n", nntp_msgid_valid=True)
    yield eml(
        "mid-twice",
        "two Message-ID headers",
        head(b"mid-twice", b"first") + b"Message-ID: <second@edge.example>\n\nBody.\n",
        msgid="<first@edge.example>",
    )
    for at, body in enumerate((b"same body\n", b"same body\n", b"other body\n")):
        why = "duplicate Message-ID (0,1 same text; 2 other text)"
        yield message(f"dup-{at}", why, text=body, own=b"duplicate", subject=b"dup")


def dates() -> Iterator[Case]:
    """Yield messages whose Date is missing, malformed or absurd."""
    for name, value in _DATES.items():
        own = f"date-{name}".encode()
        octets = head(own, own).replace(DATE, value) + b"\nBody.\n"
        yield eml(f"date-{name}", f"Date: {name}", octets, served=True)
    yield without("no-date", "no Date", b"date", served=True)
    yield eml(
        "date-received-only",
        "no Date but Received",
        b"Received: from a by b; %b\nFrom: a@example.org\nSubject: x\nMessage-ID: <dro@edge.example>\n\nx\n"
        % DATE,
        date="2024-01-02",
    )
