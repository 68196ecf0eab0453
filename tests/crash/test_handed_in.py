"""A full disk while mail is handed in: who hands it in is told to try again, and then nothing is missing or twice."""

from __future__ import annotations

import os
import random
import resource
import smtplib
import subprocess
from contextlib import closing
from typing import TYPE_CHECKING

from storage.sqlite import SqliteArchive
from tests.cli.programs import PATIENCE, Program, command, environment, until
from tests.mail import done, mail

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    import pytest

    from tests.cli.conftest import Listgate

COUNT = 60


def large(number: int) -> bytes:
    """Return a mail that does not get smaller."""
    chance = random.Random(number)
    lines = (f"{chance.getrandbits(280):x}" for _ in range(500))
    return mail(str(number), body="\n".join(lines) + "\n")


def kept(folder: Path) -> list[bytes]:
    """Return the original octets of the list's messages, in the order of their numbers."""
    with closing(SqliteArchive(folder / "listgate-archive")) as archive:
        record = archive.mailing_list("l")
        return [done(archive.raw("l", number)) for number in range(1, record.high + 1)]


def test_a_mail_in_a_pipe_is_tried_again(listgate: Listgate, tmp_path: Path) -> None:
    huge = b"".join(map(large, range(COUNT)))
    listgate("deliver", "l", "--create", octets=mail("1"))
    size = (tmp_path / "listgate-archive" / "archive.sqlite3").stat().st_size
    ended = subprocess.run(
        command("deliver", "l"),
        cwd=tmp_path,
        env={key: value for key, value in environment().items() if "COVERAGE" not in key},
        input=huge,
        capture_output=True,
        timeout=PATIENCE,
        check=False,
        preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (size, size)),
    )
    assert ended.returncode == os.EX_TEMPFAIL
    assert b"free some space" in ended.stderr
    assert listgate("deliver", "l", octets=huge).code == 0
    assert kept(tmp_path) == [mail("1"), huge]
    assert listgate("check").code == 0


def test_mail_from_a_mail_server_is_tried_again(
    program: Callable[..., Program],
    listgate: Listgate,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    for key in [key for key in os.environ if "COVERAGE" in key]:  # it writes files, too
        monkeypatch.delenv(key)
    where = tmp_path / "lmtp"
    config = tmp_path / "listgate.toml"
    config.write_text(f'[lmtp]\nlisten = "unix:{where}"\naddresses = {{"l@x" = "l"}}\n')
    faces = ("--nntp", "none", "--imap", "none", "--web", "none")
    serving = program("--config", str(config), "serve", *faces, "--workers", "1")
    assert serving.line() == f"local: unix:{where}"
    (child,) = until(serving.descendants)
    limits = resource.prlimit(child, resource.RLIMIT_FSIZE)
    taken: list[int] = []
    refused: list[int] = []
    with smtplib.LMTP(str(where)) as sender:
        sender.ehlo()

        def hand_in(number: int) -> int:
            sender.mail("a@x.example")
            sender.rcpt("l@x")
            return sender.data(large(number).replace(b"\n", b"\r\n"))[0]

        for number in range(COUNT):
            if number == 5:
                size = (tmp_path / "listgate-archive" / "archive.sqlite3-wal").stat().st_size
                resource.prlimit(child, resource.RLIMIT_FSIZE, (size + 200_000, limits[1]))
            code = hand_in(number)
            assert code in {250, 451}
            (taken if code == 250 else refused).append(number)
        assert len(taken) > 5
        assert refused
        resource.prlimit(child, resource.RLIMIT_FSIZE, limits)
        assert {hand_in(number) for number in refused} == {250}
    assert sorted(kept(tmp_path)) == sorted(map(large, range(COUNT)))
    assert "free some space" in serving.errors
    assert listgate("check").code == 0
