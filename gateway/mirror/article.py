"""An article as a reader's server sends it, and the message that it was before that."""

from __future__ import annotations

import re
from typing import Final

__all__ = ["message_of"]

_SERVED: Final = re.compile(
    rb"^(path|xref|newsgroups):(.*\n(?:[ \t].*\n)*)", re.IGNORECASE | re.MULTILINE
)
"""The fields that a server puts in front of what it serves, with their folded lines."""


def message_of(article: bytes, group: str) -> bytes:
    """Return the message that was served as an article of ``group``: LF line ends, as archives of mail have them.

    Path and Xref go: they tell of servers (RFC 5536 s. 3.1.5, 3.2.14). So does a Newsgroups that names no more than the
    group and those where the server says it has the article, too: any server writes that anew. One that names others
    is its author's, and stays.
    """
    raw = article.replace(b"\r\n", b"\n")
    end = 0 if raw.startswith(b"\n") else raw.find(b"\n\n") + 1
    head, body = (raw[:end], raw[end:]) if end else (raw, b"")
    if raw.startswith(b"\n"):
        return raw
    fields = _SERVED.findall(head)
    known = {group.encode()}
    for name, value in fields:
        if name.lower() == b"xref":
            known.update(place.partition(b":")[0] for place in value.split()[1:])

    def kept(field: re.Match[bytes]) -> bytes:
        is_own = field[1].lower() == b"newsgroups" and not known.issuperset(_groups(field[2]))
        return field[0] if is_own else b""

    return (_SERVED.sub(kept, head) if fields else head) + body


def _groups(value: bytes) -> list[bytes]:
    return b"".join(value.split()).split(b",")
