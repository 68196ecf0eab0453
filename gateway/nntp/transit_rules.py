"""What a news server refuses when an article is offered to it, and why.

The verdicts are those of INN's innd, which most peers are; they are stricter only where two parties could read the same
octets differently: a name that is none, a CR or LF on its own in the header, an id other than the one offered. So one
set of rules tells what a peer will refuse of ours, and what we refuse of a peer's.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from gateway.nntp.news_dates import news_date

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

__all__ = [
    "DAY",
    "MANDATORY",
    "MAX_MESSAGE_ID",
    "MAX_SKEW",
    "STOCK_CUTOFF",
    "STOCK_OCTETS",
    "is_transit_id",
    "newsgroups",
    "path_identities",
    "refusal",
]

DAY: Final = 86_400

MAX_MESSAGE_ID: Final = 250
"""RFC 5536 s. 3.1.3, RFC 3977 s. 3.6."""

MAX_SKEW: Final = DAY
"""How far in the future an article may have been injected (RFC 5537 s. 3.6)."""

STOCK_CUTOFF: Final = 10 * DAY
"""How old an article INN takes as it is shipped: ``artcutoff``."""

STOCK_OCTETS: Final = 1_000_000
"""How large an article INN takes as it is shipped, as it is on the wire: ``maxartsize``."""

MANDATORY: Final = (b"path", b"newsgroups", b"from", b"subject", b"date", b"message-id")
"""The fields without which there is no article (RFC 5536 s. 3.1)."""

_SHOWN: Final = {
    name: "Message-ID" if name == b"message-id" else name.decode().capitalize()
    for name in MANDATORY
}
_FIELD_END: Final = re.compile(rb"\r\n(?![ \t])")
_NAME: Final = re.compile(rb"[!-9;-~]++")
_ATOM: Final = rb"[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]++"
_DOT_ATOM: Final = rb"%b(?:\.%b)*+" % (_ATOM, _ATOM)
_MESSAGE_ID: Final = re.compile(
    rb"<%b@(?:%b|\[[A-Za-z0-9!#$%%&'*+/=?^_`{|}~\"(),.:;<@-]*+\])>" % (_DOT_ATOM, _DOT_ATOM)
)
_BARE: Final = re.compile(rb"\r(?!\n)|(?<!\r)\n")
_SEPARATORS: Final = re.compile(rb"[,\s]++")
_PATH_HOST: Final = re.compile(rb"[A-Za-z0-9._-]")


def refusal(
    article: bytes,
    *,
    now: float,
    cutoff: int | None = None,
    max_octets: int | None = None,
    identity: bytes = b"",
    offered: bytes | None = None,
    carried: Callable[[bytes], bool] | None = None,
) -> str | None:
    """Return why a news server refuses an article, or None where it takes it.

    ``article`` has CRLF line ends and is not dot-stuffed. ``cutoff`` is the age in seconds beyond which it is refused,
    by Injection-Date or else by Date; ``max_octets`` its limit on the wire; ``identity`` the server's own name in Path;
    ``offered`` the Message-ID that announced the article; ``carried`` tells which newsgroups the server has. What is
    not given is not judged. The text is fixed wording with the section that asks for it, and holds nothing of the
    article. RFC 5536 s. 2.2 and 3.1, RFC 5537 s. 3.6.
    """
    if max_octets is not None and _wire_octets(article) > max_octets:
        return f"larger than the {max_octets} octets that are taken"
    texts = _field_texts(article)
    if isinstance(texts, str):
        return texts
    values = _values(texts)
    if isinstance(values, str):
        return values
    return (
        _of_mandatory(values)
        or _of_message_id(values, offered)
        or _of_dates(values, now, cutoff)
        or _of_path(values, identity)
        or _of_newsgroups(values, carried)
    )


def is_transit_id(message_id: bytes) -> bool:
    """Tell whether news servers take this for a Message-ID (RFC 5536 s. 3.1.3): stricter than what readers are served."""
    return len(message_id) <= MAX_MESSAGE_ID and _MESSAGE_ID.fullmatch(message_id) is not None


def newsgroups(value: bytes) -> list[bytes]:
    """Return the names in a Newsgroups field, in their order (RFC 5536 s. 3.1.4)."""
    return [name for name in _SEPARATORS.split(value) if name]


def path_identities(value: bytes) -> list[bytes]:
    """Return the servers an article went through, the last one first, in lower case (RFC 5536 s. 3.1.5).

    Left out are what is not a server: diagnostics, which begin with a dot or are empty, the last entry, and all that
    stands behind a ``POSTED``, where the injecting server's word ends.
    """
    entries = [entry.strip().lower() for entry in value.split(b"!")][:-1]
    posted = next((at for at, entry in enumerate(entries) if _is_posted(entry)), len(entries))
    return [entry for entry in entries[:posted] if entry and not entry.startswith(b".")]


def _is_posted(entry: bytes) -> bool:
    return entry == b".posted" or entry.startswith(b".posted.")


def _wire_octets(article: bytes) -> int:
    """Return what an article takes on the wire, with the dots doubled and the line that ends it."""
    return len(article) + article.startswith(b".") + article.count(b"\r\n.") + 3


def _field_texts(article: bytes) -> list[bytes] | str:
    """Return the header's fields, or why there is none that can be read."""
    if b"\0" in article:
        return "a NUL (RFC 3977 s. 3.6)"
    if article.startswith(b"\r\n"):
        return "no header (RFC 5536 s. 3.1)"
    end = article.find(b"\r\n\r\n")
    if end < 0:
        return "no empty line behind the header (RFC 5536 s. 2.2)"
    head = article[:end]
    if _BARE.search(head):
        return "a CR or LF on its own in the header (RFC 3977 s. 3.6)"
    return _FIELD_END.split(head)


def _values(texts: Sequence[bytes]) -> dict[bytes, list[bytes]] | str:
    """Return the values of the mandatory fields and Injection-Date, or why a field is none."""
    values: dict[bytes, list[bytes]] = {}
    for text in texts:
        colon = text.find(b":")
        if colon < 0 or text[colon + 1 : colon + 2] not in {b" ", b"\t"}:
            return "a header line without colon and space (RFC 5536 s. 2.2)"
        if not _NAME.fullmatch(text, 0, colon):
            return "a header field with a name that is none (RFC 5536 s. 2.2)"
        value = text[colon + 2 :]
        # An empty one is no field, unless it repeats one that is.
        name = text[:colon].lower()
        if value or name in values:
            values.setdefault(name, []).append(value)
    return values


def _of_mandatory(values: Mapping[bytes, Sequence[bytes]]) -> str | None:
    for name in MANDATORY:
        if name not in values:
            return f"no {_SHOWN[name]} (RFC 5536 s. 3.1)"
        if len(values[name]) > 1:
            return f"more than one {_SHOWN[name]} (RFC 5536 s. 3.1)"
    return None


def _of_message_id(values: Mapping[bytes, Sequence[bytes]], offered: bytes | None) -> str | None:
    message_id = values[b"message-id"][0].strip(b" \t")
    if not is_transit_id(message_id):
        return "a Message-ID that is none (RFC 5536 s. 3.1.3)"
    if offered is not None and message_id != offered:
        return "another Message-ID than the one offered (RFC 4644 s. 2.5)"
    return None


def _of_dates(
    values: Mapping[bytes, Sequence[bytes]], now: float, cutoff: int | None
) -> str | None:
    posted = news_date(values[b"date"][0])
    if posted is None:
        return "a Date that is none (RFC 5536 s. 3.1.1)"
    if b"injection-date" in values:
        posted = news_date(values[b"injection-date"][0])
        if posted is None:
            return "an Injection-Date that is none (RFC 5536 s. 3.2.7)"
    if cutoff is not None and posted < now - cutoff:
        return "older than the cutoff (RFC 5537 s. 3.6)"
    if posted > now + MAX_SKEW:
        return "injected or posted in the future (RFC 5537 s. 3.6)"
    return None


def _of_path(values: Mapping[bytes, Sequence[bytes]], identity: bytes) -> str | None:
    path = values[b"path"][0]
    if not _PATH_HOST.search(path):
        return "a Path without a name (RFC 5536 s. 3.1.5)"
    if identity and identity.lower() in path_identities(path):
        return "it came through here already (RFC 5537 s. 3.6)"
    return None


def _of_newsgroups(
    values: Mapping[bytes, Sequence[bytes]], carried: Callable[[bytes], bool] | None
) -> str | None:
    names = newsgroups(values[b"newsgroups"][0])
    if not names or any(b":" in name for name in names):
        return "a Newsgroups that names none (RFC 5536 s. 3.1.4)"
    if carried is not None and not any(map(carried, names)):
        return "none of its newsgroups is carried here"
    return None
