"""``kill -9`` in the middle of a pull, twice, then the same again: complete, nothing twice, nothing asked for twice."""

from __future__ import annotations

import asyncio
from contextlib import closing
from typing import TYPE_CHECKING

import pytest

from storage.sqlite import SqliteArchive
from tests.crash.pulling import PULLED, count, pull, pulled_until
from tests.crash.states import COUNT, own, read_through, write_mbox
from tests.interop.news import listgate, running

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

LIST = "lists.served"


@pytest.fixture(scope="module")
def ports(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Mapping[str, int]]:
    """The ports of a server of some thousand messages, by scheme."""
    folder = tmp_path_factory.mktemp("served")
    listgate(folder / "archive", "import", LIST, write_mbox(folder / "mbox"))
    faces = ("--nntp", "127.0.0.1:0", "--imap", "127.0.0.1:0", "--web", "none")
    with running(folder / "archive", *faces, ports=2) as found:
        yield found


@pytest.mark.parametrize("scheme", ["nntp", "imap"])
def test_a_pull_may_be_killed(ports: Mapping[str, int], tmp_path: Path, scheme: str) -> None:
    url = f"{scheme}://127.0.0.1:{ports[scheme]}/{LIST}"
    archive = tmp_path / "archive"
    before = 0
    for _ in range(2):
        assert pulled_until(archive, url, before)
        assert before < count(archive) < COUNT
        before = count(archive)
    left = COUNT - before
    assert pull(archive, url) == (left, left)
    assert pull(archive, url) == (0, 0)
    with closing(SqliteArchive(archive)) as found:
        held = asyncio.run(read_through(found, PULLED))
    assert held == {number: own(number) for number in range(1, COUNT + 1)}
