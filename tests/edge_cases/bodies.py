"""Bodies with odd octets, encodings and character sets."""

from __future__ import annotations

import base64
from typing import TYPE_CHECKING, Final

from tests.edge_cases.base import Case, message

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["bodies"]

_BODIES: Final = (
    (
        "from-lines",
        "lines to be escaped in mbox",
        b"From here\n>From there\n>>From everywhere\n From spaced\nfrom lower\n",
    ),
    ("nul", "NUL bytes", b"a\0b\n\0\0\n"),
    ("bare-cr", "bare CR", b"a\rb\rc\n"),
    ("bare-lf-crlf-mix", "mixed line ends", b"a\r\nb\nc\r\n\rd\n"),
    ("ctrl-z", "^Z and ^D", b"a\x1ab\x04\n"),
    ("long-line", "1 MB line", b"z" * 1000000 + b"\n"),
    ("8bit-undeclared", "8-bit without charset", b"caf\xe9 caf\xc3\xa9\n"),
)
_UTF_16: Final = b"\xff\xfeh\0\xe9\0l\0l\0o\0\n\0"
_TRANSFER_ENCODINGS: Final = {
    "unknown": b"x-unknown",
    "empty": b"",
    "uu": b"x-uuencode",
    "case": b"BASE64",
    "comment": b"base64 (x)",
    "qp-bad": b"quoted-printable",
}
_CHARSETS: Final = {
    "unknown": b"x-klingon",
    "quoted-empty": b'""',
    "utf8-lie": b"us-ascii",
    "8859-8-i": b"iso-8859-8-i",
    "cp932": b"cp932",
    "gb18030": b"gb18030",
    "path": b"../../etc/passwd",
    "python": b"idna",
    "rot13": b"rot_13",
    "unicode-escape": b"unicode_escape",
}


def bodies() -> Iterator[Case]:
    """Yield messages of one part with odd bodies."""
    yield message("body-empty", "no body", text=b"")
    yield message(
        "body-dots",
        "lines starting with dots: NNTP dot-stuffing",
        text=b".\n..\n...\n.x\n\n.\n",
        dots=True,
    )
    for name, why, body in _BODIES:
        yield message(f"body-{name}", why, text=body)
    yield message("body-utf16", "UTF-16 body", _mime(b"text/plain; charset=utf-16"), _UTF_16)
    yield message(
        "body-binary",
        "binary CTE",
        _mime(b"application/octet-stream", b"binary"),
        bytes(range(256)) * 4,
    )
    yield message("body-uu", "uuencoded file in text", text=b"begin 644 x.bin\n#0V%T\n`\nend\n")
    yield message(
        "body-yenc", "yEnc", text=b"=ybegin line=128 size=3 name=x\n\x8b\x8c\x8d\n=yend size=3\n"
    )
    yield message(
        "body-html-only",
        "HTML only",
        _mime(b"text/html; charset=utf-8"),
        b"<script>alert(1)</script><p>hi\n",
    )
    for name, value in _TRANSFER_ENCODINGS.items():
        is_base64 = value.upper().startswith(b"BASE64")
        yield message(
            f"cte-{name}",
            f"Content-Transfer-Encoding {name}",
            _mime(b"text/plain", value),
            base64.b64encode(b"hello\n") + b"\n" if is_base64 else b"a=ZZ=\nb=4\n=",
        )
    for name, value in _CHARSETS.items():
        yield message(
            f"charset-{name}",
            f"charset {name} must not crash or run an odd codec",
            _mime(b"text/plain; charset=" + value, b"8bit"),
            b"caf\xc3\xa9 \xff\n",
        )


def _mime(content_type: bytes, transfer_encoding: bytes | None = None) -> bytes:
    fields = b"MIME-Version: 1.0\nContent-Type: %b\n" % content_type
    if transfer_encoding is None:
        return fields
    return fields + b"Content-Transfer-Encoding: %b\n" % transfer_encoding
