"""What stands within a line: URLs become links, Message-IDs and other archives' URLs links to the messages here."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final, NamedTuple, TypeAlias

from gateway.web.body.obfuscation import ADDRESS, URL, obfuscated
from storage.message.ids import is_sound

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["MAX_MENTIONED", "MAX_URL", "Inline", "Mention", "Piece", "escape", "escape_value"]

MAX_URL: Final = 2000
"""Characters of a URL that becomes a link; a longer one is text."""

MAX_MENTIONED: Final = 100
"""Messages that a message may mention and have looked up; others are not made links."""

_MAX_FOREIGN: Final = 300  # URLs of which it is asked whether another archive has a message there

# An id in brackets; what begins as a URL is none.
_BRACKETED: Final = r"<(?!mailto:|https?:|ftp:)[!-;=?A-~]{1,200}+@[!-;=?-~]{1,200}+>"
_PLAIN: Final = re.compile(f"({URL})|({_BRACKETED})", re.MULTILINE)
_OBFUSCATED: Final = re.compile(f"({URL})|({_BRACKETED})|{ADDRESS}", re.MULTILINE)
_HOST: Final = re.compile(r"(?:\w[\w.\-]*+|\[[0-9A-Fa-f:.]{2,45}\])(?::\d{1,5})?")
_AUTHORITY: Final = re.compile(r"[^/?#]*+")
# What a URL may have only encoded (RFC 3986 s. 3.3 and 3.4), though people write it, and browsers take it.
_UNENCODED: Final = re.compile(r"[\\\[\]{}|^`]|%(?![0-9A-Fa-f]{2})")
_SCHEME: Final = re.compile(r"(?:https?|ftp)\Z", re.IGNORECASE)
_DIGIT: Final = re.compile(r"\d")
_CLOSING: Final = {")": "(", "]": "[", "}": "{"}
_PUNCTUATION: Final = frozenset(".,;:!?'\"*`\\")


class Mention(NamedTuple):
    """A message that a text mentions: what is shown of it, as HTML, where it is here, and where it is not."""

    message_id: bytes
    before: str
    shown: str
    after: str
    otherwise: str


class Attached(NamedTuple):
    """The address of an attachment, where it stands within HTML."""

    at: int


Piece: TypeAlias = "str | Mention | Attached"
"""HTML, or what becomes HTML as soon as it is known what is in the archive and where."""


def escape(text: str) -> str:
    """Return text as it stands between tags."""
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def escape_value(text: str) -> str:
    """Return text as it stands in the quotes of an attribute."""
    return escape(text).replace('"', "&quot;").replace("'", "&#39;")


class Inline:
    """Makes HTML of runs of text, and gathers what they mention.

    ``archived_id`` tells what Message-ID a URL of another archive stands for, if it does.
    """

    __slots__ = ("_archived_id", "_foreign", "_found", "_hides", "mentioned", "pieces")

    def __init__(
        self, *, obfuscate: bool, archived_id: Callable[[str], bytes | None] | None = None
    ) -> None:
        self.pieces: list[Piece] = []
        self.mentioned: dict[bytes, None] = {}
        self._hides = obfuscate
        self._found = _OBFUSCATED if obfuscate else _PLAIN
        self._archived_id = archived_id
        self._foreign = 0

    def add(self, text: str) -> None:
        """Add a run of text."""
        if "@" not in text and "://" not in text:
            self.pieces.append(escape(text))
            return
        at = 0
        for found in self._found.finditer(text):
            kind = found.lastindex
            start = found.start()
            if kind == 1:
                scheme = _SCHEME.search(text, max(at, start - 5), start)
                if scheme is None:  # it is the end of an address
                    continue
                start = scheme.start()
            if start > at:
                self.pieces.append(escape(text[at:start]))
            at = found.end()
            if kind == 1:
                self._url(text[start:at])
            elif kind == 2:
                self._bracketed(found[2])
            else:
                self.pieces.append("@...")
        self.pieces.append(escape(text[at:]))

    def shown(self, text: str) -> str:
        """Return text as HTML without links."""
        return escape(obfuscated(text) if self._hides else text)

    def _url(self, written: str) -> None:
        url, rest = _trimmed(written) if len(written) <= MAX_URL else ("", written)
        authority = _AUTHORITY.match(url, url.find("://") + 3)
        if not url or authority is None or not _HOST.fullmatch(authority[0]):
            self.pieces.append(escape(written))
            return
        href = url[: authority.end()] + _UNENCODED.sub(_encoded, url[authority.end() :])
        link = f'<a href="{escape_value(href)}" rel="nofollow noopener ugc">{escape(url)}</a>'
        archived = self._archived(url)
        if archived is None or not self._mention(archived):
            self.pieces.append(link + escape(rest))
        else:
            self.pieces += (Mention(archived, "", escape(url), "", link), escape(rest))

    def _archived(self, url: str) -> bytes | None:
        if self._archived_id is None or self._foreign >= _MAX_FOREIGN:
            return None
        self._foreign += 1
        return self._archived_id(url)

    def _bracketed(self, text: str) -> None:
        """Add what may be an id: addresses rarely have digits, and one that has is looked up in vain."""
        message_id = text.encode("ascii")
        otherwise = self.shown(text)
        if _DIGIT.search(text) and is_sound(message_id) and self._mention(message_id):
            self.pieces.append(Mention(message_id, "&lt;", escape(text[1:-1]), "&gt;", otherwise))
        else:
            self.pieces.append(otherwise)

    def _mention(self, message_id: bytes) -> bool:
        if len(self.mentioned) < MAX_MENTIONED:
            self.mentioned[message_id] = None
        return message_id in self.mentioned


def _encoded(found: re.Match[str]) -> str:
    return f"%{ord(found[0]):02X}"


def _trimmed(url: str) -> tuple[str, str]:
    """Return a URL without what is more likely the text's than its own at its end, and that."""
    end, host = len(url), url.find("://") + 3
    surplus = {close: url.count(close) - url.count(opened) for close, opened in _CLOSING.items()}
    while end > host:
        last = url[end - 1]
        if surplus.get(last, 0) > 0:
            surplus[last] -= 1
        elif last not in _PUNCTUATION:
            break
        end -= 1
    return url[:end], url[end:]
