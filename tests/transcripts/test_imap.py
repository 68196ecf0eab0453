"""Replays conversations with the IMAP face, octet for octet, on every storage engine.

``! options NAME[=VALUE] ...`` comes before the greeting: ``as=ann`` or ``as=anonymous`` begins logged in, ``users``,
``tls``, ``secure``, ``plaintext-login``, ``login-needed`` are as an operator configures them; ``mail`` adds the list of
``tests.imap.searched``; with ``slow`` 11 seconds pass after the first look at the clock. ``{capabilities}`` is what the
session offers as it stands. ``! session NAME`` goes on with another connection, opened like the first with no greeting
looked at. ``! remove LIST NUMBER``, ``! arrives LIST ID`` and ``! describe LIST TEXT`` happen to the archive; ``! TLS``
and ``! DEFLATE`` when the transport has changed the layer; ``! closes`` where the session must have ended; ``! news``
lets the session say what it has to say unasked. What follows with ``S:`` behind one of these is what the server then
sends.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING, Final

import pytest

from gateway.wire import Upgrade
from tests.imap.world import Stage
from tests.transcripts.script import Step, compare, read

if TYPE_CHECKING:
    from tests.mail import Engine

MODSEQ: Final = re.compile(rb"\{([a-z]+)(?:\+([0-9]+))?\}(?<!capabilities\})")
FILES: Final = sorted((Path(__file__).parent / "imap").glob("*.txt"))


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_transcript(path: Path, engine: Engine) -> None:
    stage = Stage(engine)
    for at, step in enumerate(read(path)):
        where = f"{path.name}:{step.line}"
        if step.event.startswith("options") or at == 0:
            answer = stage.open(step.event.split()[1:])
        else:
            happen(stage, step.event, where)
            sent = [told(line, stage) for line in step.sent]
            answer = stage.client.send(b"".join(line + b"\r\n" for line in sent))
        compare(answer, filled(step, stage), where)


def filled(step: Step, stage: Stage) -> list[tuple[str, bytes]]:
    """Return what is expected, with the capabilities that the session offers now."""
    offered = stage.session.capabilities()
    return [
        (kind, told(text, stage).replace(b"{capabilities}", offered))
        for kind, text in step.expected
    ]


def told(line: bytes, stage: Stage) -> bytes:
    """Return a line with the mod-sequences that it names."""
    return MODSEQ.sub(lambda found: b"%d" % (stage.modseqs[found[1]] + int(found[2] or 0)), line)


def happen(stage: Stage, event: str, where: str) -> None:
    what, *rest = event.split(maxsplit=2) or [""]
    if what in {"TLS", "DEFLATE"}:
        assert stage.session.upgrade is Upgrade[what], where
        stage.session.upgraded(Upgrade[what])
    elif what == "closes":
        assert stage.session.closing, where
    elif what == "session":
        stage.go_on_with(rest[0])
    elif what == "remove":
        stage.remove(rest[0], int(rest[1]))
    elif what == "arrives":
        stage.arrive(rest[0], *rest[1].split())
    elif what == "modseq":
        name, *of = f"{rest[0]} {rest[1]}".split()
        stage.modseqs[name.encode()] = stage.modseq(of[0], *map(int, of[1:]))
    elif what == "describe":
        stage.describe(rest[0], rest[1])
    elif what == "news":
        assert stage.session.has_news(), where
    else:
        assert not event, where
        assert not stage.session.closing, f"{where}: the session has ended"
