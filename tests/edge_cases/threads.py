"""References, In-Reply-To and subjects as they mislead."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from tests.edge_cases.base import Case, eml, head, message

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["threads"]

_PARENT: Final = b"<parent@edge.example>"
_ROOT: Final = b"<root@edge.example>"
_FIELDS: Final = {
    "irt-only": b"In-Reply-To: " + _PARENT,
    "refs-only": b"References: %b %b" % (_ROOT, _PARENT),
    "irt-phrase": b'In-Reply-To: Your message of "Tue, 02 Jan 2024" ' + _PARENT,
    "irt-phrase-noid": b'In-Reply-To: Your message of "Tue, 02 Jan 2024"',
    "irt-email": b"In-Reply-To: <ann@example.org>",
    "irt-two": b"In-Reply-To: <x@edge.example> " + _PARENT,
    "refs-commas": b"References: %b, %b" % (_ROOT, _PARENT),
    "refs-nospace": b"References: " + _ROOT + _PARENT,
    "refs-broken-first": b"References: <root@edge.exa\n %b %b" % (_ROOT, _PARENT),
    "refs-truncated": b"References: e.example> " + _PARENT,
    "refs-fold-in-id": b"References: <root@edge\n .example> " + _PARENT,
    "refs-dupes": b"References: %b %b %b" % (_PARENT, _PARENT, _PARENT),
    "refs-self": b"References: <thr-refs-self@edge.example>",
    "refs-conflict": b"References: <other@edge.example>\nIn-Reply-To: " + _PARENT,
    "refs-twice": b"References: %b\nReferences: %b" % (_ROOT, _PARENT),
    "refs-1000": b"References: " + b"\n ".join(b"<r%d@edge.example>" % at for at in range(1000)),
    "refs-4k-line": b"References: " + b" ".join(b"<%040d@edge.example>" % at for at in range(80)),
    "refs-garbage": b"References: none of your business",
    "refs-empty": b"References:",
    "refs-8bit": b"References: <\xe9@edge.example> " + _PARENT,
    "unbracketed": b"In-Reply-To: parent@edge.example",
    "ghost": b"References: <never-seen@edge.example>",
    "outlook-index": b"Thread-Index: AdpMXpo7S3lY0m0lQ0mB7u8nQ7w9Xw==\nThread-Topic: x",
    "supersedes": b"Supersedes: " + _PARENT,
}
_SUBJECTS: Final = {
    "re-re": b"Re: Re: RE: parent",
    "re-num": b"Re[2]: parent",
    "aw": b"AW: parent",
    "sv": b"SV: parent",
    "fwd": b"Fwd: parent",
    "blob": b"[list-a] Re: [list-a] parent",
    "was": b"new topic (was: parent)",
    "fullwidth": "Re\uff1aparent".encode(),
    "re-only": b"Re:",
    "patch": b"Re: [PATCH v2 3/7] parent",
}


def threads() -> Iterator[Case]:
    """Yield answers to one parent, the parent, a loop, and answers that tell it by their subject only."""
    for name, field in _FIELDS.items():
        yield message(
            f"thr-{name}",
            f"threading header: {name}",
            field + b"\n",
            subject=b"Re: parent",
            own=f"thr-{name}".encode(),
        )
    yield eml("thr-parent", "the parent", head(b"parent", b"parent") + b"\nx\n")
    for own, answered in (("loopa", b"loopb"), ("loopb", b"loopc"), ("loopc", b"loopa")):
        yield message(
            f"thr-{own}",
            "References loop of three: must terminate, no message lost",
            b"References: <%b@edge.example>\n" % answered,
            own=own.encode(),
            subject=b"loop",
        )
    yield message(
        "thr-long-chain",
        "chain deeper than the usual recursion limit is in mbox/chain-3000.mbox",
    )
    for name, subject in _SUBJECTS.items():
        why = f"reply without References, subject {name}"
        yield message(f"subj-{name}", why, subject=subject)
