"""The base subject: what is left of a subject when reply marks, forward marks and list tags are off."""

from __future__ import annotations

import re
from typing import Final

from storage.message.words import decode

__all__ = ["base_subject"]

_MAX_SUBJECT: Final = 2000  # characters; a longer one only ever equals itself

# RFC 5256 s. 5 subj-refwd; the other marks for a reply are those of German, the Nordic languages, Dutch, Polish,
# Italian, Portuguese, Turkish, Chinese and Japanese programs; Re[2], Re^2, Re(2), Re2 count replies.
_MARK: Final = re.compile(
    r"(?:(?P<reply>re|aw|antw|antwort|sv|vs|odp|rif|res|ynt|回复|回覆|答复|答覆|返信)(?:\^?\d{1,3}|\(\d{1,3}\))?|fwd?)"
    r" ?(?:\[[^\[\]]*+\] ?)?[:\uff1a] ?",
    re.IGNORECASE,
)
_TAG: Final = re.compile(r"\[[^\[\]]*+\] ?")
_FORWARDED: Final = "[fwd:"
_TRAILER: Final = "(fwd)"


def base_subject(value: bytes) -> tuple[str, bool]:
    """Return the base subject of a Subject's value, and whether the subject was marked as a reply.

    RFC 5256 s. 2.1, apart from the marks of other languages, which that does not know. Letters keep their case:
    compare case-folded. A forward is not a reply.
    """
    text = " ".join(decode(value).split())[:_MAX_SUBJECT]
    start, end = 0, len(text)
    is_reply = False
    while True:
        end = _trailers_off(text, start, end)
        start, marked = _leaders_off(text, start, end)
        is_reply = is_reply or marked
        if not (
            text[start : start + len(_FORWARDED)].lower() == _FORWARDED
            and text[end - 1 : end] == "]"
        ):
            return text[start:end], is_reply
        start, end = start + len(_FORWARDED), end - 1


def _trailers_off(text: str, start: int, end: int) -> int:
    while end > start:
        if text[end - 1] == " ":
            end -= 1
        elif text[max(start, end - len(_TRAILER)) : end].lower() == _TRAILER:
            end -= len(_TRAILER)
        else:
            break
    return end


def _leaders_off(text: str, start: int, end: int) -> tuple[int, bool]:
    """Return where the base begins, and whether a reply mark stood before it.

    The last tag stays where nothing would be left without it.
    """
    is_reply = False
    last_tag = None
    while start < end:
        mark = _MARK.match(text, start, end)
        tag = None if mark else _TAG.match(text, start, end)
        if mark:
            is_reply = is_reply or mark["reply"] is not None
            start, last_tag = mark.end(), None
        elif tag:
            start, last_tag = tag.end(), start
        elif text[start] == " ":
            start += 1
        else:
            return start, is_reply
    return (start if last_tag is None else last_tag), is_reply
