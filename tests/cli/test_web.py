"""``listgate serve`` with its web face: where it is, what is logged and measured, and what is read again."""

from __future__ import annotations

import base64
import http.client
import re
import signal
from typing import TYPE_CHECKING

import pytest

from gateway.passwords import hash_password
from tests.cli.conftest import put
from tests.cli.programs import until
from tests.mail import mail

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tests.cli.programs import Program

NONE = ("--nntp", "none", "--imap", "none")


class Browser:
    """A client that keeps its connection."""

    def __init__(self, port: int) -> None:
        self._connection = http.client.HTTPConnection("127.0.0.1", port, timeout=20)

    def get(self, path: str, **fields: str) -> tuple[int, str]:
        """Return the status and the text of a response."""
        self._connection.request("GET", path, headers=fields)
        response = self._connection.getresponse()
        return response.status, response.read().decode()

    def close(self) -> None:
        self._connection.close()


def test_the_demo_has_a_web_face(program: Callable[..., Program]) -> None:
    running = program("demo", *NONE, "--web", "127.0.0.1:0")
    browser = Browser(running.port())
    status, text = browser.get("/")
    assert status == 200
    assert "demo.gardening" in text
    browser.close()
    assert running.end() == 0


def test_what_is_read_again(program: Callable[..., Program], tmp_path: Path) -> None:
    config = tmp_path / "c.toml"
    config.write_text('[web]\ntitle = "One title"\naccess_log = "log"\n')
    source = put(tmp_path / "a.b.mbox", mail("1"))
    ports = ("--web", "127.0.0.1:0", "--metrics", "127.0.0.1:0")
    running = program("serve", "--config", str(config), *NONE, *ports, source)
    browser, scraper = Browser(running.port()), Browser(running.port())
    assert "One title" in browser.get("/")[1]
    until(lambda: (tmp_path / "log").read_text().count("\n") == 1)
    hashed = hash_password("secret", iterations=4096)
    config.write_text(
        'require_login = true\n[web]\ntitle = "Another title"\naccess_log = "log2"\n'
        f'[users]\nann = "{hashed}"\n'
    )
    running.process.send_signal(signal.SIGHUP)
    until(lambda: "listgate: reloaded" in running.errors)
    assert browser.get("/")[0] == 401
    basic = "Basic " + base64.b64encode(b"ann:secret").decode()
    status, text = browser.get("/", Authorization=basic)
    assert status == 200
    assert "Another title" in text
    until(lambda: (tmp_path / "log2").read_text().count("\n") == 2)
    assert (tmp_path / "log").read_text().count("\n") == 1
    lines = (tmp_path / "log2").read_text().splitlines()
    assert [line.split('"')[2].split()[0] for line in lines] == ["401", "200"]
    assert lines[1].startswith("127.0.0.1 - ann [")
    config.write_text('[web]\naccess_log = "/"\n')
    running.process.send_signal(signal.SIGHUP)
    until(lambda: "not reloaded" in running.errors)
    assert browser.get("/")[0] == 401
    until(lambda: refused(scraper) == 2)
    browser.close()
    scraper.close()
    assert running.end() == 0


def refused(scraper: Browser) -> int:
    """Return how many requests were refused, by whichever worker."""
    _, text = scraper.get("/metrics")
    found = re.findall(
        r'^listgate_http_requests_total\{status="4xx",worker="\d"\} (\d+)', text, re.MULTILINE
    )
    return sum(map(int, found))


@pytest.mark.parametrize("path", ["/", "no/folder/log"])
def test_a_log_that_cannot_be_is_one_line(
    program: Callable[..., Program], tmp_path: Path, path: str
) -> None:
    config = tmp_path / "c.toml"
    config.write_text(f'[web]\naccess_log = "{path}"\n')
    running = program("serve", "--config", str(config), *NONE, "--web", "127.0.0.1:0")
    assert running.process.wait(20) == 1
    assert "cannot be written to" in running.errors
    assert len(running.errors.splitlines()) == 1
