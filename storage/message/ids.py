"""Message-IDs: which one a message goes by, and which ones it refers to.

Invariant: every id that leaves this module is *sound*: ``<`` 1…248 octets ``>`` (RFC 3977 s. 3.6), printable US-ASCII
without blanks, ``<`` and ``>`` inside, with an ``@`` (RFC 5536 s. 3.1.3). An id that is not is replaced by one made from
its text alone, so that a message and the replies that quote its bad id still meet.
"""

from __future__ import annotations

import re
from hashlib import blake2b
from typing import TYPE_CHECKING, Final

from storage.message.fields import unfold

if TYPE_CHECKING:
    from storage.message.fields import Header

__all__ = [
    "MAX_REFERENCES",
    "answered",
    "derived_id",
    "is_sound",
    "message_id",
    "references",
    "sound_id",
    "synthetic_id",
]

MAX_REFERENCES: Final = 500
"""The most ids taken from one field: the first and the last ones (RFC 5537 s. 3.4.4)."""

_MAX_ID: Final = 250  # RFC 3977 s. 3.6
_OF_PEOPLE: Final = (b"from", b"to", b"cc")
_BLANKS: Final = b" \t\r\n\0"
_SOUND: Final = re.compile(rb"<[!-;=?A-~]++@[!-;=?-~]++>")
_SOUND_ONLY: Final = re.compile(rb"(?:\s*+<[!-;=?A-~]++@[!-;=?-~]++>)*+\s*+")
_BRACKETED: Final = re.compile(rb"<([^<>]*+)>")
_BRACKETED_OR_COMMENT: Final = re.compile(rb"<([^<>]*+)>|([()])")


def message_id(header: Header) -> tuple[bytes | None, bool]:
    """Return the id that the message goes by, and whether its header carries exactly that id, once, verbatim.

    The first sound id is taken; failing that, one made sound from the first text there is; None when there is none.
    """
    values = header.every(b"message-id")
    if len(values) == 1 and is_sound(values[0]):
        return values[0], True
    texts = [text for value in values for text in _id_texts(value)]
    for text in texts:
        if is_sound(b"<%b>" % text):
            return b"<%b>" % text, False
    return (sound_id(texts[0]), False) if texts else (None, False)


def is_sound(text: bytes) -> bool:
    """Tell whether a text is a sound id."""
    return len(text) <= _MAX_ID and _SOUND.fullmatch(text) is not None


def sound_id(text: bytes) -> bytes:
    """Return the text of an id as a sound id: itself where it is one, otherwise one derived from the text.

    Brackets may be missing or doubled. Blanks do not count: folding inserts them, and RFC 5322 s. 4.5.4 allows them.
    """
    core = text.translate(None, _BLANKS).strip(b"<>")
    identifier = b"<%b>" % core
    return identifier if is_sound(identifier) else _made_id(b"derived", core)


def references(value: bytes) -> list[bytes]:
    """Return the ids that a References or In-Reply-To value holds, sound, the oldest first.

    Comments, phrases, commas, broken and doubled brackets are passed over; what has no bracketed id at all but
    consists of bare ids is read as such. An id that occurs twice counts where it occurs last: the last id is the
    parent, which matters most. At most ``MAX_REFERENCES`` are returned.
    """
    if _SOUND_ONLY.fullmatch(value):
        found = [identifier for identifier in _SOUND.findall(value) if len(identifier) <= _MAX_ID]
        if len(found) == value.count(b"<"):
            return _without_repeats(found)
    value = unfold(value)
    return _without_repeats([sound_id(text) for text in _quoted_ids(value) or _bare_ids(value)])


def answered(header: Header) -> list[bytes]:
    """Return the ids that In-Reply-To holds, sound, the oldest first, as ``references`` does.

    ``Message from Ann <ann@example.org> of Tuesday <id@example.org>`` holds one: an address that From, To or Cc have as
    well is none, and of several in a phrase the last one is meant.
    """
    value = b" ".join(header.every(b"in-reply-to"))
    found = references(value)
    if not found:
        return found
    people = b" ".join(each for name in _OF_PEOPLE for each in header.every(name))
    found = [identifier for identifier in found if identifier not in people]
    is_phrase = len(found) > 1 and _BRACKETED.sub(b"", value).strip(b" ,;") != b""
    return found[-1:] if is_phrase else found


def synthetic_id(identity: bytes) -> bytes:
    """Return the id of a message that has none, from what identifies its content."""
    return _made_id(b"missing", identity)


def derived_id(original: bytes, identity: bytes) -> bytes:
    """Return the id of a message whose ``original`` id another message holds, from both."""
    return _made_id(b"duplicate", original + b"\0" + identity)


def _made_id(why: bytes, text: bytes) -> bytes:
    digest = blake2b(text, digest_size=16).hexdigest().encode()
    return b"<%b@%b.listgate.invalid>" % (digest, why)


def _id_texts(value: bytes) -> list[bytes]:
    """Return the texts in a Message-ID value that may be meant as ids, without brackets; none of them is blank."""
    texts = [text.translate(None, _BLANKS) for text in _BRACKETED.findall(value)]
    texts = [text for text in texts if text] or [value.translate(None, _BLANKS).strip(b"<>")]
    return [text for text in texts if text]


def _quoted_ids(value: bytes) -> list[bytes]:
    """Return the bracketed texts outside comments that look like ids; those in comments where there are no others."""
    if b"(" not in value:
        return [text for text in _BRACKETED.findall(value) if _is_like_id(text)]
    outside: list[bytes] = []
    inside: list[bytes] = []
    depth = 0
    for text, parenthesis in _BRACKETED_OR_COMMENT.findall(value):
        if parenthesis:
            depth = depth + 1 if parenthesis == b"(" else max(0, depth - 1)
        elif _is_like_id(text):
            (inside if depth else outside).append(text)
    return outside or inside


def _is_like_id(text: bytes) -> bool:
    """Tell an id, perhaps folded or without ``@``, from words that somebody put into brackets."""
    return b"@" in text or len(text.split()) == 1


def _bare_ids(value: bytes) -> list[bytes]:
    words = value.replace(b",", b" ").replace(b";", b" ").split()
    texts = [word.strip(b"<>\"'()") for word in words]
    return texts if all(b"@" in text for text in texts) else []


def _without_repeats(ids: list[bytes]) -> list[bytes]:
    latest = dict.fromkeys(reversed(ids))
    unique = list(reversed(latest))
    if len(unique) > MAX_REFERENCES:
        return [unique[0], *unique[1 - MAX_REFERENCES :]]
    return unique
