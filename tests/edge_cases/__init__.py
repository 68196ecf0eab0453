"""Nasty messages and mailboxes, made by hand, each with what a robust archive holds to.

``cases`` yields them all; ``python -m tests.make_edge_cases FOLDER`` writes them as files. Always the same octets.
"""

from __future__ import annotations

from itertools import chain
from typing import TYPE_CHECKING

from tests.edge_cases.base import Case, Expect
from tests.edge_cases.bodies import bodies
from tests.edge_cases.fields import encoded_words, fields, of_news, senders
from tests.edge_cases.identity import dates, ids
from tests.edge_cases.mboxes import mboxes
from tests.edge_cases.structure import structures
from tests.edge_cases.threads import threads

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["Case", "Expect", "cases"]

_WITH_CRLF = ("body-dots", "mime-preamble", "subject-folded", "thr-refs-only")


def cases() -> Iterator[Case]:
    """Yield every case; no two have the same name."""
    messages = list(
        chain(
            ids(),
            dates(),
            fields(),
            senders(),
            encoded_words(),
            threads(),
            bodies(),
            structures(),
            of_news(),
        )
    )
    yield from messages
    yield from (_twin(case) for case in messages if case.file[4:-4] in _WITH_CRLF)
    yield from mboxes()


def _twin(case: Case) -> Case:
    """Return the same message with CRLF for LF; one of them goes by another Message-ID, so that both are kept."""
    data = case.data.replace(b"\n", b"\r\n").replace(b"-dots@", b"-dots-crlf@")
    name = case.file.removesuffix(".eml")
    return Case(
        f"{name}.crlf.eml",
        f"{case.why} (CRLF twin: same article must be served)",
        data,
        case.expect,
    )
