"""Which mails are the same mail."""

from __future__ import annotations

import re
from hashlib import blake2b
from typing import TYPE_CHECKING, Final

from storage.message.dates import sent
from storage.message.fields import Header, parse_header
from storage.message.lines import with_lf
from storage.message.subject import base_subject
from storage.message.text import searchable

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = ["alike", "identity", "same_mail"]

_WRITTEN_BY_SENDER: Final = (
    b"from", b"to", b"cc", b"subject", b"date", b"in-reply-to", b"references", b"content-type",
    b"content-transfer-encoding",
)  # fmt: skip  # a list of words
_MENDED: Final = frozenset({b"in-reply-to", b"references"})
"""What gateways to news mend, and this archive when it serves."""
_QUOTED: Final = re.compile(rb"^>+(?=From )", re.MULTILINE)
"""What mailboxes of one kind put there, and of another kind leave."""
_ADDED: Final = re.compile(
    rb"^(?:-{14} next part -{14}|An? [a-zA-Z/-]++ attachment was scrubbed|An embedded (?>.*? was scrubbed)"
    rb"|(?:Name|Type|Size|Desc|Url ?|URL ?): |(?:View|Download) attachment \"|Content of type \").*+(?:\n|\Z)",
    re.MULTILINE,
)
"""What archives put where an attachment was."""
_WORD: Final = re.compile(rb"[0-9A-Z]{4,32}")
_FEW: Final = 8
"""Fewer words tell nothing."""
_MOST: Final = 0.5
_SEPARATORS: Final = (b"From ", b">From ")


def identity(raw: bytes, header: Header | None = None) -> bytes:
    """Return 16 octets that are equal for copies of one mail, whichever way each of them came.

    They are the BLAKE2b of the fields that a sender writes, folding and width of blanks aside, and of the body, line
    ends and blanks at its end aside. Every other field is left out, because hops, lists and mailboxes may add it or
    change it (Reply-To and Sender are set by list software); so is the Message-ID, which is compared by itself.
    Header lines that are no field count, since text without a header is all such lines; an mbox separator does not.
    """
    header = header or parse_header(raw)
    return _digest(header, _WRITTEN_BY_SENDER, with_lf(raw[header.body :]))


def same_mail(one: bytes, other: bytes) -> bool:
    """Tell whether two mails under one Message-ID are copies of one mail.

    Their identities are equal, or would be but for what servers and mailboxes do to a mail on its way: References and
    In-Reply-To mended, From_ lines of the body quoted.
    """
    headers = parse_header(one), parse_header(other)
    if identity(one, headers[0]) == identity(other, headers[1]):
        return True
    names = [name for name in _WRITTEN_BY_SENDER if name not in _MENDED]
    first, second = (
        _digest(header, names, _QUOTED.sub(b"", with_lf(raw[header.body :])))
        for raw, header in zip((one, other), headers, strict=True)
    )
    return first == second


def _digest(header: Header, names: Sequence[bytes], body: bytes) -> bytes:
    digest = blake2b(digest_size=16)
    for name in names:
        for value in header.every(name):
            digest.update(b"%b:%b\n" % (name, b" ".join(value.split())))
    if b"" in header.names:
        for field in header.fields:
            if not field.name and not field.value.startswith(_SEPARATORS):
                digest.update(b":%b\n" % b" ".join(field.value.split()))
    digest.update(b"\n")
    digest.update(body.rstrip())
    return digest.digest()


def alike(poorer: bytes, other: bytes) -> bool:
    """Tell whether two copies under one Message-ID are of one mail, where the poorer one came as a text or a web page.

    Such a copy lost addresses, fields and attachments; it has its Date still, or its subject, and most of its words are
    the other's. Without that whoever repeats an id and a date could put words of his own into another's mouth.
    """
    headers = parse_header(poorer), parse_header(other)
    first, second = map(sent, headers)
    if (first is None or first != second) and _letters(headers[0]) != _letters(headers[1]):
        return False
    words = _words(_ADDED.sub(b"", poorer))
    return len(words) < _FEW or len(words & _words(other)) >= len(words) * _MOST


def _words(raw: bytes) -> set[bytes]:
    """Return the words of a mail's text that no archive changes."""
    return set(_WORD.findall(searchable(with_lf(raw).replace(b"\n", b"\r\n")).body))


def _letters(header: Header) -> str:
    """Return what of the base subject no archive changes: neither blanks nor signs."""
    subject, _ = base_subject(header.first(b"subject") or b"")
    return "".join(filter(str.isalnum, subject.casefold()))
