"""What FETCH tells of a message without its octets: ENVELOPE, BODYSTRUCTURE, BODY, and the header fields clients list.

Made when a message arrives, from the served form, and stored as it is sent: no list is rendered twice.
"""

from __future__ import annotations

import re
from functools import lru_cache
from typing import TYPE_CHECKING, Final

from gateway.imap.strings import NIL, nstring, string
from storage.message.addresses import addresses, entries

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from storage.message.fields import Header
    from storage.message.parameters import Parameters
    from storage.message.structure import Part

__all__ = [
    "BODYSTRUCTURE_VERSION",
    "ENVELOPE_VERSION",
    "FIELDS_VERSION",
    "LISTED_FIELDS",
    "MAX_FIELD",
    "body",
    "bodystructure",
    "envelope",
    "fields",
    "pick",
    "picker",
]

ENVELOPE_VERSION: Final = 2
BODYSTRUCTURE_VERSION: Final = 1
FIELDS_VERSION: Final = 1
"""To be raised when what is rendered changes, so that stored rows are made again."""

LISTED_FIELDS: Final = frozenset((
    b"bcc", b"cc", b"content-class", b"content-description", b"content-disposition", b"content-language",
    b"content-location", b"content-md5", b"content-transfer-encoding", b"content-type", b"date",
    b"disposition-notification-to", b"expires", b"followup-to", b"from", b"importance", b"in-reply-to", b"keywords",
    b"lines", b"list-archive", b"list-help", b"list-id", b"list-owner", b"list-post", b"list-subscribe",
    b"list-unsubscribe", b"list-unsubscribe-post", b"mail-followup-to", b"mail-reply-to", b"message-id",
    b"mime-version", b"newsgroups", b"organization", b"priority", b"references", b"reply-to", b"resent-message-id",
    b"sender", b"sensitivity", b"status", b"subject", b"to", b"user-agent", b"x-label", b"x-mailer",
    b"x-mozilla-status", b"x-priority", b"x-status", b"x-uniform-type-identifier", b"x-universally-unique-identifier",
    b"xref",
))  # fmt: skip  # a list of words
"""The fields that mail clients ask for to show a list of messages: mutt, neomutt, Thunderbird, Gnus, K-9, Apple Mail,
alpine, Roundcube, Evolution; what else a client asks for is taken from the message."""

MAX_FIELD: Final = 32_768
"""Octets of a field in an ENVELOPE that is one string: what is longer is no field that a person wrote."""

_MAX_KEPT: Final = 500
"""Octets of a list or an address that is worth keeping: who writes, and where to, is often the same."""

_NO_TEXT: Final = b'("text" "plain" ("charset" "us-ascii") NIL NIL "7bit" 0 0'
_NO_ENVELOPE: Final = b"(" + b" ".join([NIL] * 10) + b")"


def envelope(header: Header) -> bytes:
    """Return the ENVELOPE of a message. RFC 9051 s. 7.5.2.

    Date, subject, in-reply-to and message-id are the fields as they stand, unfolded, never decoded. Of address fields
    that come more than once, all addresses count.
    """
    names = header.names
    sender = _list(header, b"from")
    values = (
        _text(header, b"date"),
        _text(header, b"subject"),
        sender,
        _list(header, b"sender", sender) if b"sender" in names else sender,
        _list(header, b"reply-to", sender) if b"reply-to" in names else sender,
        _list(header, b"to"),
        _list(header, b"cc") if b"cc" in names else NIL,
        _list(header, b"bcc") if b"bcc" in names else NIL,
        _text(header, b"in-reply-to"),
        _text(header, b"message-id"),
    )
    return b"(%b)" % b" ".join(values)


def bodystructure(structure: Part) -> bytes:
    """Return the BODYSTRUCTURE of a message. RFC 9051 s. 7.5.2."""
    return _rendered(structure, extensible=True)


def body(structure: Part) -> bytes:
    """Return the BODY of a message: its structure without extension data. RFC 9051 s. 6.4.5."""
    return _rendered(structure, extensible=False)


def fields(header: Header) -> bytes:
    """Return those fields of a served header that clients list with, in their order, without the empty line."""
    return b"".join(header.chosen(LISTED_FIELDS))


def pick(row: bytes, wanted: frozenset[bytes]) -> bytes:
    """Return those fields of a row of ``fields`` whose names, in lower case, are wanted, and the empty line.

    That is the text of ``BODY[HEADER.FIELDS (...)]`` as long as all that is wanted is among ``LISTED_FIELDS``.
    """
    return picker(wanted)(row)


@lru_cache(maxsize=256)
def picker(wanted: frozenset[bytes]) -> Callable[[bytes], bytes]:
    """Return what picks the wanted fields out of a row, for many rows."""
    if wanted >= LISTED_FIELDS:
        return b"%b\r\n".__mod__
    names = b"|".join(sorted(map(re.escape, wanted & LISTED_FIELDS)))
    if not names:
        return b"\r\n%.0b".__mod__
    find = re.compile(
        rb"^(?:%b):[^\n]*+\n(?:[ \t][^\n]*+\n)*+" % names, re.IGNORECASE | re.MULTILINE
    ).findall
    return lambda row: b"".join(find(row)) + b"\r\n"


def _text(header: Header, name: bytes) -> bytes:
    """Return a field as a string; NIL where there is none, which an empty one is not."""
    value = header.first(name)
    return NIL if value is None else string(value[:MAX_FIELD])


def _list(header: Header, name: bytes, otherwise: bytes = NIL) -> bytes:
    """Return the address structures of all fields so named; ``otherwise`` if there are none."""
    rendered = b"".join(map(_addresses, header.every(name)))
    return b"(%b)" % rendered if rendered else otherwise


def _addresses(value: bytes) -> bytes:
    """Return the structures of a list: a short one as a whole, of a longer one each entry by itself, mostly from memory."""
    if len(value) <= _MAX_KEPT:
        return _kept(value)
    return b"".join(
        [
            _kept(entry) if len(entry) <= _MAX_KEPT else _structures(entry)
            for entry in entries(value)
        ]
    )


def _structures(entry: bytes) -> bytes:
    return b"".join(
        [
            b"(%b %b %b %b)" % (nstring(name), nstring(route), nstring(mailbox), nstring(host))
            for name, route, mailbox, host in addresses(entry)
        ]
    )


_kept: Final = lru_cache(maxsize=4096)(_structures)


def _rendered(structure: Part, *, extensible: bool) -> bytes:
    """Return a tree's rendering: the children's come before their parents', without recursion."""
    order = [structure]
    for part in order:  # grows
        order.extend(part.children)
    texts: dict[int, bytes] = {}
    for part in reversed(order):
        children = [texts.pop(id(child)) for child in part.children]
        texts[id(part)] = _part(part, children, extensible=extensible)
    return texts[id(structure)]


def _part(part: Part, children: Sequence[bytes], *, extensible: bool) -> bytes:
    if part.is_multipart:
        text = _multipart(part, children, extensible=extensible)
    else:
        text = _single(part, children, extensible=extensible)
    if extensible:
        text += b" %b %b %b" % (_disposition(part), _language(part), nstring(part.location))
    return b"(%b)" % text


def _multipart(part: Part, children: Sequence[bytes], *, extensible: bool) -> bytes:
    parts = b"".join(children)
    subtype = string(part.subtype)
    return (
        b"%b %b %b" % (parts, subtype, _parameters(part.parameters))
        if extensible
        else b"%b %b" % (parts, subtype)
    )


def _single(part: Part, children: Sequence[bytes], *, extensible: bool) -> bytes:
    parameters = part.parameters
    is_text = part.type == b"text"
    if is_text and all(name != b"charset" for name, _ in parameters):
        parameters = (*parameters, (b"charset", b"us-ascii"))  # RFC 2045 s. 5.2
    text = b"%b %b %b %b %b %b %d" % (
        string(part.type),
        string(part.subtype),
        _parameters(parameters),
        nstring(part.id),
        nstring(part.description),
        string(part.encoding),
        part.end - part.body,
    )
    if is_text:
        text += b" %d" % part.lines
    elif part.is_message:
        message = part.message
        text += b" %b %b %d" % (
            _NO_ENVELOPE if message is None else envelope(message.header),
            children[0] if children else _no_text(extensible=extensible),
            part.lines,
        )
    return b"%b %b" % (text, nstring(part.md5)) if extensible else text


def _no_text(*, extensible: bool) -> bytes:
    return _NO_TEXT + (b" NIL NIL NIL NIL)" if extensible else b")")


def _disposition(part: Part) -> bytes:
    disposition = part.disposition
    if disposition is None:
        return NIL
    return b"(%b %b)" % (string(disposition.kind), _parameters(disposition.parameters))


def _language(part: Part) -> bytes:
    if not part.language:
        return NIL
    return b"(%b)" % b" ".join(map(string, part.language))


def _parameters(parameters: Parameters) -> bytes:
    if not parameters:
        return NIL
    return b"(%b)" % b" ".join([string(text) for pair in parameters for text in pair])
