"""``listgate serve`` with an LMTP face, as a mail server and a newsreader see it."""

from __future__ import annotations

import contextlib
import signal
import smtplib
from typing import TYPE_CHECKING

import pytest

from tests.cli.programs import Program, is_running, reader, until
from tests.mail import mail

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from tests.cli.conftest import Listgate


class Served:
    """A server that takes mail for ``talk@x.example`` on a socket, and its newsreaders' port."""

    def __init__(self, program: Callable[..., Program], folder: Path) -> None:
        self._socket = folder / "lmtp"
        self._config = folder / "listgate.toml"
        self.address("talk@x.example")
        self.program = program(
            "--config",
            str(self._config),
            "serve",
            "--nntp",
            "127.0.0.1:0",
            "--imap",
            "none",
            "--web",
            "none",
        )
        self.port = self.program.port()
        assert self.program.line() == f"local: unix:{self._socket}"

    def address(self, address: str) -> None:
        """Have the list at this address."""
        self._config.write_text(
            f'[lmtp]\nlisten = "unix:{self._socket}"\naddresses = {{"{address}" = "lists.talk"}}\n'
        )

    @contextlib.contextmanager
    def sender(self) -> Iterator[smtplib.LMTP]:
        """Connect as a mail server."""
        connected = smtplib.LMTP(str(self._socket))
        try:
            yield connected
        finally:
            connected.close()

    def high(self) -> int:
        """Return the list's highest number."""
        with reader(self.port) as client:
            answer = client.ask("GROUP lists.talk").split()
            return int(answer[3]) if answer[0] == "211" else 0


@pytest.fixture
def served(program: Callable[..., Program], tmp_path: Path) -> Served:
    return Served(program, tmp_path)


def test_mail_is_read_as_news_once_it_is_answered_for(served: Served, listgate: Listgate) -> None:
    with served.sender() as sender:
        sender.ehlo_or_helo_if_needed()
        assert sender.has_extn("pipelining")
        for n in range(3):
            refused = sender.sendmail(
                "a@x.example", ["talk+list@x.example", "who@x.example"], mail(str(n))
            )
            assert refused == {"who@x.example": (550, b"5.1.1 no list has this address")}
    assert listgate("show", "lists.talk").out.count("messages") == 1  # stored before anyone looks
    until(lambda: served.high() == 3)
    with reader(served.port) as client:
        client.ask("GROUP lists.talk")
        assert client.ask("ARTICLE 3").startswith("220 3 <2@x.example>")


def test_addresses_are_reloaded(served: Served) -> None:
    def code(address: str) -> int:
        with served.sender() as sender:
            sender.ehlo()
            sender.mail("a@x.example")
            return sender.rcpt(address)[0]

    assert (code("talk@x.example"), code("chat@x.example")) == (250, 550)
    served.address("chat@x.example")
    served.program.process.send_signal(signal.SIGHUP)
    until(lambda: code("chat@x.example") == 250)
    assert code("talk@x.example") == 550


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGKILL])
def test_what_stores_the_mail_ends_with_the_server(served: Served, number: signal.Signals) -> None:
    with served.sender() as sender:
        assert sender.sendmail("a@x.example", ["talk@x.example"], mail("1")) == {}
    children = served.program.descendants()
    assert children
    served.program.end(number)
    until(lambda: not any(map(is_running, children)))
    if number is signal.SIGTERM:
        assert served.program.errors == ""


def test_what_is_in_flight_is_answered_before_the_server_ends(served: Served) -> None:
    with served.sender() as sender:
        sender.ehlo()
        sender.mail("a@x.example")
        sender.rcpt("talk@x.example")
        assert sender.docmd("DATA")[0] == 354
        sender.send(mail("1").replace(b"\n", b"\r\n") + b".\r\n")
        served.program.process.send_signal(signal.SIGTERM)
        code, text = sender.getreply()
        assert (code, text) in [
            (250, b"2.6.0 lists.talk: stored"),
            (421, text),  # it was not stored yet, and is tried again
        ]
    assert served.program.process.wait(20) == 0
