"""Replays conversations with the NNTP face, octet for octet, on every storage engine.

``! options NAME[=VALUE] ...`` comes before the greeting, ``! TLS`` and ``! DEFLATE`` when the transport has changed the
layer, ``! closes`` where the session must have ended.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Final

import pytest

from gateway.access import Policy
from gateway.nntp import Settings
from gateway.wire import Upgrade
from tests.nntp.world import (
    HOST,
    PEER_ADDRESS,
    POLICY,
    USER,
    Client,
    Intake,
    Users,
    build,
    session,
    sink_of,
)
from tests.transcripts.script import compare, read

if TYPE_CHECKING:
    from gateway.nntp import Session
    from storage.archive import Archive
    from tests.mail import Engine

FILES: Final = sorted((Path(__file__).parent / "nntp").glob("*.txt"))


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_transcript(path: Path, engine: Engine) -> None:
    steps = read(path)
    archive = build(engine)
    talking: Session | None = None
    client: Client | None = None
    for step in steps:
        where = f"{path.name}:{step.line}"
        if step.event.startswith("options") or client is None:
            talking = open_session(engine, archive, step.event.split()[1:])
            client = Client(talking)
            answer = talking.greeting()
        else:
            assert talking is not None
            happen(talking, step.event, where)
            answer = client.send(b"".join(line + b"\r\n" for line in step.sent))
        compare(answer, step.expected, where)


def open_session(engine: Engine, archive: Archive, options: list[str]) -> Session:
    chosen = dict(option.partition("=")[::2] for option in options)
    intake = Intake(engine, archive)
    intake.is_busy, intake.is_available = "busy" in chosen, "unavailable" not in chosen
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
        sink=sink_of(archive, intake) if "sink" in chosen or "peer" in chosen else None,
        address=PEER_ADDRESS if "peer" in chosen else "",
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
