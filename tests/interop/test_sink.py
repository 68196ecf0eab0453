"""INN's programs feed us: everything is taken as it was sent, and the second time nothing is wanted."""

from __future__ import annotations

import grp
import os
import pwd
import re
from typing import TYPE_CHECKING, Final

import pytest

from storage.sqlite import SqliteArchive
from tests.interop.news import running
from tests.interop.programs import needs
from tests.mail import done
from tests.nntp.world import article

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

    from tests.interop.programs import Home

pytestmark = pytest.mark.interop

LIST: Final = "interop.fed"

ARTICLES: Final = {
    f"<{own}@x.example>".encode(): article(own, *fields, groups=f"{LIST},elsewhere", body=body)
    for own, fields, body in [
        *((f"m{at}", [f"X-Number: {at}"], b"Text.\r\n" * at) for at in range(150)),
        ("dots", [], b".\r\n..\r\n.dot\r\n...\r\n"),
        ("empty", [], b""),
        ("long", ["X-Folded: a\r\n\tb"], b"x" * 5000 + b"\r\n"),
        ("large", [], b"Line.\r\n" * 50_000),
        ("octets", ["X-Octets: \xe9"], bytes(range(128, 256)) + b"\r\n"),
        ("commands", [], b"QUIT\r\nTAKETHIS <m1@x.example>\r\n"),
    ]
}

INNFEED: Final = """
pid-file: innfeed.pid
log-file: {home}/log/innfeed.log
backlog-directory: {home}/backlog
status-file: {home}/log/status
gen-html: false
peer near {{
  ip-name: 127.0.0.1
  port-number: {port}
  streaming: true
  max-connections: 1
  initial-connections: 1
}}
"""


@pytest.fixture
def archive(tmp_path: Path) -> Path:
    return tmp_path / "archive"


@pytest.fixture
def port(archive: Path, tmp_path: Path) -> Iterator[int]:
    """The port of a server that may be fed from here."""
    config = tmp_path / "listgate.toml"
    config.write_text(
        '[nntp]\nlisten = "127.0.0.1:0"\n[imap]\nlisten = "none"\n[web]\nlisten = "none"\n[peers.near]\n'
        'hosts = ["127.0.0.1"]\nlists = "interop.*"\ncreate = true\npath = "near.example"\n'
    )
    with running(archive, "--config", config, ports=1) as ports:
        yield ports["nntp"]


@pytest.fixture
def spool(home: Home) -> str:
    """Write the articles as INN keeps them, and its configuration; return the batch that names them."""
    folders = ("articles", "backlog", "db", "etc", "log", "outgoing", "run", "spool", "tmp")
    for name in folders:
        (home / name).mkdir()
    settings = {
        "domain": "x.example",
        "enableoverview": "false",
        "hismethod": "hisv6",
        "mta": "/bin/true",
        "pathnews": "/usr/lib/news",
        "runasuser": pwd.getpwuid(os.geteuid()).pw_name,
        "runasgroup": grp.getgrgid(os.getegid()).gr_name,
        **{f"path{name}": str(home / name) for name in folders if name != "backlog"},
    }
    home.write("inn.conf", "".join(f"{key}: {value}\n" for key, value in settings.items()))
    home.write("etc/storage.conf", "method tradspool {\n newsgroups: *\n class: 0\n}\n")
    batch = []
    for at, (message_id, text) in enumerate(ARTICLES.items()):
        (home / f"articles/{at}").write_bytes(text.replace(b"\r\n", b"\n"))
        batch.append(f"{at} {message_id.decode()}\n")
    return "".join(batch)


@needs("innxmit")
@pytest.mark.parametrize("streaming", [True, False])
def test_innxmit(home: Home, spool: str, archive: Path, port: int, *, streaming: bool) -> None:
    def innxmit() -> dict[str, int]:
        batch = home.write("outgoing/batch", spool)
        how = () if streaming else ("-s",)
        said = home.run(
            "innxmit",
            *how,
            "-v",
            "-P",
            str(port),
            "127.0.0.1",
            batch,
            INNCONF=str(home / "inn.conf"),
        ).decode()
        counts = re.search(r"offered (\d+) accepted (\d+) refused (\d+) rejected (\d+)", said)
        assert counts is not None, said
        names = ("offered", "accepted", "refused", "rejected")
        return dict(zip(names, map(int, counts.groups()), strict=True))

    count = len(ARTICLES)
    assert innxmit() == {"offered": count, "accepted": count, "refused": 0, "rejected": 0}
    assert stored(archive) == ARTICLES
    assert innxmit() == {"offered": count, "accepted": 0, "refused": count, "rejected": 0}
    assert stored(archive) == ARTICLES


@needs("innfeed")
def test_innfeed(home: Home, spool: str, archive: Path, port: int) -> None:
    config = home.write("innfeed.conf", INNFEED.format(home=home.folder, port=port))

    def innfeed() -> None:
        home.write("backlog/near", spool)
        home.run(
            "innfeed", "-x", "-c", config, "-b", home / "backlog", "-a", home / "articles",
            INNCONF=str(home / "inn.conf"),
        )  # fmt: skip  # options with their values
        assert [path.name for path in (home / "backlog").iterdir() if path.stat().st_size] == []

    innfeed()
    assert stored(archive) == ARTICLES
    innfeed()
    assert stored(archive) == ARTICLES


def stored(archive: Path) -> Mapping[bytes, bytes]:
    """Return the original octets of what an archive has, by Message-ID."""
    opened = SqliteArchive(archive)
    try:
        record = opened.mailing_list(LIST)
        assert [each.name for each in opened.lists()] == [LIST]
        assert record.count == record.high
        found = {}
        for number in range(1, record.high + 1):
            entry = done(opened.entry(LIST, number))
            found[entry.message_id] = done(opened.raw(LIST, number))
        return found
    finally:
        opened.close()
