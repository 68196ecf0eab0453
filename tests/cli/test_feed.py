"""``listgate feed``: lists pushed to peers, by hand and by a server, what is told of it, and what would be refused."""

from __future__ import annotations

import json
from contextlib import closing
from typing import TYPE_CHECKING, Final

import pytest

from gateway.mirror.lock import held
from gateway.passwords import hash_password
from storage.peers import Feed, Refusal
from storage.sqlite import SqliteArchive
from storage.sqlite.peers import SqlitePeers
from tests.cli.conftest import Said, grow, put
from tests.cli.programs import Program, reader, until
from tests.mail import mail
from tests.mirror.servers import Scripted

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tests.cli.conftest import Listgate

    Start = Callable[..., Program]

ARCHIVE: Final = "listgate-archive"
CONFIG: Final = '[server]\nhost = "a.example"\n[lists."lists.closed"]\nreaders = []\n'
STREAM: Final = "S: 200 peer\nC: CAPABILITIES\nS: 500 what?\nC: MODE STREAM\nS: 203 go on\n"
CHECKS: Final = "C: CHECK <a@x.example>\nC: CHECK <b@x.example>\n"


class Feeding:
    """The commands, on an archive with two messages in a list, and one in another that nobody may read."""

    def __init__(self, listgate: Listgate, folder: Path) -> None:
        self._listgate = listgate
        self._archive = folder / ARCHIVE
        listgate("import", "lists.a", put(folder / "a.mbox", mail("a"), mail("b")))
        listgate("import", "lists.closed", put(folder / "c.mbox", mail("c")))
        (folder / "config.toml").write_text(CONFIG)

    def __call__(self, *arguments: str) -> Said:
        return self._listgate("feed", *arguments, "--config", "config.toml")

    def run_with(self, script: str, *options: str) -> Said:
        """Push over a conversation that must go as the script says."""
        with Scripted(script) as server:
            self("add", "peer", f"nntp://me:secret@127.0.0.1:{server.port}", *options)
            return self("run")

    @property
    def feeds(self) -> list[Feed]:
        with closing(SqlitePeers(self._archive)) as peers:
            return list(peers.feeds())

    def is_held(self) -> bool:
        with held(self._archive, "feed peer") as is_ours:
            return not is_ours


@pytest.fixture
def feed(listgate: Listgate, tmp_path: Path) -> Feeding:
    return Feeding(listgate, tmp_path)


LOGIN: Final = """
S: 200 peer
C: CAPABILITIES
S: 500 what?
C: AUTHINFO USER me
S: 281 welcome
C: CAPABILITIES
S: 500 what?
C: MODE STREAM
S: 203 go on
"""


def test_what_is_added_is_kept(feed: Feeding) -> None:
    said = feed(
        "add", "peer", "nntps://me:secret@news.example", "--lists", "lists.*", "--path", "p.example",
        "--group", "lists.a=org.a", "--no-injection-date", "--window", "7", "--every", "5m", "--quiet", "08:00-18:00",
    )  # fmt: skip
    assert said.code == 0
    assert said.out == (
        "peer: 2 messages to send (lists: 1); 'listgate feed run' does it now, 'listgate serve' from now on\n"
    )
    assert said.err == (
        "listgate: lists.closed: not fed, since not everybody may read it; --lists can name it\n"
    )
    (added,) = feed.feeds
    assert added == Feed(
        "peer", "nntps://me:secret@news.example", "lists.*", 7, False, "p.example",
        {"lists.a": "org.a"}, 300, "08:00-18:00", added.added,
    )  # fmt: skip
    assert added.added > 0
    assert feed("add", "peer", "nntp://news.example", "--lists", "lists.closed").err == ""
    assert [each.lists for each in feed.feeds] == ["lists.closed"]


def test_what_the_peer_has_decided_on_is_not_to_be_sent(feed: Feeding, tmp_path: Path) -> None:
    feed("add", "peer", "nntp://news.example")
    with closing(SqliteArchive(tmp_path / ARCHIVE)) as archive:
        validity = archive.mailing_list("lists.a").validity
    with closing(SqlitePeers(tmp_path / ARCHIVE)) as peers:
        peers.set_feed_cursor("peer", "lists.a", validity, 1)
    said = feed("add", "peer", "nntp://news.example", "--group", "lists.b=org.b")
    assert said.out.startswith("peer: 1 messages to send (lists: 1)")
    assert said.err.splitlines()[-1] == (
        "listgate: --group lists.b=org.b: no list is called lists.b yet"
    )


def test_where_all_log_in_only_what_is_named_is_fed(feed: Feeding, tmp_path: Path) -> None:
    (tmp_path / "config.toml").write_text(
        f"require_login = true\n{CONFIG}[users]\nme = '{hash_password('secret')}'\n"
    )
    said = feed("add", "peer", "nntp://news.example", "--lists", "lists.*")
    assert "0 messages to send (lists: 0)" in said.out
    assert "lists.a: not fed, since not everybody may read it" in said.err
    assert "2 messages" in feed("add", "peer", "nntp://news.example", "--lists", "lists.a").out


def test_a_server_without_a_full_name_is_told_so(
    listgate: Listgate, feed: Feeding, tmp_path: Path
) -> None:
    (tmp_path / "config.toml").write_text('[server]\nhost = "a"\n')
    said = feed("add", "peer", "nntp://news.example")
    assert said.err == (
        "listgate: the peer knows this server as a: set host in [server] to its full name\n"
    )


@pytest.mark.parametrize(
    ("arguments", "why"),
    [
        (("add", "p", "imap://x"), "p: articles go to news servers"),
        (("add", "p", "news.example"), "news.example: not the URL of a server"),
        (("add", "p", "nntp://x", "--lists", "["), "p: --lists '[' is no pattern"),
        (("add", "p", "nntp://x", "--lists", "\udcff"), "p: --lists '\\udcff' is no pattern"),
        (("add", "p", "nntp://x/a.b"), "p: nntp://x/a.b names a newsgroup: leave that out"),
        (("add", "p", "nntp://x", "--path", "a!b"), "--path 'a!b': no name"),
        (("add", "p", "nntp://x", "--path", "\udcff"), "--path '\\udcff': no name"),
        (("check", "p", "--cutoff", "-1"), "--cutoff -1: from 0"),
        (("check", "p", "--max-octets", "-1"), "--max-octets -1: from 0"),
        (("add", "p", "nntp://x", "--group", "a"), "--group a: write LIST=NEWSGROUP"),
        (("add", "p", "nntp://x", "--group", "a=b c"), "p: 'b c' cannot name a newsgroup"),
        (("add", "p", "nntp://x", "--window", "-1"), "--window -1: from 0"),
        (("add", "p", "nntp://x", "--every", "0"), "--every 0: not an interval"),
        (("add", "p", "nntp://x", "--quiet", "8"), "--quiet 8: not hours"),
        (("add", "p\n", "nntp://x"), "a peer's name has 1 to 100 printable characters"),
        (("remove", "p"), "p: not fed; 'listgate feed status' shows who is"),
        (("run", "p"), "p: not fed"),
        (("run",), "nothing is fed; 'listgate feed add --help' shows how"),
        (("check", "p"), "p: not fed"),
        (("status", "p"), "p: not fed"),
    ],
)
def test_what_cannot_be(feed: Feeding, arguments: tuple[str, ...], why: str) -> None:
    said = feed(*arguments)
    assert said.code == 1
    assert why in said.err
    assert said.err.count("\n") == 1
    assert feed.feeds == []


def test_without_an_archive_nothing_is_fed(listgate: Listgate, tmp_path: Path) -> None:
    for arguments in (("add", "p", "nntp://x"), ("run",), ("status",), ("check", "p")):
        assert "no archive there" in listgate("feed", *arguments).err
    assert not (tmp_path / ARCHIVE).exists()


def test_a_run_and_what_is_told_of_it(feed: Feeding, caplog: pytest.LogCaptureFixture) -> None:
    script = LOGIN + CHECKS + "S: 438 <a@x.example>\nS: 501 no\nC: QUIT"
    said = feed.run_with(script, "--lists", "lists.*")
    assert said.code == 1  # something was refused
    assert caplog.messages == ["peer: lists.a 2 <b@x.example> refused: 501 no"]
    head, row = said.table
    assert " ".join(head) == ("peer sent known refused later passed over octets seconds rate lag")
    assert row[:7] == ["peer", "0", "1", "1", "0", "0", "0"]
    assert row[-1] == "0"
    said = feed("run", "peer")
    assert (said.code, said.table[1][1:6]) == (0, ["0", "0", "0", "0", "0"])
    head, row, refused = feed("status", "peer").table
    assert head == ["peer", "sent", "refused", "rate", "lag", "last", "success", "next", "run", "state", "lists", "url"]  # fmt: skip
    assert row[:4] == ["peer", "0", "1", "0"]
    assert "secret" not in " ".join(row)
    assert " ".join(refused) == "lists.a 2 <b@x.example>: 501 no"
    assert len(feed("status").table) == 2


def test_what_fails_is_named_and_shown(feed: Feeding) -> None:
    said = feed.run_with(LOGIN + "C: CHECK <a@x.example>\nC: CHECK <b@x.example>\nS: 502 secret")
    assert said.code == 1
    (line,) = said.err.splitlines()
    assert line.startswith("listgate: peer: nntp://me@127.0.0.1")
    assert "the peer says 502 ...: ask who runs it" in line
    assert line.removeprefix("listgate: ") in feed("status").out
    assert feed("status").table[1][3] == "2"
    known = json.loads(feed("status", "--format", "json").out)
    assert [(each["peer"], each["failures"]) for each in known["feeds"]] == [("peer", 1)]
    assert "listgate_feed_failures{" in feed("status", "--format", "prometheus").out


def test_one_process_feeds_a_peer_at_a_time(feed: Feeding, tmp_path: Path) -> None:
    feed("add", "peer", "nntp://127.0.0.1:1")
    with held(tmp_path / ARCHIVE, "feed peer"):
        said = feed("run")
    assert said.err == "listgate: peer: another listgate is feeding it now; skipped\n"
    assert said.code == 0


def test_removing(feed: Feeding, tmp_path: Path) -> None:
    feed("add", "peer", "nntp://127.0.0.1:1")
    with closing(SqlitePeers(tmp_path / ARCHIVE)) as peers:
        peers.set_feed_cursor("peer", "lists.a", 1, 1, [Refusal("peer", "lists.a", 1, b"", "", 1)])
    assert feed("remove", "peer").out == "peer: not fed any more\n"
    assert feed.feeds == []
    assert feed("status").out == "nothing is fed; 'listgate feed add --help' shows how\n"


def test_a_dry_run(feed: Feeding, listgate: Listgate, tmp_path: Path) -> None:
    large = mail("large", body="x" * 2000 + "\n")
    through = b"Path: news.example!x\n" + mail("through")
    listgate("import", "lists.a", put(tmp_path / "b.mbox", large, through))
    feed("add", "peer", "nntp://news.example", "--lists", "lists.*")
    said = feed("check", "peer", "--max-octets", "1500")
    assert said.code == 1
    assert said.out.splitlines() == [
        "lists.a 3 <large@x.example>: refused: larger than the 1500 octets that are taken",
        "lists.a 4 <through@x.example>: not offered: it came through the peer",
        "1 refused: larger than the 1500 octets that are taken",
        "4 messages: 2 taken, 1 refused, 1 not offered",
    ]
    said = feed("check", "peer")
    assert (said.code, said.out.splitlines()[-1]) == (
        0, "4 messages: 3 taken, 0 refused, 1 not offered",
    )  # fmt: skip
    feed("add", "peer", "nntp://news.example", "--no-injection-date")
    assert feed("check", "peer").out.endswith("0 taken, 3 refused, 1 not offered\n")
    assert feed("check", "peer", "--cutoff", "0", "--max-octets", "0").code == 0


FACES: Final = '[nntp]\nlisten = "127.0.0.1:0"\n[imap]\nlisten = "none"\n[web]\nlisten = "none"\n'


def test_two_servers_feed_each_other_and_nothing_goes_round(
    listgate: Listgate, program: Start, tmp_path: Path
) -> None:
    for name, other in (("a", "b"), ("b", "a")):
        (tmp_path / f"{name}.toml").write_text(
            f'archive = "{name}"\n[server]\nhost = "{name}.example"\n{FACES}'
            f'[peers.{other}]\nhosts = ["127.0.0.1"]\nlists = "lists.*"\ncreate = true\n'
        )
    path = put(tmp_path / "lists.one.mbox", mail("1"), mail("2"))
    there = program("serve", "--config", "b.toml", put(tmp_path / "lists.two.mbox", mail("3")))
    here = program("serve", "--config", "a.toml", path)
    ports = {"a": here.port(), "b": there.port()}
    for name, other in (("a", "b"), ("b", "a")):
        said = listgate(
            "feed", "add", other, f"nntp://127.0.0.1:{ports[other]}", "--lists", "lists.*",
            "--path", f"{other}.example", "--config", f"{name}.toml",
        )  # fmt: skip
        assert said.code == 0, said.err

    def articles(port: int, group: str) -> int:
        with reader(port) as client:
            said = client.ask(f"GROUP {group}")
            return int(said.split()[1]) if said.startswith("211 ") else 0

    until(lambda: articles(ports["b"], "lists.one") == 2)
    until(lambda: articles(ports["a"], "lists.two") == 1)
    grow(path, mail("4"))
    until(lambda: articles(ports["b"], "lists.one") == 3)

    def state(name: str) -> tuple[int, int]:
        said = listgate("feed", "status", "--format", "json", "--config", f"{name}.toml")
        (known,) = json.loads(said.out)["feeds"]
        return known["total"], known["lag"]

    until(lambda: state("a") == (3, 0))
    until(lambda: state("b") == (1, 0))
    assert (articles(ports["a"], "lists.one"), articles(ports["a"], "lists.two")) == (3, 1)
    with reader(ports["b"]) as client:
        client.ask("GROUP lists.one")
        client.ask("HEAD 1")
        head = client.block()
    assert "Path: b.example!not-for-mail" in head
    assert "X-Original-Path: a.example!.POSTED!not-for-mail" in head
