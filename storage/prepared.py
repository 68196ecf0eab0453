"""What can be told of a record by itself: all that needs no look at the list, so that it may be told elsewhere.

Ingest takes what is prepared in its order and decides: whether it is there already, its number, its thread. What it is
served as depends on the thread only where its References have to be mended; so that is prepared as if they had not, and
made again where they have.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from hashlib import blake2b
from typing import TYPE_CHECKING, Final, NamedTuple, Protocol

from storage.material import Material
from storage.message.conversation import conversation
from storage.message.copies import marked_fidelity
from storage.message.dates import EARLIEST, MAX_SKEW, received, sent
from storage.message.fields import parse_header
from storage.message.ids import answered, message_id, references
from storage.message.served import is_dotted, is_plain, serve, served_head
from storage.message.subject import base_subject
from storage.message.terms import TextTerms, text_terms
from storage.message.text import searchable
from storage.model import Fidelity, Rendition, Served
from storage.sources.base import Incoming, Rejected, Withdrawn
from storage.threads import Ties

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

    from storage.message.fields import Header
    from storage.sources.base import Item

__all__ = [
    "Here",
    "Prepared",
    "Preparer",
    "Rendered",
    "Renderer",
    "derived_rows",
    "digest_of",
    "prepare",
    "render",
    "ties_of",
]

DIGEST_OCTETS: Final = 16

MAX_SUBJECT_KEY: Final = 200
"""Octets of a subject by which replies are looked for."""

_VISIBLE_ID: Final = re.compile(rb"<[^<>\s]+>")
"""What newsreaders and mail clients take for an id in References, whatever stands between."""


class Render(Protocol):
    """Makes a message's row of a rendition."""

    def __call__(self, material: Material, /) -> bytes: ...


class Renderer(NamedTuple):
    """What makes one kind of rendition; a new version has every row made anew."""

    kind: Rendition
    version: int
    render: Render


@dataclass(frozen=True, slots=True)
class Rendered:
    """What a message is served as, and what is made of that; the names are those of ``storage.writer.NewMessage``."""

    head: bytes | None
    plain: bool
    dotted: bool
    size: int
    lines: int
    rows: dict[Rendition, bytes]
    terms: TextTerms


@dataclass(frozen=True, slots=True)
class Prepared:
    """What can be told of a record by itself.

    ``message_id`` is the one that it has, if it has one that can be used. ``fidelity`` is what its source says of it, or
    less where the message says so itself. ``sent`` and ``received`` are as in ``storage.model.Entry``. ``visible`` are
    the ids that clients find in its References, where it has that field (``has_references``). ``rendered`` is there if
    it was asked for: under its own id, with its own References; ``header`` where it was prepared in this process.
    """

    message_id: bytes | None
    digest: bytes
    fidelity: Fidelity
    sent: int | None
    received: int
    ties: Ties
    visible: Sequence[bytes]
    has_references: bool
    rendered: Rendered | None = None
    header: Header | None = None


class Preparer(Protocol):
    """Prepares what a source yields. ``is_rendering`` tells whether it is worth while to render ahead."""

    is_rendering: bool

    def prepared(
        self, batches: Iterator[Sequence[Item]], clock: Callable[[], float], *, with_subject: bool
    ) -> Iterator[tuple[Sequence[Item], Sequence[Prepared | None]]]:
        """Yield the batches in their order, with what is told of each record, None where it is no message.

        What the iterator raises is raised in its place.
        """
        ...


class Here:
    """Prepares a batch when it is asked for; renders nothing ahead."""

    is_rendering = False

    def prepared(
        self, batches: Iterator[Sequence[Item]], clock: Callable[[], float], *, with_subject: bool
    ) -> Iterator[tuple[Sequence[Item], Sequence[Prepared | None]]]:
        for batch in batches:
            yield batch, prepare_all(batch, int(clock()), (), with_subject=with_subject)


def prepare_all(
    items: Iterable[Item], now: int, renderers: Sequence[Renderer], *, with_subject: bool
) -> list[Prepared | None]:
    """Return what can be told of each record, None of one that is no message; rendered if there are renderers."""
    return [
        None
        if isinstance(item, Rejected)
        else prepare(item, now, renderers, with_subject=with_subject)
        for item in items
    ]


def prepare(
    item: Incoming | Withdrawn,
    now: int,
    renderers: Sequence[Renderer] = (),
    *,
    with_subject: bool = False,
) -> Prepared:
    """Return what can be told of a record by itself; it is rendered if there are renderers, and it comes to stay."""
    raw = item.raw
    header = parse_header(raw)
    own, _ = message_id(header)
    told, got = (
        (item.fidelity, item.received) if isinstance(item, Incoming) else (Fidelity.FULL, None)
    )
    sent_at, received_at = _times(header, got, now)
    shown_at = received_at if sent_at is None else sent_at
    fields = header.every(b"references")
    prepared = Prepared(
        own,
        digest_of(raw),
        min(told, marked_fidelity(header)),
        sent_at,
        received_at,
        ties_of(header, own or b"", shown_at, with_subject=with_subject),
        _VISIBLE_ID.findall(b" ".join(fields)),
        bool(fields),
        header=header,
    )
    if renderers and own is not None and isinstance(item, Incoming):
        rendered = render(raw, own, None, prepared, renderers)
        prepared = replace(prepared, rendered=rendered)
    return prepared


def render(
    raw: bytes,
    own: bytes,
    new_references: Sequence[bytes] | None,
    prepared: Prepared,
    renderers: Sequence[Renderer],
) -> Rendered:
    """Return what a message is served as under a Message-ID, with other References if there are some, and its rows."""
    header = prepared.header or parse_header(raw)
    head = served_head(raw, header, own, new_references)
    octets = serve(raw, head)
    served = Served(own, octets, is_dotted(octets))
    original = header if head is None else None  # served as it came, it need not be parsed twice
    material = Material.of(served, prepared.sent, prepared.received, original)
    return Rendered(
        head,
        is_plain(raw),
        served.dotted,
        material.size,
        material.lines,
        derived_rows(material, renderers),
        text_terms(searchable(octets, material.structure)),
    )


def derived_rows(material: Material, renderers: Sequence[Renderer]) -> dict[Rendition, bytes]:
    """Return what each renderer makes of a message."""
    return {each.kind: each.render(material) for each in renderers}


def digest_of(raw: bytes) -> bytes:
    """Return the digest of a message's original octets."""
    return blake2b(raw, digest_size=DIGEST_OCTETS).digest()


def _times(header: Header, got: int | None, now: int) -> tuple[int | None, int]:
    """Return when a message was sent, if that is sane, and when the list got it.

    The list got it by the From_ line, then Received, then Date, then the clock. Nothing is sent after it was got.
    """
    latest = now + MAX_SKEW
    if got is None or not EARLIEST <= got <= latest:
        got = received(header, latest)
    sent_at = sent(header, latest if got is None else got + MAX_SKEW)
    if got is None:
        got = now if sent_at is None else sent_at
    return sent_at, got


def ties_of(header: Header, own: bytes, sent_at: int, *, with_subject: bool) -> Ties:
    """Read out of a header what it says of the message's place in its thread."""
    index, parent_index = conversation(header)
    subject, is_reply = (
        base_subject(header.first(b"subject") or b"") if with_subject else ("", False)
    )
    return Ties(
        own,
        sent_at,
        references(b" ".join(header.every(b"references"))),
        answered(header),
        index,
        parent_index,
        subject.casefold().encode()[:MAX_SUBJECT_KEY],
        is_reply,
    )
