"""``listgate mirror``: lists pulled from another listgate, by hand and by a server, and how they are shown."""

from __future__ import annotations

import json
import re
import stat
from contextlib import closing
from typing import TYPE_CHECKING, Final

import pytest

from gateway.intake import open_for_writing
from gateway.mirror.lock import held
from storage.peers import Health, Mirror
from storage.sqlite.peers import FILE, SqlitePeers
from tests.cli.conftest import grow, put
from tests.cli.programs import Program, is_running, reader, until
from tests.mail import mail

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from tests.cli.conftest import Listgate

    Start = Callable[..., Program]

ARCHIVE: Final = "listgate-archive"
STATUS: Final = ("mirror", "status", "--format")
NNTP: Final = ("--nntp", "127.0.0.1:0", "--imap", "none", "--web", "none")
DEAD: Final = "nntp://me:secret@127.0.0.1:1/a.b"
"""Nobody listens there."""


class Origin:
    """A server that lists are pulled from."""

    def __init__(self, start: Start, folder: Path) -> None:
        self._path = put(folder / "a.b.mbox", *(mail(str(n)) for n in range(1, 4)))
        self.program = start("serve", *NNTP, "--archive", "origin", self._path)
        self.url = f"nntp://127.0.0.1:{self.program.port()}/a.b"

    def grow(self, *names: str) -> None:
        grow(self._path, *map(mail, names))


@pytest.fixture
def origin(program: Start, tmp_path: Path) -> Origin:
    return Origin(program, tmp_path)


@pytest.fixture
def peers(tmp_path: Path) -> Iterator[SqlitePeers]:
    open_for_writing(tmp_path / ARCHIVE).close()
    with closing(SqlitePeers(tmp_path / ARCHIVE)) as opened:
        yield opened


@pytest.mark.parametrize(
    ("url", "kind"),
    [
        ("nntp://news.example/a.b", "newsgroup"),
        ("nntps://me:secret@news.example:5630/a.b", "newsgroup"),
        ("imap://me:secret@mail.example/Lists/a", "mailbox"),
        ("imaps://mail.example/a", "mailbox"),
        ("git+https://lore.example/a", "git repository"),
        ("https://host.example/a.git", "git repository"),
    ],
)
def test_what_is_added_is_kept_and_named(
    listgate: Listgate, tmp_path: Path, url: str, kind: str
) -> None:
    said = listgate("mirror", "add", "a.b", url, "--every", "5m", "--quiet", "22:00-06:00")
    assert (said.code, said.err) == (0, "")
    assert said.out == f"a.b: pulled every 5 m while 'listgate serve' runs ({kind})\n"
    with closing(SqlitePeers(tmp_path / ARCHIVE)) as peers:
        (mirror,) = peers.mirrors()
    assert (mirror.name, mirror.url, mirror.every, mirror.quiet) == (
        "a.b",
        url,
        300,
        "22:00-06:00",
    )
    assert stat.S_IMODE((tmp_path / ARCHIVE / FILE).stat().st_mode) == 0o600


@pytest.mark.parametrize(
    ("arguments", "why"),
    [
        (("a..b", "nntp://h/g"), "cannot name a list"),
        (
            ("a", "gopher://me:secret@h/g"),
            "gopher://me@h/g: nothing that can be mirrored; write nntp",
        ),
        (("a", "nntp://h"), "no newsgroup"),
        (("a", "nntp://h/a b"), "no newsgroup"),
        (("a", "nntp:///g"), "names no host"),
        (("a", "nntp://me:secret@h:x/g"), "not the URL of a server"),
        (("a", "imap://h/"), "no mailbox"),
        (("a", "/no/such/folder"), "nothing that can be mirrored"),
        (("a", "/no/\x1b[2J"), "a mirror's URL is one of"),
        (("a", ""), "a mirror's URL is one of"),
        (("a", "nntp://h/g", "--every", "soon"), "--every soon: not an interval"),
        (("a", "nntp://h/g", "--quiet", "8-18"), "--quiet 8-18: not hours"),
        (("a", "nntp://h/g", "--window", "-1"), "--window -1"),
    ],
)
def test_what_is_wrong_is_refused_in_one_line(
    listgate: Listgate, tmp_path: Path, arguments: tuple[str, ...], why: str
) -> None:
    said = listgate("mirror", "add", *arguments)
    assert (said.code, said.out) == (1, "")
    assert said.err.startswith("listgate: ")
    assert said.err.count("\n") == 1
    assert why in said.err
    assert "secret" not in said.err
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize(
    ("command", "group"), [(("mirror", "add", "a.b"), "/a"), (("feed", "add", "out"), "")]
)
def test_a_password_may_be_asked_for(
    listgate: Listgate, peers: SqlitePeers, command: tuple[str, ...], group: str
) -> None:
    said = listgate(*command, f"nntps://me@h.example{group}", "--password", octets=b"s/c@r:t\n")
    assert said.code == 0
    urls = [*(each.url for each in peers.mirrors()), *(each.url for each in peers.feeds())]
    assert urls == [f"nntps://me:s%2Fc%40r%3At@h.example{group}"]
    for url in ("nntps://h.example/a", "nntps://me:secret@h.example/a", "/a@b", "nntp://h/a@b"):
        said = listgate(*command, url, "--password", octets=b"x\n")
        assert said.code == 1
        assert "--password wants a URL with a user" in said.err
        assert "secret" not in said.err


def test_help_has_an_example_for_every_kind(listgate: Listgate) -> None:
    said = listgate.usage("mirror", "add", "--help")
    assert said.code == 0
    for example in (
        " nntp://",
        " nntps://",
        " imaps://",
        " git+https://",
        ".git",
        ".mbox.gz",
        "pipermail",
    ):
        assert example in said.out
    assert listgate.usage("mirror").code == 2


def test_a_run_brings_what_is_new(listgate: Listgate, origin: Origin) -> None:
    listgate("mirror", "add", "x.y", origin.url)
    said = listgate("mirror", "run")
    assert (said.code, said.err) == (0, "")
    assert said.table[1][:2] == ["x.y", "3"]
    assert listgate("lists").table[1][:2] == ["x.y", "3"]
    said = listgate("mirror", "run", "x.y")
    assert (said.code, said.table[1][:3]) == (0, ["x.y", "0", "0"])
    assert listgate("lists").table[1][:2] == ["x.y", "3"]


def test_added_with_run_it_is_pulled_at_once(listgate: Listgate, origin: Origin) -> None:
    said = listgate("mirror", "add", "x.y", origin.url, "--run")
    assert (said.code, said.table[-1][:2]) == (0, ["x.y", "3"])
    assert listgate("lists").table[1][:2] == ["x.y", "3"]


def test_one_that_fails_hinders_no_other_and_shows_no_password(
    listgate: Listgate, origin: Origin
) -> None:
    for name, url in (("a.b", DEAD), ("x.y", origin.url)):
        listgate("mirror", "add", name, url)
    said = listgate("mirror", "run")
    assert said.code == 1
    assert re.fullmatch(r"listgate: a\.b: nntp://me@127\.0\.0\.1:1/a\.b: .*refused.*\n", said.err)
    assert listgate("lists").table[-1][:2] == ["x.y", "3"]
    shown = listgate("mirror", "status")
    assert "refused" in shown.out
    every = [
        said,
        shown,
        *(listgate(*STATUS, f) for f in ("json", "prometheus")),
    ]
    assert not any("secret" in each.out + each.err for each in every)


def test_a_run_elsewhere_is_left_alone(listgate: Listgate, tmp_path: Path) -> None:
    listgate("mirror", "add", "a.b", DEAD)
    with held(tmp_path / ARCHIVE, "mirror a.b nntp://me@127.0.0.1:1/a.b"):
        said = listgate("mirror", "run")
        assert "running" in listgate("mirror", "status").out
    assert said.code == 0
    assert said.err == (
        "listgate: a.b: another listgate is pulling from nntp://me@127.0.0.1:1/a.b now; skipped\n"
    )


@pytest.mark.parametrize("command", ["run", "remove"])
def test_what_is_not_mirrored_is_told(listgate: Listgate, command: str) -> None:
    said = listgate("mirror", command, "a.b")
    assert (said.code, said.out) == (1, "")
    assert "a.b: not mirrored" in said.err


def test_without_mirrors_there_is_nothing_to_run_or_show(listgate: Listgate) -> None:
    said = listgate("mirror", "run")
    assert (said.code, said.out) == (1, "")
    assert "nothing is mirrored" in said.err
    said = listgate("mirror", "status")
    assert said.code == 0
    assert "nothing is mirrored" in said.out
    assert json.loads(listgate(*STATUS, "json").out) == {
        "mirrors": [],
        "feeds": [],
    }
    assert listgate(*STATUS, "prometheus").out == ""


def test_a_mirror_is_removed_and_its_messages_stay(listgate: Listgate, origin: Origin) -> None:
    listgate("mirror", "add", "x.y", origin.url, "--run")
    listgate("mirror", "add", "x.y", DEAD)
    said = listgate("mirror", "remove", "x.y", "nntp://other.example/a")
    assert said.code == 1
    assert "not pulled from nntp://other.example/a" in said.err
    said = listgate("mirror", "remove", "x.y", DEAD.replace(":secret", ""))
    assert (said.code, said.out) == (
        0,
        "x.y: not pulled from nntp://me@127.0.0.1:1/a.b any more\n",
    )
    assert [row[0] for row in listgate("mirror", "status").table[1:]] == ["x.y"]
    assert listgate("mirror", "remove", "x.y").code == 0
    assert listgate("lists").table[1][:2] == ["x.y", "3"]


def test_a_listgates_list_becomes_a_twin_until_it_is_mirrored_no_longer(
    listgate: Listgate, origin: Origin
) -> None:
    def kinds() -> list[str]:
        return [each["kind"] for each in json.loads(listgate(*STATUS, "json").out)["mirrors"]]

    listgate("mirror", "add", "x.y", origin.url)
    assert kinds() == ["newsgroup"]
    listgate("mirror", "run")
    listgate("mirror", "add", "x.y", DEAD)
    assert kinds() == ["twin", "newsgroup"]
    (twin, _) = json.loads(listgate(*STATUS, "json").out)["mirrors"]
    assert (twin["lag"], twin["messages"], twin["total"]) == (0, 3, 3)
    listgate("mirror", "remove", "x.y", DEAD)
    assert kinds() == ["twin"]
    listgate("mirror", "remove", "x.y")
    listgate("mirror", "add", "x.y", origin.url)
    assert kinds() == ["newsgroup"]


def test_the_table_tells_how_they_are(listgate: Listgate, peers: SqlitePeers) -> None:
    for name in ("new", "good", "bad"):
        peers.add_mirror(Mirror(name, f"nntp://h/{name}"))
    peers.note_mirror("good", "nntp://h/good", Health(5, 5, "", 0, 3, 100, 999, 0.5, 1234, 9))
    peers.note_mirror("bad", "nntp://h/bad", Health(5, 0, "gone \x1b[2J", 2, due=2**33))
    said = listgate("mirror", "status")
    rows = {row[0]: " ".join(row[1:]) for row in said.table[1:]}
    assert rows["new"] == "0 never due new newsgroup nntp://h/new"
    assert re.fullmatch(r"1234 200/s 3 \d+ d ago due ok newsgroup nntp://h/good", rows["good"])
    assert re.fullmatch(r"0 never in \d+ d failing newsgroup nntp://h/bad", rows["bad"])
    assert rows["bad:"] == "gone \N{REPLACEMENT CHARACTER}[2J"
    assert "quiet" not in said.out
    peers.add_mirror(Mirror("good", "nntp://h/good", quiet="00:00-23:59"))
    assert "quiet" in listgate("mirror", "status").out


def test_programs_get_all_there_is(listgate: Listgate, peers: SqlitePeers) -> None:
    peers.add_mirror(Mirror("a.b", "nntp://me:secret@h/a", 300, quiet="22:00-22:01"))
    peers.note_mirror("a.b", "nntp://me@h/a", Health(5, 4, "gone", 1, None, 10, 99, 4.0, 20, 7))
    (mirror,) = json.loads(listgate(*STATUS, "json").out)["mirrors"]
    assert mirror == {
        "list": "a.b",
        "url": "nntp://me@h/a",
        "kind": "newsgroup",
        "every": 300,
        "quiet": "22:00-22:01",
        "state": "failing",
        "attempted": 5,
        "succeeded": 4,
        "error": "gone",
        "failures": 1,
        "lag": None,
        "messages": 10,
        "octets": 99,
        "seconds": 4.0,
        "total": 20,
        "due": 7,
        "rate": 2.5,
    }


def test_prometheus_gets_what_it_can_read(listgate: Listgate, peers: SqlitePeers) -> None:
    odd = 'nntp://h/a"b\\c'
    peers.add_mirror(Mirror("a.b", odd))
    peers.add_mirror(Mirror("c", "nntp://h/c"))
    peers.note_mirror("a.b", odd, Health(50, 40, "", 0, 2, 10, 99, 4.25, 20, 70))
    text = listgate(*STATUS, "prometheus").out
    samples = dict(re.findall(r"^(listgate_\w+\{[^}]*\}) (\S+)$", text, re.MULTILINE))
    label = '{list="a.b",url="nntp://h/a\\"b\\\\c"}'
    assert samples["listgate_mirror_last_success_timestamp_seconds" + label] == "40"
    assert samples["listgate_mirror_lag_messages" + label] == "2"
    assert samples["listgate_mirror_messages_total" + label] == "20"
    assert samples["listgate_mirror_last_duration_seconds" + label] == "4.25"
    assert samples["listgate_mirror_up" + label] == "1"
    assert samples['listgate_mirror_up{list="c",url="nntp://h/c"}'] == "0"
    assert not any("lag" in name and '"c"' in name for name in samples)
    names = re.findall(r"^# TYPE (\w+) (?:gauge|counter)$", text, re.MULTILINE)
    assert len(names) == len(set(names))
    for line in text.splitlines():
        assert re.match(r"# (HELP|TYPE) listgate_mirror_\w+ |listgate_mirror_\w+\{", line)


def test_a_server_catches_up_and_follows(
    listgate: Listgate, program: Start, origin: Origin
) -> None:
    """A mirror that is added while the server runs is pulled, and what comes to the origin comes here."""
    mirroring = program("serve", *NNTP)
    port = mirroring.port()
    assert mirroring.descendants() == []
    assert listgate("mirror", "add", "x.y", origin.url, "--every", "1s").code == 0
    with reader(port) as client:
        until(lambda: client.ask("GROUP x.y") == "211 3 1 3 x.y")
        assert client.ask("STAT 3").startswith("223 3 <3@x.example>")
        origin.grow("4", "5")
        until(lambda: client.ask("GROUP x.y") == "211 5 1 5 x.y")
    assert "x.y: 3 new" in mirroring.errors
    (child,) = mirroring.descendants()
    origin.program.close()
    until(lambda: "x.y: nntp://127.0.0.1" in mirroring.errors)
    assert "refused" in mirroring.errors
    assert mirroring.end() == 0
    assert not is_running(child)
    assert "Traceback" not in mirroring.errors


def test_what_tends_the_mirrors_ends_with_a_server_that_is_killed(
    listgate: Listgate, program: Start
) -> None:
    listgate("mirror", "add", "x.y", DEAD)
    running = program("serve", *NNTP)
    running.port()
    (child,) = until(running.descendants)
    until(lambda: "refused" in running.errors)
    running.close()
    until(lambda: not is_running(child))


def test_a_server_without_mirrors_has_nobody_to_tend_them(
    listgate: Listgate, program: Start
) -> None:
    listgate("mirror", "add", "x.y", DEAD)
    listgate("mirror", "remove", "x.y")
    running = program("serve", *NNTP)
    with reader(running.port()) as client:
        assert client.ask("DATE").startswith("111 ")
    assert running.descendants() == []
