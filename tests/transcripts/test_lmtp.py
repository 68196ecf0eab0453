"""Replays conversations with the LMTP face, octet for octet, on every storage engine.

``! options max_message=N`` comes before the greeting; ``! full`` and ``! space`` when the disk changes so, ``! remove LIST
NUMBER`` when the operator does, ``! closes`` where the session must have ended.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING, Final

import pytest

from gateway.lmtp import Settings
from gateway.lmtp.commands import COMMANDS
from tests.lmtp.world import HOST, World
from tests.nntp.world import Client
from tests.transcripts.script import compare, read

if TYPE_CHECKING:
    from gateway.lmtp import Session
    from tests.mail import Engine

FILES: Final = sorted((Path(__file__).parent / "lmtp").glob("*.txt"))


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_transcript(path: Path, engine: Engine) -> None:
    world = World(engine)
    talking: Session | None = None
    client: Client | None = None
    for step in read(path):
        where = f"{path.name}:{step.line}"
        if client is None or talking is None:
            talking = world.session(settings(step.event))
            client = Client(talking)
            answer = talking.greeting()
        else:
            happen(world, talking, step.event, where)
            answer = client.send(b"".join(line + b"\r\n" for line in step.sent))
        compare(answer, step.expected, where)


def test_every_command_has_a_transcript() -> None:
    spoken = "".join(path.read_text("utf-8") for path in FILES)
    for keyword in COMMANDS:
        assert re.search(rf"^C: {keyword.decode()}\b", spoken, re.MULTILINE | re.IGNORECASE), (
            keyword
        )


def settings(event: str) -> Settings:
    chosen = dict(option.split("=") for option in event.split()[1:])
    return Settings(HOST, **{name: int(value) for name, value in chosen.items()})


def happen(world: World, talking: Session, event: str, where: str) -> None:
    what, *arguments = event.split() or [""]
    if what == "closes":
        assert talking.closing, where
        return
    assert not talking.closing, f"{where}: the session has ended"
    if what in {"full", "space"}:
        world.writer.is_full = what == "full"
    elif what == "remove":
        world.remove(arguments[0], int(arguments[1]))
    else:
        assert not what, where
