"""Names for lists, made from what a source is called or says of itself."""

from __future__ import annotations

import re
from typing import Final

from storage.errors import BadListName
from storage.message.fields import parse_header
from storage.model import check_list_name

__all__ = ["list_id_name", "name_from_path"]

_SUFFIX: Final = re.compile(
    r"\.(?:gz|bz2|xz|zst|lzma|tgz|tbz2?|txz|tar|mbox|mboxrd|mboxo|mboxcl2?|mbx|eml|txt|maildir|mh)\Z",
    re.IGNORECASE,
)
_SAYS_NOTHING: Final = frozenset({
    "archive", "archives", "cur", "emails", "inbox", "mail", "mailbox", "maildir", "mbox", "messages", "new",
})  # fmt: skip
_EXPORTED: Final = re.compile(
    r"([^@]+)@([^@]+?)(?:-[0-9]{4}-[0-9]{2}(?:-[0-9]{2})?|-[A-Z2-7]{32})?"
)
"""HyperKitty calls its exports by the list's address and the month or thread."""
_ILLEGAL: Final = re.compile(r"[^A-Za-z0-9+_.-]+")
_HEADER_OCTETS: Final = 256 * 1024


def name_from_path(path: str) -> str | None:
    """Return the list name that a relative path suggests (``lists/a.mbox.xz`` -> ``lists.a``), or None.

    Names such as ``mbox`` and ``inbox`` say nothing, and nor does ``-``; below a folder that has a name of its own
    they stand for the folder (``lists/inbox`` -> ``lists``). An address stands for a List-Id, as Mailman makes it of one
    (``a@example.org-2024-01.mbox.gz`` -> ``a.example.org``).
    """
    parts = [part for part in path.split("/") if part]
    if parts:
        parts[-1] = _without_suffixes(parts[-1])
        if exported := _EXPORTED.fullmatch(parts[-1]):
            parts[-1] = f"{exported[1]}.{exported[2]}"
        if parts[-1].strip(".").lower() in _SAYS_NOTHING:
            parts.pop()
    return _legal(".".join(parts))


def list_id_name(raw: bytes) -> str | None:
    """Return the list name that a message's List-Id field suggests, in lower case, or None (RFC 2919 s. 3)."""
    value = parse_header(raw[:_HEADER_OCTETS]).first(b"list-id")
    if value is None:
        return None
    identifier = value.rpartition(b"<")[2].partition(b">")[0]
    return _legal(b"".join(identifier.split()).decode("ascii", "replace").lower())


def _without_suffixes(name: str) -> str:
    """Return a file's name without what only tells its format."""
    while (stem := _SUFFIX.sub("", name)) != name and stem:
        name = stem
    return name


def _legal(name: str) -> str | None:
    """Return the legal list name nearest to ``name``, or None where nothing of it is left."""
    parts = (_ILLEGAL.sub("-", part).strip("-") for part in name.split("."))
    try:
        return check_list_name(".".join(part for part in parts if part))
    except BadListName:
        return None
