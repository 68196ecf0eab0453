"""Which parts of a message are shown, in what order, and which are attachments. RFC 2046 s. 5.

Of alternatives the plain text is shown, else the HTML; of signed and related parts the first; of others one after the
other. A message within a message is shown with its header. A text that is meant as an attachment is shown folded, if
it is short.
"""

from __future__ import annotations

import enum
from typing import TYPE_CHECKING, Final, NamedTuple

from gateway.web.body.attachments import (
    Attachment,
    Download,
    attached,
    downloading,
    has_name,
    is_named,
)
from storage.message.structure import structuring
from storage.steps import finished

if TYPE_CHECKING:
    from collections.abc import Generator, Iterator, Sequence

    from storage.message.structure import Part

__all__ = [
    "MAX_ATTACHED_TEXT",
    "MAX_ATTACHMENTS",
    "MAX_ENCLOSED",
    "Show",
    "Shown",
    "attachment",
    "fetching",
    "laid_out",
    "laying_out",
]

MAX_ATTACHMENTS: Final = 1000
"""Attachments of one message; no others can be fetched."""

MAX_ENCLOSED: Final = 5
"""Messages within messages that are shown; one that lies deeper is an attachment."""

MAX_ATTACHED_TEXT: Final = 65_536
"""Octets of an attached text that is shown on the page."""

_LOOKED_AT: Final = 30  # parts among which the text of an alternative is looked for
_MAX_ALTERNATIVES: Final = 100  # parts of a multipart of which one is chosen
_STEP: Final = 128  # parts after which others may do something
_BLANK: Final = 4096  # octets that tell whether a text says anything
_REPORTS: Final = frozenset((b"delivery-status", b"disposition-notification", b"feedback-report"))


class Show(enum.Enum):
    """What is done with a part."""

    NONE = 0
    """It is not shown."""
    TEXT = 1
    """Its text is shown."""
    FOLDED = 2
    """Its text is shown to those who want to see it."""
    OPEN = 3
    """The message that it encloses begins."""
    CLOSE = 4
    """That message ends."""
    SEALED = 5
    """It is encrypted."""


class Shown(NamedTuple):
    """What is done with a part."""

    show: Show
    part: Part


class _Step(NamedTuple):
    """A part come to on the walk: in how many messages it is enclosed, and whether it is none of those not chosen."""

    show: Show
    part: Part
    depth: int
    chosen: bool


def laid_out(
    root: Part, octets: bytes, *, obfuscate: bool
) -> tuple[Sequence[Shown], Sequence[Attachment]]:
    """Return what of a message is shown, and its attachments, numbered."""
    return finished(laying_out(root, octets, obfuscate=obfuscate))


def laying_out(
    root: Part, octets: bytes, *, obfuscate: bool
) -> Generator[None, None, tuple[Sequence[Shown], Sequence[Attachment]]]:
    """Do what ``laid_out`` does, and yield after every few milliseconds."""
    shown: list[Shown] = []
    named: list[Part] = []
    others: list[Part] = []
    for count, step in enumerate(_walk(root, octets), 1):
        if not count % _STEP:
            yield
        show, part, depth, chosen = step
        if show is Show.TEXT:
            if not _is_text(part):
                show = Show.NONE
            elif part is not root and _is_attached(part):
                short = part.end - part.body <= MAX_ATTACHED_TEXT and part.subtype != b"html"
                show = Show.FOLDED if short else Show.NONE
        if chosen and show is not Show.NONE:
            shown.append(Shown(show, part))
        if step.show in {Show.TEXT, Show.OPEN}:
            if is_named(part) and not depth:
                named.append(part)
            elif has_name(part) or show is Show.NONE or (show is Show.FOLDED and chosen):
                others.append(part)
    numbered = yield from _numbered((named + others)[:MAX_ATTACHMENTS], octets, obfuscate=obfuscate)
    return shown, numbered


def _numbered(
    parts: Sequence[Part], octets: bytes, *, obfuscate: bool
) -> Generator[None, None, list[Attachment]]:
    found: list[Attachment] = []
    for at, part in enumerate(parts, 1):
        if not at % _STEP:
            yield
        found.append(attached(part, at, octets, obfuscate=obfuscate))
    return found


def _walk(root: Part, octets: bytes) -> Iterator[_Step]:
    """Yield a message's parts that have no parts, and where the messages in it begin and end, in their order."""
    stack = [_Step(Show.TEXT, root, 0, chosen=True)]
    while stack:
        step = stack.pop()
        _, part, depth, chosen = step
        if step.show is Show.CLOSE:
            yield step
        elif part.is_multipart:
            if part.subtype == b"encrypted" and chosen:
                yield _Step(Show.SEALED, part, depth, chosen)
            only = _chosen(part, octets)
            stack += [
                _Step(Show.TEXT, child, depth, chosen and (only is None or child is only))
                for child in reversed(part.children)
            ]
        elif part.message is not None and depth < MAX_ENCLOSED:
            yield _Step(Show.OPEN, part, depth, chosen)
            stack.append(_Step(Show.CLOSE, part, depth, chosen))
            stack.append(_Step(Show.TEXT, part.message, depth + 1, chosen))
        else:
            yield step


def _chosen(part: Part, octets: bytes) -> Part | None:
    """Return which part of a multipart is to be shown; None where all are."""
    among = part.children[:_MAX_ALTERNATIVES]
    if part.subtype == b"related":
        return next((each for each in among if _text_of(each, octets)), among[0])
    if part.subtype != b"alternative":
        return None
    texts = [(_text_of(child, octets), child) for child in among]
    for wanted in (b"plain", b"html"):
        for subtype, child in texts:
            if subtype == wanted:
                return child
    return next((child for subtype, child in texts if subtype), part.children[-1])


def _text_of(part: Part, octets: bytes) -> bytes:
    """Return the subtype of the first text in a part that says anything; empty if there is none."""
    stack = [part]
    for _ in range(_LOOKED_AT):
        if not stack:
            break
        part = stack.pop()
        stack += reversed(part.children[:_LOOKED_AT])
        said = (
            part.type == b"text" and octets[part.body : min(part.end, part.body + _BLANK)].strip()
        )
        if said and not _is_attached(part):
            return part.subtype
    return b""


def _is_text(part: Part) -> bool:
    return part.type == b"text" or (part.type == b"message" and part.subtype in _REPORTS)


def _is_attached(part: Part) -> bool:
    return part.disposition is not None and part.disposition.kind == b"attachment"


def attachment(octets: bytes, at: int, *, obfuscate: bool) -> Download | None:
    """Return an attachment of a message in its served form by its number, counted from 1; None if there is none."""
    return finished(fetching(octets, at, obfuscate=obfuscate))


def fetching(octets: bytes, at: int, *, obfuscate: bool) -> Generator[None, None, Download | None]:
    """Do what ``attachment`` does, and yield after every few milliseconds."""
    root = yield from structuring(octets)
    _, numbered = yield from laying_out(root, octets, obfuscate=obfuscate)
    if not 1 <= at <= len(numbered):
        return None
    yield
    return (yield from downloading(numbered[at - 1], octets, obfuscate=obfuscate))
