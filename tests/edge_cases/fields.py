"""Other header fields: missing, malformed, huge, encoded, or meant for news servers."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from tests.edge_cases.base import SENDER, Case, eml, head, message, without

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["encoded_words", "fields", "of_news", "senders"]

_SENDERS: Final = {
    "group": b"undisclosed-recipients:;",
    "many": b"a@example.org, b@example.org",
    "bare": b"a@example.org",
    "old-style": b"a@example.org (Ann Author)",
    "uucp": b"site!host!ann (Ann)",
    "quotes": b'"A \\"B\\" C, D" <a@example.org>',
    "empty": b"",
    "obfuscated": b"ann at example.org (Ann Author)",
    "elided": b"ann...@example.org (Ann)",
    "8bit-latin1": b"J\xf6rg <j@example.org>",
    "8bit-utf8": "Jörg <j@example.org>".encode(),
    "eai": "Jörg <jörg@exämple.org>".encode(),
    "2047-in-quotes": b'"=?utf-8?Q?J=C3=B6rg?=" <j@example.org>',
    "2047-addr": b"=?utf-8?Q?J=C3=B6rg_<j@example.org>?=",
    "route": b"<@a,@b:c@example.org>",
    "semicolon": b"a; b@example.org; <c",
    "domain-literal": b"a@[192.0.2.1]",
    "2047-newline": b"=?utf-8?Q?a=0D=0ABcc:_x@example.org?= <j@example.org>",
}
_ENCODED_WORDS: Final = {
    "split-multibyte": b"=?utf-8?B?5pel5pys6Kq=?= =?utf-8?B?nuODhuOCueODiA==?=",
    "bad-base64": b"=?utf-8?B?%%%?=",
    "unknown-charset": b"=?x-klingon?Q?abc?=",
    "unterminated": b"=?utf-8?Q?abc",
    "spaces-inside": b"=?utf-8?Q?a b c?=",
    "adjacent": b"=?utf-8?Q?a?= =?utf-8?Q?b?=",
    "glued": b"x=?utf-8?Q?a?=y",
    "lang": b"=?utf-8*en?Q?hello?=",
    "lowercase": b"=?UTF-8?q?h=c3=a9?=",
    "wrong-charset": b"=?us-ascii?Q?h=E9?=",
    "2022jp": b"=?iso-2022-jp?B?GyRCRnxLXBsoQg==?=",
    "2022jp-unescaped": b"\x1b$BF|K\\\x1b(B",
    "nul": b"=?utf-8?B?AGEA?=",
    "crlf": b"=?utf-8?Q?a=0D=0AX-Injected:_1?=",
    "long-word": b"=?utf-8?Q?" + b"a" * 400 + b"?=",
    "mixed-raw": "café =?utf-8?Q?caf=C3=A9?=".encode(),
    "re-inside": b"=?utf-8?Q?Re:_h=C3=A9?=",
    "gb": b"=?gb2312?B?w/vX1g==?=",
    "utf7": b"=?utf-7?Q?+AOk-?=",
    "empty": b"=?utf-8?Q??=",
}
_OF_NEWS: Final = {
    "control-cancel": b"Control: cancel <parent@edge.example>",
    "control-newgroup": b"Control: newgroup evil.group",
    "approved": b"Approved: x@example.org",
    "newsgroups": b"Newsgroups: evil.group,list-a",
    "xref": b"Xref: evil.example list-a:1 list-b:2",
    "path": b"Path: a!b!c!not-for-mail",
    "x-no-archive": b"X-No-Archive: yes",
    "expires": b"Expires: Thu, 01 Jan 1970 00:00:00 +0000",
    "status": b"Status: RO\nX-Status: D\nX-Keywords: $Junk\nX-UID: 7\nX-IMAP: 1 2",
    "lines-lie": b"Lines: 99999999999999999999",
    "content-length-lie": b"Content-Length: 5",
    "bytes-lie": b"Bytes: -1",
    "archived-at": b"Archived-At: <https://www.example.org/x>",
    "list-id-odd": b"List-Id: =?utf-8?Q?L=C3=AFst?= <list\n -a.lists.example.org>",
    "mime-version": b"MIME-Version: 2.0",
}


def fields() -> Iterator[Case]:
    """Yield messages with missing, odd, huge and broken fields, or without any."""
    yield without("no-subject", "no Subject", b"subject", overview_tabs=True)
    yield without("no-from", "no From", b"from", overview_tabs=True)
    yield from _without_body_or_header()
    yield eml(
        "no-final-newline",
        "body without final newline",
        head(b"x", b"nfn") + b"\nlast line no newline",
        served=True,
    )
    yield from _subjects()
    yield from _lines()


def senders() -> Iterator[Case]:
    """Yield messages with odd From fields."""
    for name, value in _SENDERS.items():
        own = f"from-{name}".encode()
        octets = head(own, own).replace(SENDER, value, 1) + b"\nBody.\n"
        yield eml(f"from-{name}", f"From: {name}", octets, imap_envelope_ok=True)


def encoded_words() -> Iterator[Case]:
    """Yield messages with odd encoded words (RFC 2047) in the subject."""
    for name, value in _ENCODED_WORDS.items():
        why = f"RFC 2047 in Subject: {name}"
        yield message(f"subj2047-{name}", why, subject=value, overview_one_line=True)


def of_news() -> Iterator[Case]:
    """Yield messages with fields that must not act on a read-only server."""
    for name, field in _OF_NEWS.items():
        yield message(f"hdr-{name}", f"header {name}", field + b"\n")


def _without_body_or_header() -> Iterator[Case]:
    yield eml("no-header-end", "header only, no blank line", head(b"x", b"nhe")[:-1], body="")
    yield eml("body-only", "starts with the blank line", b"\nJust a body.\n", served=True)
    yield eml("empty-file", "zero bytes", b"", served=False)
    yield eml("only-newline", "one newline", b"\n", served=False)
    yield eml(
        "not-a-mail",
        "plain text, no header",
        b"This is not a mail at all\nreally\n",
        served="any, no crash",
    )


def _subjects() -> Iterator[Case]:
    for name, why, value in (
        ("tab", "TAB inside Subject must not break the overview line", b"a\tb\tc"),
        ("folded", "folded Subject", b"one\n two\n\tthree"),
        ("cr", "bare CR inside Subject", b"one\rtwo"),
        ("nul", "NUL inside Subject", b"nul\0nul"),
    ):
        yield message(f"subject-{name}", why, subject=value, overview_tabs=True)
    for name, why, value in (
        ("empty-fold", "folded with whitespace-only line", b"one\n \n two"),
        ("20k", "20 kB Subject on one line", b"x" * 20000),
        ("escapes", "terminal escapes and controls", b"\x1b[31mred\x07\x08\x7f"),
    ):
        yield message(f"subject-{name}", why, subject=value)


def _lines() -> Iterator[Case]:
    """Yield messages whose header has lines that are hardly fields."""
    many = b"".join(b"X-F%d: v\n" % at for at in range(2000))
    colons = b"From : a@example.org\nSubject : spaced\nMessage-ID : <hsc@edge.example>\n\nx\n"
    no_colon = b"this line has no colon\nX-After: 1\n\nx\n"
    yield eml("header-space-colon", "space before colon", colons)
    yield eml("header-no-colon", "junk line among headers", head(b"x", b"hnc") + no_colon)
    yield eml(
        "header-first-cont",
        "first line is a continuation",
        b" continued\n" + head(b"x", b"hfc") + b"\nx\n",
    )
    yield eml("header-2000-fields", "2000 header fields", head(b"x", b"h2k") + many + b"\nx\n")
    yield eml(
        "header-256k-line",
        "256 kB header line",
        head(b"x", b"h256") + b"X-Long: " + b"y" * 262144 + b"\n\nx\n",
    )
    yield eml("header-empty-name", "empty field name", head(b"x", b"hen") + b": value\n\nx\n")
    yield eml(
        "header-case",
        "odd case",
        b"fRoM: a@example.org\nsUBJECT: case\nMESSAGE-ID: <case@edge.example>\n"
        b"REFERENCES: <case-parent@edge.example>\n\nx\n",
        refs=1,
    )
    separator = b"From a@example.org Tue Jan  2 10:00:00 2024\n"
    yield eml(
        "from-line-inside",
        "mbox From_ line left at the top of an .eml",
        separator + head(b"x", b"fli") + b"\nx\n",
    )
    yield eml(
        "gt-from-line-inside",
        ">From_ line at the top",
        b">" + separator + head(b"x", b"gfli") + b"\nx\n",
    )
    yield eml("bom", "UTF-8 BOM first", b"\xef\xbb\xbf" + head(b"x", b"bom") + b"\nx\n")
