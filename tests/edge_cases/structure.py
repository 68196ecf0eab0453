"""MIME structures that are broken, deep, or wide."""

from __future__ import annotations

import base64
from typing import TYPE_CHECKING, Final

from tests.edge_cases.base import Case, eml, head, message

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["structures"]

_VERSION: Final = b"MIME-Version: 1.0\n"
_FILE_NAMES: Final = {
    "2231-charset": b"filename*=utf-8''%E2%82%AC%20rates.txt",
    "2231-split": b"filename*0*=utf-8''%E2%82; filename*1*=%AC; filename*2=\".txt\"",
    "2231-gap": b"filename*0=a; filename*2=c",
    "2231-bad": b"filename*=utf-8''%ZZ%",
    "2047": b'filename="=?utf-8?B?4oKsLnR4dA==?="',
    "raw8": b'filename="caf\xe9.txt"',
    "traversal": b'filename="../../../etc/passwd"',
    "nul": b'filename="a%00.txt"',
    "quote": b'filename="a\\"b;c.txt"',
    "unquoted-space": b"filename=a b c.txt",
    "twice": b"filename=a.txt; filename=b.txt",
    "crlf": b'filename="a\n b.txt"',
}
_CONTENT_TYPES: Final = {
    "no-slash": b"text",
    "empty": b"",
    "semicolons": b"text/plain;;; charset=utf-8;",
    "spaces": b"text / plain ; charset = utf-8",
    "dup": b"text/plain; charset=a; charset=b",
    "long": b"text/plain; " + b"; ".join(b"p%d=v" % at for at in range(500)),
    "unclosed": b'text/plain; charset="utf-8',
    "comment": b"text/plain (c); charset=(x)utf-8",
    "8bit": b"text/plain; name=\xe9",
    "star": b"*/*",
}


def structures() -> Iterator[Case]:
    """Yield messages of several parts, or of parts within parts."""
    yield from _boundaries()
    yield from _depths()
    yield from _kinds()
    for name, value in _FILE_NAMES.items():
        yield message(
            f"disp-{name}",
            f"attachment name {name}",
            _multipart(),
            b"--b\n\nsee file\n--b\nContent-Type: text/plain\n"
            b"Content-Disposition: attachment; %b\n\ndata\n--b--\n" % value,
        )
    for name, value in _CONTENT_TYPES.items():
        yield message(
            f"ctype-{name}",
            f"Content-Type {name}",
            _VERSION + b"Content-Type: %b\n" % value,
            bodystructure="valid",
        )
    yield from _cryptography()


def _multipart(subtype: bytes = b"mixed", boundary: bytes = b"b") -> bytes:
    return _VERSION + b"Content-Type: multipart/%b; boundary=%b\n" % (subtype, boundary)


def _boundaries() -> Iterator[Case]:
    yield message(
        "mime-no-boundary",
        "multipart without boundary",
        _VERSION + b"Content-Type: multipart/mixed\n",
        b"--x\n\nhi\n--x--\n",
    )
    yield message(
        "mime-boundary-missing", "boundary never appears", _multipart(boundary=b"zzz"), b"hi\n"
    )
    yield message("mime-unterminated", "no closing boundary", _multipart(), b"--b\n\nhi\n")
    yield message("mime-zero-parts", "closing boundary only", _multipart(), b"--b--\n")
    yield message("mime-empty-parts", "empty parts", _multipart(), b"--b\n--b\n\n--b--\n")
    yield message(
        "mime-boundary-prefix",
        "inner boundary is a prefix of the outer",
        _multipart(boundary=b"bb"),
        b"--bb\nContent-Type: multipart/alternative; boundary=b\n\n"
        b"--b\n\ni1\n--b--\n--bb\n\no2\n--bb--\n",
    )
    yield message(
        "mime-boundary-space",
        "boundary with spaces and quotes",
        _VERSION + b'Content-Type: multipart/mixed; boundary="a b\'()+_,-./:=?"\n',
        b"--a b'()+_,-./:=?\n\nhi\n--a b'()+_,-./:=?--\n",
    )
    yield message(
        "mime-preamble", "preamble and epilogue", _multipart(), b"pre\n--b\n\nhi\n--b--\nepi\n"
    )
    yield message(
        "mime-same-boundary",
        "nested multiparts share a boundary",
        _multipart(),
        b"--b\nContent-Type: multipart/mixed; boundary=b\n\n--b\n\nx\n--b--\n--b--\n",
    )


def _depths() -> Iterator[Case]:
    content_type, part = b"text/plain", b"deep\n"
    for level in range(100):
        part = b"--n%d\nContent-Type: %b\n\n%b\n--n%d--\n" % (level, content_type, part, level)
        content_type = b"multipart/mixed; boundary=n%d" % level
    yield message(
        "mime-deep-100",
        "100 levels",
        _multipart(boundary=b"n99"),
        part,
        bodystructure="bounded",
    )
    parts = b"".join(b"--b\nContent-Type: text/plain\n\np%d\n" % at for at in range(1000))
    yield message("mime-1000-parts", "1000 parts", _multipart(), parts + b"--b--\n")
    inner = b"Subject: innermost\n\nx\n"
    nested = _VERSION + b"Content-Type: message/rfc822\n\n"
    for level in range(60):
        inner = b"Subject: level %d\n" % level + nested + inner
    yield eml(
        "mime-rfc822-60", "message/rfc822 nested 60 deep", head(b"x", b"r60") + nested + inner
    )


def _kinds() -> Iterator[Case]:
    yield message(
        "mime-rfc822-base64",
        "base64 message/rfc822",
        _VERSION + b"Content-Type: message/rfc822\nContent-Transfer-Encoding: base64\n",
        base64.encodebytes(head(b"in", b"in") + b"\nx\n"),
    )
    yield message(
        "mime-partial",
        "message/partial",
        _VERSION + b'Content-Type: message/partial; id="x@edge"; number=2; total=3\n',
        b"middle\n",
    )
    yield message(
        "mime-external",
        "message/external-body",
        _VERSION
        + b'Content-Type: message/external-body; access-type=URL; URL="http://www.example.org/"\n',
        b"Content-Type: text/plain\n\n",
    )
    yield message(
        "mime-digest",
        "multipart/digest default type",
        _multipart(b"digest"),
        b"--b\n\nSubject: d1\n\nx\n--b\n\nSubject: d2\n\ny\n--b--\n",
    )
    yield message(
        "mime-dsn",
        "delivery report",
        _VERSION + b"Content-Type: multipart/report; report-type=delivery-status; boundary=b\n",
        b"--b\n\nfailed\n--b\nContent-Type: message/delivery-status\n\nReporting-MTA: dns; x\n\n"
        b"Final-Recipient: rfc822; a@example.org\nAction: failed\nStatus: 5.1.1\n\n--b--\n",
    )


def _cryptography() -> Iterator[Case]:
    yield message(
        "crypto-smime",
        "S/MIME opaque",
        _VERSION + b"Content-Type: application/pkcs7-mime; smime-type=signed-data; name=smime.p7m\n"
        b"Content-Transfer-Encoding: base64\n",
        base64.encodebytes(bytes(range(200))),
    )
    yield message(
        "crypto-pgp",
        "PGP/MIME encrypted",
        _VERSION
        + b'Content-Type: multipart/encrypted; protocol="application/pgp-encrypted"; boundary=b\n',
        b"--b\nContent-Type: application/pgp-encrypted\n\nVersion: 1\n"
        b"--b\nContent-Type: application/octet-stream\n\n"
        b"-----BEGIN PGP MESSAGE-----\n\nxxxx\n-----END PGP MESSAGE-----\n--b--\n",
    )
    yield message(
        "crypto-signed-trailing-ws",
        "signed part: bytes must survive exactly",
        _multipart(b"signed"),
        b"--b\nContent-Type: text/plain\n\ntrailing space \t \n-- \n\n"
        b"--b\nContent-Type: application/pgp-signature\n\nx\n--b--\n",
        bytes_exact=True,
    )
