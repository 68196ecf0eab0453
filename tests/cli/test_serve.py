"""``listgate serve`` and ``demo`` as programs of their own, and what they follow."""

from __future__ import annotations

import signal
import socket
import sqlite3
import ssl
import time
from contextlib import closing, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from gateway.passwords import hash_password
from storage.pages import encode_rows
from storage.sqlite.packing import pack
from storage.sqlite.schema import FILE
from tests.cli.conftest import grow, put
from tests.cli.programs import Reader, is_running, ran, reader, until
from tests.mail import mail
from tests.server.conftest import make_pem
from tests.sources.mboxes import mbox

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from tests.cli.conftest import Listgate
    from tests.cli.programs import Program

NNTP = ("--nntp", "127.0.0.1:0", "--imap", "none", "--web", "none")
IMAP = ("--nntp", "none", "--imap", "127.0.0.1:0", "--web", "none")
VISIBLE = 2.0
"""Seconds within which an open connection sees new mail."""


def test_what_is_served_is_told_and_anyone_may_read(
    program: Callable[..., Program], tmp_path: Path
) -> None:
    running = program("serve", *NNTP, put(tmp_path / "a.b.mbox", mail("1"), mail("2")))
    with reader(running.port()) as client:
        assert client.ask("GROUP a.b") == "211 2 1 2 a.b"
        assert client.ask("ARTICLE 2").startswith("220 2 <2@x.example>")
        assert "Message-ID: <2@x.example>" in client.block()
        assert client.ask("POST").startswith("440 ")
    assert "a.b" in running.errors
    assert running.end() == 0
    again = program("serve", *NNTP)
    with reader(again.port()) as client:
        assert client.ask("GROUP a.b") == "211 2 1 2 a.b"
    assert again.errors == ""


def test_new_mail_is_visible_to_open_connections(
    program: Callable[..., Program], tmp_path: Path
) -> None:
    path = put(tmp_path / "l", mail("1"))
    running = program("serve", *NNTP, path)
    with reader(running.port()) as client:
        assert client.ask("GROUP l") == "211 1 1 1 l"
        grow(path, mail("2"))
        until(lambda: client.ask("GROUP l") == "211 2 1 2 l")  # now the follower has started
        grow(path, mail("3"))
        until(lambda: client.ask("GROUP l") == "211 3 1 3 l", VISIBLE)
        assert client.ask("NEXT").startswith("223 2 <2@x.example>")
    assert "l: 1 new" in running.errors


def test_removed_mail_is_gone_from_open_connections(
    program: Callable[..., Program], tmp_path: Path
) -> None:
    running = program("serve", *NNTP, put(tmp_path / "l", mail("1"), mail("2"), mail("3")))
    with reader(running.port()) as client:
        assert client.ask("STAT <2@x.example>").startswith("223 ")
        assert ran("remove", "l", "2@x.example", cwd=tmp_path).returncode == 0
        until(lambda: client.ask("GROUP l") == "211 2 1 3 l")
        assert client.ask("STAT 2").startswith("423 ")
        assert client.ask("STAT <2@x.example>").startswith("430 ")


def test_a_folder_becomes_a_list_a_file(program: Callable[..., Program], tmp_path: Path) -> None:
    (tmp_path / "lists").mkdir()
    put(tmp_path / "lists/b.mbox", mail("1"))
    put(tmp_path / "lists/a.mbox", mail("2"), mail("3"))
    running = program("serve", *NNTP, "lists")
    with reader(running.port()) as client:
        assert client.ask("LIST").startswith("215 ")
        assert client.block() == ["a 2 1 n", "b 1 1 n"]


def test_a_port_in_use_is_one_line(program: Callable[..., Program], tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        where = f"127.0.0.1:{taken.getsockname()[1]}"
        running = program("serve", "--nntp", where, "--imap", "none", "--web", "none")
        assert running.process.wait(20) == 1
    assert running.errors == (
        f"listgate: cannot listen on {where}: address already in use; choose another with --nntp HOST:PORT\n"
    )


def test_a_port_in_use_leaves_nobody_following(
    program: Callable[..., Program], tmp_path: Path
) -> None:
    path = put(tmp_path / "l", mail("1"))
    with socket.create_server(("127.0.0.1", 0)) as taken:
        running = program("serve", "--nntp", f"127.0.0.1:{taken.getsockname()[1]}", path)
        assert running.process.stdout is not None
        assert (
            running.process.stdout.read() == b""
        )  # ends when every process that could write has ended
        assert running.process.wait(20) == 1


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_ends_it_in_order_and_at_once(
    program: Callable[..., Program], tmp_path: Path, number: signal.Signals
) -> None:
    running = program("serve", *NNTP, put(tmp_path / "l", mail("1")))
    with reader(running.port()) as client:
        (follower,) = until(running.descendants)
        began = time.monotonic()
        assert running.end(number) == 0
        assert time.monotonic() - began < 3
        assert client.line().startswith("400 ")
        assert client.line() == ""
    until(lambda: not is_running(follower))
    assert "Traceback" not in running.errors


@pytest.mark.skipif(not Path("/proc/self/task").exists(), reason="needs /proc")
def test_the_follower_ends_however_the_server_ends(
    program: Callable[..., Program], tmp_path: Path
) -> None:
    running = program("serve", *NNTP, put(tmp_path / "l", mail("1")))
    running.port()
    (follower,) = until(running.descendants)
    assert running.end(signal.SIGKILL) == -signal.SIGKILL
    until(lambda: not is_running(follower))


def test_without_a_face_the_archive_is_kept_up_to_date(
    program: Callable[..., Program], tmp_path: Path
) -> None:
    path = put(tmp_path / "l", mail("1"))
    running = program("serve", "--nntp", "none", "--imap", "none", "--web", "none", path)
    until((tmp_path / "listgate-archive").exists)
    until(lambda: "added" in running.errors)
    grow(path, mail("2"))
    until(lambda: "l: 1 new" in running.errors)
    assert running.end() == 0


def test_an_idle_mail_client_is_told_of_new_mail(
    program: Callable[..., Program], tmp_path: Path
) -> None:
    path = put(tmp_path / "l", mail("1"))
    running = program("serve", *IMAP, path)
    with socket.create_connection(("127.0.0.1", running.port()), timeout=20) as connected:
        client = Reader(connected)
        assert client.line().startswith("* OK [CAPABILITY IMAP4rev1 ")
        assert client.ask("a LOGIN anonymous x").startswith("a OK ")
        assert client.ask("b STATUS l (MESSAGES)") == "* STATUS l (MESSAGES 1)"
        assert client.line().startswith("b OK ")
        connected.sendall(b"c EXAMINE l\r\nd IDLE\r\n")
        while client.line() != "+ idling":
            pass
        grow(path, mail("2"))
        written = time.monotonic()
        assert client.line() == "* 2 EXISTS"
        assert time.monotonic() - written < VISIBLE
        assert client.ask("DONE").startswith("d OK ")
    assert running.end() == 0
    assert "Traceback" not in running.errors


def test_a_users_flags_outlast_the_server(program: Callable[..., Program], tmp_path: Path) -> None:
    put(tmp_path / "l.mbox", mail("1"), mail("2"))
    config = tmp_path / "c.toml"
    config.write_text(
        '[nntp]\nlisten = "none"\n[imap]\nlisten = "127.0.0.1:0"\n'
        f'[users]\nann = "{hash_password("open sesame", iterations=4096)}"\n'
    )
    stored = "a FETCH 1:2 FLAGS", "* 1 FETCH (FLAGS (\\Seen later))", "* 2 FETCH (FLAGS ())"
    running = program("serve", "--config", str(config), str(tmp_path / "l.mbox"))
    with _selected(running.port()) as client:
        assert client.ask("a STORE 1 +FLAGS.SILENT (\\Seen later)").startswith("* FLAGS (")
        assert client.line().startswith("* OK [PERMANENTFLAGS (")
        assert client.line().startswith("a OK ")
        assert (client.ask(stored[0]), client.line()) == stored[1:]
    assert running.end() == 0
    running = program("serve", "--config", str(config))
    with _selected(running.port()) as client:
        assert (client.ask(stored[0]), client.line()) == stored[1:]
    assert running.end() == 0


@contextmanager
def _selected(port: int) -> Iterator[Reader]:
    """Connect to an IMAP server as ann, and select a list."""
    with socket.create_connection(("127.0.0.1", port), timeout=20) as connected:
        client = Reader(connected)
        client.line()
        assert client.ask('a LOGIN ann "open sesame"').startswith("a OK ")
        client.socket.sendall(b"b SELECT l\r\n")
        while not client.line().startswith("b OK [READ-WRITE]"):
            pass
        yield client
        client.close()


def test_what_comes_in_on_standard_input_is_served(program: Callable[..., Program]) -> None:
    running = program("serve", *NNTP, "-")
    assert running.process.stdin is not None
    running.process.stdin.write(mbox(mail("1"), mail("2")))
    running.process.stdin.close()
    with reader(running.port()) as client:
        assert client.ask("GROUP mail") == "211 2 1 2 mail"
    assert running.descendants() == []
    assert running.end() == 0


def test_what_an_earlier_version_rendered_is_rendered_anew(
    program: Callable[..., Program], listgate: Listgate, tmp_path: Path
) -> None:
    listgate("import", "l", put(tmp_path / "x", mail("1"), mail("2")))
    with closing(sqlite3.connect(tmp_path / "listgate-archive" / FILE)) as connection:
        data = pack(encode_rows({1: b"old", 2: b"older"}))
        connection.execute("UPDATE page SET version = 0, data = ?", (data,))
        connection.commit()
    assert listgate("check").code == 1
    running = program("serve", *NNTP)
    with reader(running.port()) as client:
        assert client.ask("GROUP l") == "211 2 1 2 l"
        assert client.ask("OVER 1").startswith("224 ")
        assert "<1@x.example>" in client.block()[0]
    assert running.end() == 0
    assert listgate("check").code == 0


def test_the_demo_is_served_with_answers_in_it(
    program: Callable[..., Program], tmp_path: Path
) -> None:
    (tmp_path / "temporary").mkdir()
    running = program("demo", *NNTP, TMPDIR=str(tmp_path / "temporary"))
    with reader(running.port()) as client:
        assert client.ask("GROUP demo.gardening").startswith("211 ")
        assert client.ask("HDR References 1-").startswith("225 ")
        assert any("@listgate.invalid>" in line for line in client.block())
    assert [*(tmp_path / "temporary").iterdir()]
    assert running.end() == 0
    assert not [*(tmp_path / "temporary").iterdir()]
    assert not (tmp_path / "listgate-archive").exists()


@pytest.fixture
def secured(tmp_path: Path) -> tuple[str, ssl.SSLContext]:
    """A configuration with a certificate and a user, and the context of a client that trusts it."""
    certificate, key = make_pem(tmp_path)
    config = tmp_path / "c.toml"
    made = hash_password("open sesame", iterations=4096)
    config.write_text(
        '[nntp]\nlisten = ["127.0.0.1:0", {address = "127.0.0.1:0", tls = "implicit"}]\n[imap]\nlisten = "none"\n'
        f'[tls]\ncertificate = "{certificate.name}"\nkey = "{key.name}"\n'
        f'[users]\nann = "{made}"\n'
        '[lists."closed"]\nreaders = ["ann"]\n'
    )
    context = ssl.create_default_context(cafile=str(certificate))
    return str(config), context


def test_a_configured_user_logs_in_over_tls(
    program: Callable[..., Program], tmp_path: Path, secured: tuple[str, ssl.SSLContext]
) -> None:
    config, context = secured
    path = put(tmp_path / "closed.mbox", mail("1"))
    running = program("serve", "--config", config, path)
    plain, implicit = running.port(), running.port()
    with reader(plain) as client:
        assert client.ask("GROUP closed").startswith(("411 ", "480 "))
        assert client.ask("AUTHINFO USER ann").startswith("483 ")
        assert client.ask("STARTTLS").startswith("382 ")
        with context.wrap_socket(client.socket, server_hostname="localhost") as wrapped:
            _read_closed(Reader(wrapped))
    with (
        socket.create_connection(("127.0.0.1", implicit), timeout=20) as connected,
        context.wrap_socket(connected, server_hostname="localhost") as wrapped,
    ):
        secure = Reader(wrapped)
        assert secure.line().startswith("201 ")
        _read_closed(secure)
    assert running.end() == 0
    assert "Traceback" not in running.errors


def _read_closed(client: Reader) -> None:
    assert client.ask("AUTHINFO USER ann").startswith("381 ")
    assert client.ask("AUTHINFO PASS wrong").startswith("481 ")
    assert client.ask("AUTHINFO USER ann").startswith("381 ")
    assert client.ask("AUTHINFO PASS open sesame").startswith("281 ")
    assert client.ask("GROUP closed") == "211 1 1 1 closed"
    client.close()


def test_users_and_the_certificate_are_read_again_on_request(
    program: Callable[..., Program], tmp_path: Path, secured: tuple[str, ssl.SSLContext]
) -> None:
    config, context = secured
    running = program("serve", "--config", config)
    plain = running.port()
    text = Path(config).read_text()
    Path(config).write_text("nonsense")
    running.process.send_signal(signal.SIGHUP)
    until(lambda: "not reloaded" in running.errors)
    bob = hash_password("bobs", iterations=4096)
    Path(config).write_text(text.replace("[users]\n", f'[users]\nbob = "{bob}"\n'))
    make_pem(tmp_path)
    running.process.send_signal(signal.SIGHUP)
    until(lambda: "listgate: reloaded" in running.errors)
    renewed = ssl.create_default_context(cafile=str(tmp_path / "localhost.crt"))
    with reader(plain) as client:
        assert client.ask("STARTTLS").startswith("382 ")
        with renewed.wrap_socket(client.socket, server_hostname="localhost") as wrapped:
            secure = Reader(wrapped)
            assert secure.ask("AUTHINFO USER bob").startswith("381 ")
            assert secure.ask("AUTHINFO PASS bobs").startswith("281 ")
            secure.close()
    with reader(plain) as client:
        assert client.ask("STARTTLS").startswith("382 ")
        with pytest.raises(ssl.SSLCertVerificationError):
            context.wrap_socket(client.socket, server_hostname="localhost")
    assert running.end() == 0


def test_a_certificate_that_cannot_be_used_is_one_line(
    program: Callable[..., Program], secured: tuple[str, ssl.SSLContext], tmp_path: Path
) -> None:
    (tmp_path / "localhost.crt").unlink()
    running = program("serve", "--config", secured[0])
    assert running.process.wait(20) == 1
    assert running.errors.startswith(f"listgate: {tmp_path}/localhost.crt: cannot be read")
    assert len(running.errors.splitlines()) == 1
