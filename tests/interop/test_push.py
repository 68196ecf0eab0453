"""Pushing to a real innd as Debian ships it: everything is taken, nothing twice, and what is refused was foretold."""

from __future__ import annotations

import asyncio
import os
import re
import signal
import subprocess
import sys
import time
from contextlib import closing
from email.utils import formatdate
from pathlib import Path
from typing import TYPE_CHECKING, Final

import pytest

from gateway.mirror.connection import Connection
from gateway.mirror.forecast import dry_run
from gateway.mirror.nntp_client import Request
from gateway.nntp.news_dates import news_date
from gateway.nntp.transit_rules import refusal
from storage.message.fields import parse_header
from storage.peers import Feed
from storage.sqlite import SqliteArchive
from storage.sqlite.peers import SqlitePeers
from tests.interop.innd import can_run_innd, innd, through
from tests.interop.news import listgate
from tests.make_edge_cases import write
from tests.nntp import probes
from tests.nntp.test_news_dates import DATES, NO_DATES
from tests.synthetic import Generator, Options

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.interop.innd import Innd
    from tests.interop.programs import Home

pytestmark = [pytest.mark.interop, can_run_innd()]

ROOT: Final = Path(__file__).resolve().parents[2]
MESSAGES: Final = 1500
LIST: Final = "lists.made"


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of an archive with a made list of twenty years."""
    folder = tmp_path_factory.mktemp("push")
    with (folder / "made.mbox").open("wb") as file:
        Generator(Options(messages=MESSAGES, lists=1)).run([file.write])
    listgate(folder / "archive", "import", LIST, folder / "made.mbox")
    return folder / "archive"


@pytest.fixture
def peer() -> Iterator[Innd]:
    with innd(LIST, "lists.edge", "lists.probe") as server:
        yield server


def feed_run(archive: Path) -> subprocess.Popen[str]:
    """Start a push in a process of its own."""
    return subprocess.Popen(
        (sys.executable, "-m", "gateway.cli", "--archive", archive, "feed", "run"),
        cwd=ROOT,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def counts(archive: Path) -> list[int]:
    """Push; return how many messages were sent, known, refused, wanted later, passed over."""
    with feed_run(archive) as running:
        out, _ = running.communicate(timeout=120)
    (row,) = re.findall(r"^ inn +(.*)$", out, re.MULTILINE)
    return [int(cell) for cell in row.split()[:5]]


def stored(archive: Path, name: str) -> list[bytes]:
    """Return the bodies of a list's messages, as they are served."""
    with closing(SqliteArchive(archive)) as opened:
        record = opened.mailing_list(name)
        numbers = [number for run in record.present(1, record.high) for number in run]
        return [asyncio.run(opened.served(name, number)).body for number in numbers]


def test_a_list_of_twenty_years_is_taken_once(made: Path, peer: Innd) -> None:
    listgate(made, "feed", "add", "inn", f"nntp://127.0.0.1:{peer.port}", "--lists", "lists.made")
    bodies = stored(made, LIST)
    assert counts(made) == [len(bodies), 0, 0, 0, 0]
    articles = peer.articles(LIST)
    assert peer.count(LIST) == len(articles) == len(bodies)
    assert [each.partition(b"\r\n\r\n")[2].removesuffix(b".\r\n") for each in articles] == [
        re.sub(rb"(?m)^\.", b"..", body) for body in bodies
    ]
    assert counts(made) == [0, 0, 0, 0, 0]
    listgate(made, "feed", "remove", "inn")
    listgate(made, "feed", "add", "inn", f"nntp://127.0.0.1:{peer.port}", "--lists", "lists.made")
    assert counts(made) == [0, len(bodies), 0, 0, 0]
    listgate(made, "feed", "remove", "inn")


def test_a_push_that_is_killed_goes_on_where_it_was(made: Path, peer: Innd) -> None:
    running: list[subprocess.Popen[str]] = []

    def kill(octets: int) -> None:
        if octets > 1_000_000 and running:
            os.kill(running.pop().pid, signal.SIGKILL)

    total = len(stored(made, LIST))
    with through(peer.port, kill) as port:
        listgate(made, "feed", "add", "inn", f"nntp://127.0.0.1:{port}", "--lists", "lists.made")
        for _ in range(2):
            with feed_run(made) as pushing:
                running.append(pushing)
                pushing.communicate(timeout=120)
            assert pushing.returncode == -signal.SIGKILL
            assert 0 < peer.count(LIST) < total
        sent, known, refused, later, _ = counts(made)
    assert sent > 0
    assert (refused, later) == (0, 0)
    assert sent + known <= total
    assert peer.count(LIST) == len(peer.articles(LIST)) == total
    ids = {parse_header(each).first(b"message-id") for each in peer.articles(LIST)}
    assert len(ids) == total
    listgate(made, "feed", "remove", "inn")


def test_a_peer_that_does_not_stream_gets_all_as_well(made: Path) -> None:
    with innd(LIST, streaming=False) as peer:
        url = f"nntp://127.0.0.1:{peer.port}"
        listgate(made, "feed", "add", "inn", url, "--lists", "lists.made")
        total = len(stored(made, LIST))
        assert counts(made) == [total, 0, 0, 0, 0]
        assert peer.count(LIST) == total
    listgate(made, "feed", "remove", "inn")


def test_what_is_refused_was_foretold(tmp_path: Path, peer: Innd) -> None:
    archive = tmp_path / "archive"
    write(tmp_path / "cases")
    sources = (tmp_path / "cases/eml", *(tmp_path / "cases/mbox").iterdir())
    command = (sys.executable, "-m", "gateway.cli", "--archive", archive, "import", "lists.edge")
    done = subprocess.run((*command, *sources), cwd=ROOT, capture_output=True, check=False)
    assert done.returncode == 1  # three files are no mail
    listgate(archive, "feed", "add", "inn", f"nntp://127.0.0.1:{peer.port}", "--lists", "lists.*")
    with closing(SqliteArchive(archive)) as opened:
        feed = Feed("inn", "nntp://127.0.0.1/", "lists.*")
        foretold = list(dry_run(opened, feed, b"localhost", now=int(time.time())))
    refused = {each.message_id for each in foretold if each.why is not None}
    assert len(foretold) > len(refused) > 0
    assert counts(archive) == [len(foretold) - len(refused), 0, len(refused), 0, 0]
    with closing(SqlitePeers(archive)) as peers:
        assert {each.message_id for each in peers.refusals("inn")} == refused


def test_the_rules_are_innds(peer: Innd) -> None:
    now = time.time()
    verdicts = {}
    with Connection(f"nntp://127.0.0.1:{peer.port}/", reader=False) as connection:
        assert connection.ask(b"MODE STREAM").code == 203
        for number, probe in enumerate(probes.probes()):
            own = b"<probe%d@example.org>" % number
            octets = probe.octets.replace(b"<probe@example.org>", own)
            for after in (0, 2 * probes.DAY):
                octets = octets.replace(probes.date(after), formatdate(now + after).encode())
            code = connection.ask(Request(b"TAKETHIS " + own, octets)).code
            assert code in {239, 439}
            verdicts[probe.label] = (
                code == 239,
                refusal(
                    octets,
                    now=now,
                    cutoff=10 * probes.DAY,
                    max_octets=1_000_000,
                    carried=lambda name: name == b"lists.probe",
                )
                is None,
            )
    differing = {label: both for label, both in verdicts.items() if both[0] != both[1]}
    assert not differing


def test_dates_are_read_as_inn_reads_them(home: Home) -> None:
    dates = [date.decode() for date, _ in DATES] + [date.decode() for date in NO_DATES if date]
    for date in dates:
        said = home.run("convdate", "-n", "--", date, INNCONF=home.inn_conf(), TZ="UTC").decode()
        assert (int(said) if said.strip().isdigit() else None) == news_date(date.encode()), date


@pytest.mark.parametrize("extra", [0, 1])
def test_the_limit_is_innds_to_the_octet(extra: int) -> None:
    article = probes.article(
        Date=formatdate().encode(), body=b".dots\r\n" * 100 + b"x" * extra + b"\r\n"
    )
    largest = (
        len(probes.article(Date=formatdate().encode(), body=b".dots\r\n" * 100 + b"\r\n")) + 100 + 3
    )
    with innd("lists.probe", settings=f"maxartsize: {largest}\n") as peer:
        connection = Connection(f"nntp://127.0.0.1:{peer.port}/", reader=False)
        with connection:
            code = connection.ask(Request(b"TAKETHIS <probe@example.org>", article)).code
    why = refusal(article, now=time.time(), max_octets=largest)
    assert (code == 239, why is None) == (not extra, not extra)
