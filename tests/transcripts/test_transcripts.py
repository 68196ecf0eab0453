"""Replays conversations in RFC notation, octet for octet, on every storage engine.

``C:`` is sent, ``S:`` must come back; a run of ``C:`` lines is sent at once. ``S~`` is a regular expression for one
line, where a time of making is shown. ``!`` tells what else happens: ``! options NAME[=VALUE] ...`` before the greeting,
``! TLS`` and ``! DEFLATE`` when the transport has changed the layer, ``! closes`` where the session must have ended.
Octets are written as in Python's literals; ``{a*600}`` is 600 times ``a``, ``{version}`` the program's. ``#`` begins a
comment.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Final

import pytest

from gateway import __version__
from gateway.access import Policy
from gateway.nntp import Settings
from gateway.wire import Upgrade
from tests.nntp.world import HOST, POLICY, USER, Client, Users, build, session

if TYPE_CHECKING:
    from gateway.nntp import Session
    from storage.archive import Archive
    from tests.mail import Engine

FILES: Final = sorted((Path(__file__).parent / "nntp").glob("*.txt"))


@dataclass(slots=True)
class Step:
    """What is sent, and what must come back; ``event`` happens before."""

    event: str = ""
    sent: list[bytes] = field(default_factory=list)
    expected: list[tuple[str, bytes]] = field(default_factory=list)
    line: int = 0


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_transcript(path: Path, engine: Engine) -> None:
    steps = read(path)
    archive = build(engine)
    talking: Session | None = None
    client: Client | None = None
    for step in steps:
        where = f"{path.name}:{step.line}"
        if step.event.startswith("options") or client is None:
            talking = open_session(archive, step.event.split()[1:])
            client = Client(talking)
            answer = talking.greeting()
        else:
            assert talking is not None
            happen(talking, step.event, where)
            answer = client.send(b"".join(line + b"\r\n" for line in step.sent))
        compare(answer, step.expected, where)


def read(path: Path) -> list[Step]:
    """Return the steps of a transcript; the first is the greeting."""
    steps = [Step(line=1)]
    for number, text in enumerate(path.read_text("utf-8").splitlines(), 1):
        kind, rest = text[:2], text[3:]
        if kind == "C:":
            if steps[-1].expected or number == 1:
                steps.append(Step(line=number))
            steps[-1].sent.append(octets(rest))
        elif kind in {"S:", "S~"}:
            steps[-1].expected.append((kind, octets(rest) if kind == "S:" else rest.encode()))
        elif kind == "! ":
            if steps[-1].expected or steps[-1].sent or steps[-1].event:
                steps.append(Step(line=number))
            steps[-1].event = text[2:]
        else:
            assert not text.strip() or text.startswith("#"), f"{path.name}:{number}: {text!r}"
    return steps


def octets(text: str) -> bytes:
    text = text.replace("{version}", __version__)
    text = re.sub(r"\{(.)\*(\d+)\}", lambda match: match[1] * int(match[2]), text)
    return text.encode("ascii").decode("unicode_escape").encode("latin-1")


def open_session(archive: Archive, options: list[str]) -> Session:
    chosen = dict(option.partition("=")[::2] for option in options)
    settings = Settings(
        HOST,
        tls_available="tls" in chosen,
        plaintext_login="plaintext-login" in chosen,
        motd=chosen["motd"].replace("_", " ").replace("|", "\n") if "motd" in chosen else None,
        subscriptions=chosen["subscriptions"].split(",") if "subscriptions" in chosen else None,
    )
    return session(
        archive,
        settings,
        policy=Policy({"lists.secret": [USER]}, login_needed=True)
        if "login-needed" in chosen
        else POLICY,
        users=Users() if "users" in chosen else None,
        secure="secure" in chosen,
    )


def happen(talking: Session, event: str, where: str) -> None:
    if event in {"TLS", "DEFLATE"}:
        which = Upgrade[event]
        assert talking.upgrade is which, where
        talking.upgraded(which)
    elif event == "closes":
        assert talking.closing, where
    else:
        assert not event, where
        assert not talking.closing, f"{where}: the session has ended"


def compare(answer: bytes, expected: list[tuple[str, bytes]], where: str) -> None:
    assert not answer or answer.endswith(b"\r\n"), where
    lines = answer.split(b"\r\n")[:-1]
    shown = [
        want if kind == "S:" or not re.fullmatch(want, got) else got
        for (kind, want), got in zip(expected, [*lines, *[b""] * len(expected)], strict=False)
    ]
    assert lines == shown, where
