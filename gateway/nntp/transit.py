"""The transit form: a message as it is offered to other news servers.

It is made of the served form, and stricter: readers forgive what relaying agents refuse. Every field is ``Name: value``
with something on its first line and on each other; what an article must have it has once; what a news agent would act
upon has another name, and so has each repetition of a field that may stand once only. A mail keeps all it says: what is
not at its place is in an ``X-Original-`` field.

Invariants: ``gateway.nntp.transit_rules.refusal`` takes what is made here, but for its size. Making it anew of itself
changes nothing. It depends on its arguments alone.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import format_datetime
from hashlib import blake2b
from typing import TYPE_CHECKING, Final

from gateway.nntp.news_dates import news_date
from gateway.nntp.transit_rules import DAY, MAX_SKEW, STOCK_CUTOFF, is_transit_id, path_identities
from storage.message.fields import parse_header

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from storage.model import Served

__all__ = ["RECENT", "Article", "stored_path", "transit", "transit_id"]

RECENT: Final = STOCK_CUTOFF - DAY
"""The age up to which an article keeps the Injection-Date it came with: within the cutoff of any news server."""

_LINE: Final = 998  # octets (RFC 5536 s. 2.2, RFC 5322 s. 2.1.1)
_ORIGINAL: Final = b"X-Original-"
_FROM: Final = b"unknown@missing.listgate.invalid"
_SUBJECT: Final = b"(no subject)"
_BLANKS: Final = b" \t"
_BLANK: Final = (b" ", b"\t")
_CONTENT: Final = re.compile(rb"[^ \t]")
_EITHER_BLANK: Final = re.compile(rb"[ \t]")
_ORIGINAL_PATH: Final = b"x-original-path"
_ORIGINAL_INJECTION_DATE: Final = b"x-original-injection-date"
_MAX_PATH: Final = 900
"""The longest Path taken over from a message: a line of it, with room for who relays it next."""

# What relaying and serving agents act upon or set, now (RFC 5536 s. 3.1, 3.2) or of old (its s. 3.3).
_OF_NEWS: Final = frozenset((
    b"also-control", b"approved", b"article-names", b"article-updates", b"bytes", b"control", b"date-received",
    b"distribution", b"expires", b"followup-to", b"injection-info", b"lines", b"nntp-posting-date",
    b"nntp-posting-host", b"posting-version", b"relay-version", b"see-also", b"supersedes",
))  # fmt: skip  # a list of words
_DROPPED: Final = frozenset({b"newsgroups", b"xref"})

# Fields that may stand once (RFC 5322 s. 3.6, RFC 5536 s. 3, RFC 2045): repetitions get another name, or are added to
# the first one with what is given here between.
_ONCE: Final = frozenset((
    b"archive", b"archived-at", b"bcc", b"content-description", b"content-disposition", b"content-id",
    b"content-language", b"content-location", b"content-transfer-encoding", b"content-type", b"date", b"from",
    b"in-reply-to", b"injection-date", b"message-id", b"mime-version", b"organization", b"path", b"sender", b"subject",
    b"summary", b"user-agent",
))  # fmt: skip  # a list of words
_JOINED: Final = {
    b"cc": b",",
    b"keywords": b",",
    b"references": b"",
    b"reply-to": b",",
    b"to": b",",
}

_CONSULTED: Final = frozenset({
    b"date", b"from", b"injection-date", b"path", b"references", b"subject", _ORIGINAL_INJECTION_DATE, _ORIGINAL_PATH,
})  # fmt: skip  # a list of words

_FIELD_END: Final = re.compile(rb"\r\n(?![ \t])")
_NAME: Final = re.compile(rb"[!-9;-~]++")
_TIDY: Final = re.compile(rb"([!-9;-~]++): [^ \t\r][^\r]*+(?:\r\n[ \t]++[^ \t\r][^\r]*+)*+")
_ID: Final = re.compile(rb"<[^<>\s]++>")
_LEGAL_PATH: Final = re.compile(rb"[A-Za-z0-9._:!-]++(?<=[A-Za-z0-9_-])")


@dataclass(frozen=True, slots=True)
class Article:
    """A message in transit form: CRLF line ends, not dot-stuffed, and the Message-ID it is offered by."""

    message_id: bytes
    octets: bytes


def transit(
    served: Served,
    *,
    host: bytes,
    groups: Sequence[bytes],
    dated: int,
    now: int,
    injection_date: bool = True,
) -> Article:
    """Return the transit form of a message.

    ``host`` is our path identity; ``groups`` are the newsgroups it goes to. ``dated`` is when it was sent, for all the
    archive knows: it stands in for a Date that is none or in the future. With ``injection_date``, a message that was not
    injected lately counts as injected ``now``, so that its age is no reason to refuse it. RFC 5536 s. 2.2 and 3, RFC
    5537 s. 3.10.2.
    """
    fields = _tidied(served.head)
    values = {name: _content(line) for name, line in reversed(fields) if name in _CONSULTED}
    restored: set[bytes] = set()
    lines = [
        _line(b"Path", _path(values, host, restored)),
        b"Newsgroups: %b\r\n" % b",".join(groups),
    ]
    injected = _injected(values, now, restored, wanted=injection_date)
    changed = _changed(values, served.message_id, min(dated, now), now)
    for name, line in fields:
        if name in restored:
            restored.remove(name)
        elif name in changed:
            lines += changed.pop(name)
        else:
            lines.append(line)
    for more in changed.values():
        lines += more
    if injected:
        lines.append(b"Injection-Date: %b\r\n" % injected)
    lines += [b"\r\n", served.body]
    return Article(transit_id(served.message_id), b"".join(lines))


def transit_id(message_id: bytes) -> bytes:
    """Return the id that a message goes by among news servers: its own, or one made from that alone where they refuse it."""
    if is_transit_id(message_id):
        return message_id
    return (
        b"<%b@transit.listgate.invalid>" % blake2b(message_id, digest_size=16).hexdigest().encode()
    )


def stored_path(served: Served) -> list[bytes]:
    """Return the servers that a stored message went through, in lower case: those of the Path it came with."""
    head = served.head
    if _ORIGINAL_PATH not in head.lower():
        return []
    return path_identities(parse_header(head).first(_ORIGINAL_PATH) or b"")


def _tidied(head: bytes) -> list[tuple[bytes, bytes]]:
    """Return the fields that have something to say, each with a name and a first line of its own, in their order.

    A field is its name in lower case, and its lines.
    """
    tidied: list[tuple[bytes, bytes]] = []
    at: dict[bytes, int] = {}
    more: dict[bytes, list[bytes]] = {}
    for text in _FIELD_END.split(head.removesuffix(b"\r\n")):
        match = _TIDY.fullmatch(text) if _is_short(text) else None
        if match is not None:
            name, line = match[1], text + b"\r\n"
        else:
            name, value = _named(text)
            if not value:
                continue
            line = _line(name, value)
        lower = name.lower()
        if lower in _DROPPED:
            continue
        is_again = lower in at
        if is_again and lower in _JOINED:
            more.setdefault(lower, []).append(_content(line))
            continue
        if lower in _OF_NEWS or (is_again and lower in _ONCE):
            line = _line(_ORIGINAL + name, _content(line))
            lower = _ORIGINAL.lower() + lower
        at.setdefault(lower, len(tidied))
        tidied.append((lower, line))
    for lower, values in more.items():
        name, _, first = tidied[at[lower]][1].partition(b": ")
        between = _JOINED[lower] + b"\r\n "
        tidied[at[lower]] = lower, _line(name, between.join([first.removesuffix(b"\r\n"), *values]))
    return tidied


def _content(line: bytes) -> bytes:
    """Return what a tidy field says."""
    return line.partition(b": ")[2].removesuffix(b"\r\n")


def _named(text: bytes) -> tuple[bytes, bytes]:
    """Return a field's name and value, without blanks around it and without lines of blanks; other folds are kept."""
    name, colon, written = text.partition(b":")
    if not colon or not _NAME.fullmatch(name):
        name, written = _ORIGINAL + b"Line", text
    return name, _value(written)


def _value(written: bytes) -> bytes:
    """Return a field's value without blanks around it and without lines of blanks; its other folds are kept."""
    if b"\r\n" not in written:
        return written.strip(_BLANKS)
    lines = [line for line in written.split(b"\r\n") if line.strip(_BLANKS)]
    return b"\r\n".join(lines).strip(_BLANKS)


def _path(values: Mapping[bytes, bytes], host: bytes, restored: set[bytes]) -> bytes:
    """Return the content of Path: where the message went before it came here, or that it entered here."""
    known = values.get(b"path")
    if known is not None:
        restored.add(b"path")
        if known.partition(b"!")[0] == host:
            return known
    name = b"path" if known is not None else _ORIGINAL_PATH
    known = b" ".join(values.get(name, b"").split()).replace(b" !", b"!").replace(b"! ", b"!")
    path = b"%b!%b" % (host, known)
    if len(path) > _MAX_PATH or not _LEGAL_PATH.fullmatch(path):
        return host + b"!.POSTED!not-for-mail"
    restored.add(name)
    return path


def _injected(
    values: Mapping[bytes, bytes], now: int, restored: set[bytes], *, wanted: bool
) -> bytes:
    """Return when the message was injected, as the field says it; empty where it is not to say it."""
    restored.update({b"injection-date"} & values.keys())
    for name in (b"injection-date", _ORIGINAL_INJECTION_DATE):
        value = values.get(name, b"")
        time = news_date(value)
        if time is not None and time <= now + MAX_SKEW and (time >= now - RECENT or not wanted):
            restored.add(name)
            return value
    return _written(now) if wanted else b""


def _changed(
    values: Mapping[bytes, bytes], message_id: bytes, dated: int, now: int
) -> dict[bytes, list[bytes]]:
    """Return the lines that stand for fields, by name, where that is not the field itself; or for what is missing."""
    changed = {}
    if b"from" not in values:
        changed[b"from"] = [_line(b"From", _FROM)]
    if b"subject" not in values:
        changed[b"subject"] = [_line(b"Subject", _SUBJECT)]
    date = values.get(b"date")
    time = None if date is None else news_date(date)
    if time is None or time > now + MAX_SKEW:
        changed[b"date"] = [*_kept(b"Date", date), _line(b"Date", _written(dated))]
    own = transit_id(message_id)
    changed[b"message-id"] = [
        *_kept(b"Message-ID", None if own == message_id else message_id),
        _line(b"Message-ID", own),
    ]
    references = values.get(b"references", b"")
    sound = _ID.sub(lambda match: transit_id(match[0]), references)
    if sound != references:
        changed[b"references"] = [*_kept(b"References", references), _line(b"References", sound)]
    return changed


def _kept(name: bytes, value: bytes | None) -> list[bytes]:
    """Return the line that keeps a value that does not stand under its name."""
    return [] if value is None else [_line(_ORIGINAL + name, value)]


def _written(time: int) -> bytes:
    """Return a time as a date. RFC 5322 s. 3.3."""
    return format_datetime(datetime.fromtimestamp(max(time, 0), UTC)).encode()


def _line(name: bytes, value: bytes) -> bytes:
    """Return a field, folded anew where a line is too long and has blanks."""
    text = b"%b: %b" % (name, value)
    if _is_short(text):
        return text + b"\r\n"
    pieces: list[bytes] = []
    for line in text.split(b"\r\n"):
        pieces += _folded(line, 0 if pieces else len(name) + 2)
    return b"\r\n".join([*pieces, b""])


def _is_short(text: bytes) -> bool:
    """Tell whether no line is too long."""
    return len(text) <= _LINE or max(map(len, text.split(b"\r\n"))) <= _LINE


def _folded(line: bytes, start: int) -> Iterator[bytes]:
    """Yield the pieces of a line, each but the first one beginning with a blank, and none of blanks only.

    ``start`` is from where on there may be a blank that is a place to fold at.
    """
    line = line.rstrip(_BLANKS)
    begin, content = 0, _CONTENT.search(line, start)
    while content is not None and len(line) - begin > _LINE:
        at = max(line.rfind(blank, content.end(), begin + _LINE + 1) for blank in _BLANK)
        if at < 0:
            following = _EITHER_BLANK.search(line, max(content.end(), begin + _LINE))
            if following is None:
                break
            at = following.start()
        yield line[begin:at].rstrip(_BLANKS)
        content = _CONTENT.search(line, at)
        begin = at if content is None else content.start() - 1  # of many blanks one is enough
    yield line[begin:]
