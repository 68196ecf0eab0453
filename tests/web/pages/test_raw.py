"""Raw messages and attachments."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from gateway.web.settings import Settings
from storage.model import Fidelity
from storage.sources.base import Incoming
from tests.mail import Items, done, fill, mail, take
from tests.web.asked import ORIGIN, Asked

if TYPE_CHECKING:
    from tests.mail import Engine

NAME: Final = "lists.made"
OPEN: Final = Settings(origin=ORIGIN, obfuscate=False)
PARTS: Final = """--=
Content-Type: text/plain

See c@x.example.
--=
Content-Type: text/html; name=page.html
Content-Disposition: attachment; filename="page.html"

<script>alert(1)</script> d@x.example
--=
Content-Type: text/plain; name=note.txt
Content-Disposition: attachment; filename="note.txt"

Ask e@x.example.
--=--
"""
MAILS: Final = [
    mail("m0", body="Caf\N{LATIN SMALL LETTER E WITH ACUTE}, says b@x.example.\nFrom here\n"),
    mail("m1", "MIME-Version: 1.0", 'Content-Type: multipart/mixed; boundary="="', body=PARTS),
]


def asked(engine: Engine, settings: Settings | None = None) -> Asked:
    fill(engine.writer(), NAME, MAILS)
    return Asked(engine.archive(), settings)


def test_original_octets(engine: Engine) -> None:
    answer, body = asked(engine, OPEN).answer(f"/{NAME}/m/m0@x.example/raw")
    assert answer.content_type == "text/plain; charset=utf-8"
    assert body == MAILS[0]


def test_addresses_are_shortened_in_the_raw_message(engine: Engine) -> None:
    _, body = asked(engine).answer(f"/{NAME}/m/m0@x.example/raw")
    assert b"From: A <a@...xample>\r\n" in body
    assert b"b@...xample" in body
    assert b"Message-ID: <m0@x.example>\r\n" in body
    assert "Caf\N{LATIN SMALL LETTER E WITH ACUTE}".encode() in body


def test_one_list_may_differ(engine: Engine) -> None:
    settings = Settings(origin=ORIGIN, obfuscate=True, obfuscated={NAME: False})
    assert asked(engine, settings).answer(f"/{NAME}/m/m0@x.example/raw")[1] == MAILS[0]


def test_attachments(engine: Engine) -> None:
    shown = asked(engine)
    for home in (f"/{NAME}/m/m1@x.example", f"/{NAME}/2004/01/01/2"):
        page, data = shown.answer(f"{home}/1")
        assert page.status == 200
        assert page.content_type == "application/octet-stream"
        assert page.headers["Content-Disposition"] == 'attachment; filename="page.html"'
        assert b"<script>" in data
        note, data = shown.answer(f"{home}/2")
        assert note.content_type == "text/plain; charset=utf-8"
        assert note.headers["Content-Disposition"] == 'inline; filename="note.txt"'
        assert data.rstrip() == b"Ask e@...xample."
        for absent in ("0", "3", "01", "99999", "100000"):
            assert shown.answer(f"{home}/{absent}")[0].status == 404


def test_links_to_attachments(engine: Engine) -> None:
    _, body = asked(engine).answer(f"/{NAME}/m/m1@x.example")
    assert f'<a href="/{NAME}/m/m1@x.example/1">page.html</a>'.encode() in body
    assert f'<a href="/{NAME}/m/m1@x.example/2">note.txt</a>'.encode() in body


def test_since_when(engine: Engine) -> None:
    """A message that came as it was sent stays; a poorer copy may be replaced."""
    poor = Incoming(mail("poor"), None, "page", b"1", 1, Fidelity.PAGE)
    take(engine.writer(), NAME, Items([poor], "pages"))
    shown = asked(engine)
    assert shown.answer(f"/{NAME}/m/poor@x.example/raw")[0].changed is None
    arrived = done(engine.archive().entry(NAME, 2)).arrived
    for path in ("m0@x.example/raw", "m1@x.example/1"):
        assert shown.answer(f"/{NAME}/m/{path}")[0].changed == arrived
    assert not shown.answer(f"/{NAME}/m/m0@x.example/raw")[0].is_indexed
