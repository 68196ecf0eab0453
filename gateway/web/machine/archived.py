"""Addresses in other archives, live and dead, that tell which message they are of.

Nothing is asked of anybody: what cannot be told by looking at the address (an article's number at Gmane, the file of a
pipermail) is not told.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final
from urllib.parse import unquote_to_bytes, urlsplit

from storage.message.ids import is_sound

__all__ = ["MAX_URL", "archived_id"]

MAX_URL: Final = 2000
"""Characters of an address that is looked at: an id has no more than 750, if each octet is encoded."""

_MAX_PARAMETERS: Final = 20

_ID: Final = r"(?P<id>[^/]{3,750})"
_ANYWHERE: Final = r"(?:/[^/]{1,255}){0,4}?"


@dataclass(frozen=True, slots=True)
class _Form:
    """How the addresses of an archive look: on these hosts (or any), by their path or by a parameter of their query."""

    hosts: frozenset[str]
    path: re.Pattern[str]
    parameter: str = ""


def _form(hosts: str, path: str, parameter: str = "") -> _Form:
    return _Form(frozenset(hosts.split()), re.compile(path), parameter)


# What public-inbox has behind an id: https://public-inbox.org/design_www.html
_BEHIND: Final = r"(?:/(?:[rR]aw|[tTsRd]/?|t\.(?:mbox\.gz|atom)|T/[^/]*+|)|)"

_FORMS: Final = (
    _form(
        "lkml.kernel.org msgid.link patch.msgid.link lore.kernel.org public-inbox.org",
        rf"(?:/r)?/{_ID}/?",
    ),
    _form(
        "lore.kernel.org public-inbox.org inbox.sourceware.org yhbt.net inbox.vuxu.org inbox.dpdk.org",
        rf"(?:/lore)?/[^/]{{1,255}}/{_ID}{_BEHIND}",
    ),
    _form("marc.info www.marc.info marc.theaimsgroup.com", "/?", "i"),
    _form("mid.gmane.org mid.mail-archive.com", rf"/{_ID}/?"),
    _form("news.gmane.org gmane.org search.gmane.org", r"/find-root\.php", "message_id"),
    _form("www.mail-archive.com mail-archive.com", "/search", "q"),
    _form("lists.debian.org", rf"/msgid-search/{_ID}"),
    _form(
        "www.postgresql.org postgresql.org archives.postgresql.org postgr.es",
        rf"/(?:message-id|m)/(?:flat/|raw/|attachment/\d{{1,9}}/)?{_ID}/?",
    ),
    _form(
        "mail-archives.apache.org mail-archives.eu.apache.org",
        rf"/mod_mbox/[^/]{{1,255}}/\d{{6}}\.mbox/(?:raw/|ajax/)?{_ID}/?\d?",
    ),
    _form("lists.sr.ht", rf"/~[^/]{{1,255}}/[^/]{{1,255}}/(?:patches/)?{_ID}(?:/raw)?"),
    _form("groups.google.com", rf"(?:/a/[^/]{{1,255}})?/d/msgid/[^/]{{1,255}}/{_ID}"),
    _form("groups.google.com", "/groups", "selm"),
    _form("groups.google.com", "/groups", "as_umsgid"),
    _form("al.howardknight.net", r"/(?:msgid\.cgi)?", "ID"),
    _form("al.howardknight.net", r"/(?:msgid\.cgi)?", "id"),
    _form(
        "patchwork.kernel.org patchwork.ozlabs.org patchwork.freedesktop.org patchwork.sourceware.org",
        rf"/project/[^/]{{1,255}}/(?:patch|cover)/{_ID}/?(?:mbox/?|raw/?)?",
    ),
    # Any public-inbox, and any listgate: only where something besides the id is as theirs.
    _form("", rf"{_ANYWHERE}/{_ID}/(?:raw|[tT]/|t\.mbox\.gz|t\.atom)"),
    _form("", rf"{_ANYWHERE}/m/{_ID}(?:/(?:raw|thread|flat))?"),
    _form("", rf"{_ANYWHERE}/message-id/{_ID}/?"),
)

_BY_ID: Final = frozenset(("mid", "news", "snews"))
"""Schemes whose addresses name a message by its id (RFC 2392, RFC 5538)."""


def archived_id(url: str) -> bytes | None:
    """Return the Message-ID, in its angle brackets, of the message that an address elsewhere is of.

    None where it does not tell. Whether that message is here is another question.
    """
    found = _split(url)
    if found is None:
        return None
    scheme, host, path, query = found
    if scheme in _BY_ID:
        return _sound(path.lstrip("/").partition("/")[0])
    if scheme not in ("http", "https"):
        return None
    for form in _FORMS:
        if form.hosts and host not in form.hosts:
            continue
        at = form.path.fullmatch(path)
        if at is None:
            continue
        told = _sound(_parameter(query, form.parameter) if form.parameter else at["id"])
        if told is not None:
            return told
    return None


def _split(url: str) -> tuple[str, str, str, str] | None:
    """Return scheme, host, path and query of an address; None where it is none."""
    if len(url) > MAX_URL:
        return None
    try:
        parts = urlsplit(url)
    except ValueError:
        return None
    return parts.scheme, parts.hostname or "", parts.path, parts.query


def _parameter(query: str, name: str) -> str:
    """Return a parameter of a query; plus signs are left, which ids have, and nobody encodes."""
    for each in query.replace(";", "&").split("&", _MAX_PARAMETERS):
        key, _, value = each.partition("=")
        if key == name:
            return value
    return ""


def _sound(written: str) -> bytes | None:
    text = unquote_to_bytes(written).strip(b"<> ")
    told = b"<%b>" % text
    return told if is_sound(told) else None
