"""Adopting: a replica of another list's message made into one to be stored, with what follows from its octets."""

from __future__ import annotations

from typing import TYPE_CHECKING

from storage.material import Material
from storage.message.fields import parse_header
from storage.message.served import is_dotted, is_plain, is_served, serve, served_head
from storage.message.terms import text_terms
from storage.message.text import searchable
from storage.model import Served
from storage.prepared import derived_rows, digest_of, ties_of
from storage.replica import BadReplica, Tombstone
from storage.threads import remember
from storage.writer import NewMessage

if TYPE_CHECKING:
    from collections.abc import Sequence

    from storage.prepared import Renderer
    from storage.replica import Replica
    from storage.writer import Batch, Twin

__all__ = ["adopt"]


def adopt(
    batch: Batch,
    twin: Twin,
    name: str,
    replica: Replica,
    renderers: Sequence[Renderer],
    *,
    subject_window: int | None = None,
) -> None:
    """Store a replica of a message in a twin called ``name``.

    Where it is another copy of a message that its source took back, that gives way at once: no two numbers have one
    Message-ID. What it is served as is what its origin serves. Where that is nothing that may be served, it is made anew.

    Raises:
        BadReplica: another number has its Message-ID, or its number another one.
    """
    own = replica.rooted.node.message_id
    forest = batch.forest(name)
    node = forest.node(own)
    holder = None if node is None else node.number
    if holder != (None if twin.kept(replica.number) is None else replica.number):
        _give_way(twin, replica, holder)
    header = parse_header(replica.raw)
    sent_at = replica.received if replica.sent is None else replica.sent
    ties = ties_of(header, own, sent_at, with_subject=subject_window is not None)
    remember(forest, ties, subject_window=subject_window)

    head, material = _served(replica)
    if material is None:
        head = served_head(replica.raw, header, own, None)
        material = _material(replica, head)
    message = NewMessage(
        message_id=own,
        raw=replica.raw,
        digest=digest_of(replica.raw),
        head=head,
        plain=is_plain(replica.raw),
        dotted=material.served.dotted,
        sent=replica.sent,
        received=replica.received,
        size=material.size,
        lines=material.lines,
        rows=derived_rows(material, renderers),
        terms=text_terms(searchable(material.served.octets, material.structure)),
        fidelity=replica.fidelity,
    )
    twin.adopt(replica, message)


def _give_way(twin: Twin, replica: Replica, holder: int | None) -> None:
    """Bury the holder of a new message's Message-ID, before it is told what became of it.

    Raises:
        BadReplica: that message did not come after it.
    """
    kept = None if holder is None else twin.kept(holder)
    is_new = twin.kept(replica.number) is None
    if holder is None or kept is None or holder >= replica.number or not is_new:
        raise BadReplica(f"{replica.number} has the Message-ID of {holder}")
    own = replica.rooted.node.message_id
    twin.bury(Tombstone(holder, replica.revision, own, kept.digest, withdrawn=True))


def _served(replica: Replica) -> tuple[bytes | None, Material | None]:
    """Return the head and the form that the origin serves, if that may be served."""
    head = replica.head
    if head is not None and not head.endswith(b"\r\n"):
        return None, None
    material = _material(replica, head)
    own = material.served.message_id
    is_good = is_served(material.served.octets, material.header, own)
    return head, material if is_good else None


def _material(replica: Replica, head: bytes | None) -> Material:
    octets = serve(replica.raw, head)
    served = Served(replica.rooted.node.message_id, octets, is_dotted(octets))
    return Material.of(served, replica.sent, replica.received)
