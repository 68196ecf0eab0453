"""Pulling a newsgroup from a real innd, which hands its readers on to nnrpd: complete, once, and only what is new."""

from __future__ import annotations

import asyncio
from contextlib import closing
from typing import TYPE_CHECKING

import pytest

from gateway.intake import open_for_writing
from gateway.mirror.connection import Connection
from gateway.mirror.nntp import NntpSource
from gateway.mirror.nntp_client import Request
from gateway.renderers import RENDERERS
from storage.ingest import ingest
from storage.sqlite import SqliteArchive
from tests.interop.innd import can_run_innd, innd
from tests.mail import mail

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from tests.interop.innd import Innd

pytestmark = [pytest.mark.interop, can_run_innd()]

GROUP = "lists.made"
MESSAGES = 700
"""More than are asked for without a look at what is there."""

ACCESS = 'auth "all" { hosts: "*" default: "x" }\naccess "all" { users: "x" newsgroups: "*" access: R }\n'


@pytest.fixture
def server() -> Iterator[Innd]:
    with innd(GROUP, settings="artcutoff: 0\n") as server:
        (server.folder / "etc/readers.conf").write_text(ACCESS)
        yield server


def original(number: int) -> bytes:
    answered = f"m{number - 1}" if number % 3 else None
    return mail(
        f"m{number}",
        answers=answered,
        subject=f"No {number}",
        body="Grüße\n" + ".\n" * (number % 9),
    )


def offer(server: Innd, numbers: Sequence[int]) -> None:
    """Give articles to innd, as a peer does."""
    fields = f"Path: peer!not-for-mail\nNewsgroups: {GROUP}\n".encode()
    requests = (
        Request(
            b"TAKETHIS <m%d@x.example>" % number,
            (fields + original(number)).replace(b"\n", b"\r\n"),
        )
        for number in numbers
    )
    with Connection(f"nntp://127.0.0.1:{server.port}/", reader=False) as connection:
        assert connection.ask(b"MODE STREAM").code == 203
        assert {response.code for response in connection.run(requests, 50)} == {239}


async def held(directory: Path, name: str = "l") -> list[bytes]:
    """Return the octets of each message."""
    with closing(SqliteArchive(directory)) as archive:
        record = archive.mailing_list(name)
        return [await archive.raw(name, number) for number in range(1, record.high + 1)]


def test_everything_comes_as_it_was_and_then_only_what_is_new(server: Innd, tmp_path: Path) -> None:
    first, later = range(1, MESSAGES + 1), range(MESSAGES + 1, MESSAGES + 6)
    source = NntpSource(f"nntp://127.0.0.1:{server.port}/", GROUP)
    with closing(open_for_writing(tmp_path)) as writer:
        offer(server, first)
        assert ingest(writer, "l", source, RENDERERS).added == len(first)
        assert ingest(writer, "l", source, RENDERERS).read == 0
        offer(server, later)
        summary = ingest(writer, "l", source, RENDERERS)
    assert (summary.read, summary.added) == (len(later), len(later))
    assert asyncio.run(held(tmp_path)) == [original(number) for number in [*first, *later]]
