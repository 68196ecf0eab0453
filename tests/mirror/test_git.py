"""Inboxes on other servers, fetched by git: over dumb http, which needs nothing but files."""

from __future__ import annotations

import base64
import logging
import os
import shutil
import socket
import ssl
import subprocess
import threading
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from gateway.mirror.git import GitMirror
from gateway.mirror.gitfetch import Remote
from gateway.mirror.lock import held
from storage.errors import SourceError
from storage.sources.base import Incoming, Withdrawn
from tests.mail import MemoryEngine, take
from tests.mirror.websites import website
from tests.repositories import NEEDS_GIT, added, git, grown
from tests.sources.mboxes import message

if TYPE_CHECKING:
    from collections.abc import Iterator

RAWS = tuple(message(number) for number in range(1, 8))
LOGIN = base64.b64encode(b"me:s&cret").decode()


def has_http() -> bool:
    """Tell whether git is installed with what speaks http."""
    try:
        found = subprocess.run(("git", "--exec-path"), capture_output=True, check=True)
    except OSError:
        return False
    return (Path(found.stdout.decode().strip()) / "git-remote-http").exists()


pytestmark = [
    NEEDS_GIT,
    pytest.mark.skipif(not has_http(), reason="git is installed without http"),
]


class Files(SimpleHTTPRequestHandler):
    """Gives files; what lies under ``/closed`` to who logs in."""

    asked: list[str]

    def do_GET(self) -> None:
        self.asked.append(self.path)
        wanted = self.path.startswith("/closed")
        if wanted and self.headers.get("Authorization") != f"Basic {LOGIN}":
            self.send_error(401)
        else:
            super().do_GET()

    def log_message(self, *_: object) -> None:
        pass


class Web:
    """A server of files, and what it was asked."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.asked: list[str] = []
        served = type("Served", (Files,), {"asked": self.asked})
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), partial(served, directory=str(folder)))
        self.host = f"127.0.0.1:{self._server.server_address[1]}"
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.01,))
        self._thread.start()

    def put(self, name: str, *raws: bytes) -> Path:
        """Add messages to a repository."""
        path = grown(self.folder / name, *added(*raws))
        git(path, "update-server-info")
        return path

    def close(self) -> None:
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()


@pytest.fixture
def web(tmp_path: Path) -> Iterator[Web]:
    (tmp_path / "web").mkdir()
    server = Web(tmp_path / "web")
    yield server
    server.close()


@pytest.fixture
def home(tmp_path: Path) -> Path:
    """The archive's folder."""
    path = tmp_path / "archive"
    path.mkdir()
    return path


def raws(mirror: GitMirror, after: bytes = b"") -> list[bytes]:
    items = list(mirror.messages(after))
    assert all(isinstance(each, Incoming) for each in items)
    return [each.raw for each in items if isinstance(each, Incoming)]


def test_a_repository_is_fetched_then_only_what_is_new(web: Web, home: Path) -> None:
    web.put("list.git", *RAWS[:3])
    mirror = GitMirror(f"http://{web.host}/list.git", home)
    sizes = [mirror.size]
    assert mirror.suggested_name() == "list"
    items = list(mirror.messages(b""))
    assert [each.raw for each in items if isinstance(each, Incoming)] == [*RAWS[:3]]
    sizes.append(mirror.size)
    assert (sizes[0], bool(sizes[1])) == (None, True)
    web.put("list.git", *RAWS[3:5])
    web.asked.clear()
    again = GitMirror(f"http://{web.host}/list.git", home)
    assert again.changed(items[-1].cursor)
    assert raws(again, items[-1].cursor) == [*RAWS[3:5]]
    assert not any("objects/pack" in path for path in web.asked if path.endswith(".pack"))
    assert raws(again) == [*RAWS[:5]]


def test_epochs_are_found_and_followed(web: Web, home: Path) -> None:
    web.put("lists/man/0", *RAWS[:2])
    mirror = GitMirror(f"git+http://{web.host}/lists/man/", home)
    assert mirror.suggested_name() == "man"
    cursor = list(mirror.messages(b""))[-1].cursor
    web.put("lists/man/0", RAWS[2])
    for number in range(1, 4):
        web.put(f"lists/man/{number}", RAWS[number + 2])
    assert raws(mirror, cursor) == [*RAWS[2:6]]


def test_what_was_purged_there_is_purged_here(
    web: Web, home: Path, caplog: pytest.LogCaptureFixture
) -> None:
    path = web.put("list.git", *RAWS[:3])
    mirror = GitMirror(f"http://{web.host}/list.git", home)
    writer = MemoryEngine().writer()
    assert take(writer, "l", mirror).added == 3
    path.rename(path.with_name("old"))
    grown(path, {"m": RAWS[0]}, {"m": RAWS[2]}, {"m": RAWS[3]}, {"d": RAWS[0]})
    git(path, "update-server-info")
    summary = take(writer, "l", mirror)
    assert (summary.added, summary.duplicates, summary.withdrawn) == (1, 2, 1)
    assert "listgate remove" in caplog.text
    (copy,) = home.glob("mirrors/*/inbox.git")
    purged = git(path, "hash-object", "--stdin", octets=RAWS[1]).strip()
    with pytest.raises(subprocess.CalledProcessError):
        git(copy, "cat-file", "-e", purged)


def test_a_login_opens_and_is_never_shown(
    web: Web, home: Path, caplog: pytest.LogCaptureFixture
) -> None:
    web.put("closed/list.git", *RAWS[:2])
    url = f"http://me:s%26cret@{web.host}/closed/list.git"
    with caplog.at_level(logging.DEBUG):
        mirror = GitMirror(url, home)
        assert raws(mirror) == [*RAWS[:2]]
        wrong = GitMirror(url.replace("s%26", "S%26"), home / "other")
        (home / "other").mkdir()
        with pytest.raises(SourceError) as refused:
            raws(wrong)
    for text in (mirror.name, caplog.text, str(refused.value), repr(mirror), repr(Remote.of(url))):
        assert "cret" not in text
        assert LOGIN not in text
    for path in home.rglob("*"):
        assert "cret" not in str(path)
        assert path.is_dir() or LOGIN.encode() not in path.read_bytes()


def test_what_is_not_there_is_one_error_and_may_come_later(web: Web, home: Path) -> None:
    mirror = GitMirror(f"http://{web.host}/man.git", home)
    with pytest.raises(SourceError, match=r"man\.git.*not found") as refused:
        raws(mirror)
    assert "\n" not in str(refused.value)
    web.put("man.git/0", RAWS[0])  # of several epochs, as it turns out
    assert raws(mirror) == [RAWS[0]]


def test_a_repository_that_went_away_leaves_the_copy(web: Web, home: Path) -> None:
    path = web.put("list.git", *RAWS[:2])
    url = f"http://{web.host}/list.git"
    assert raws(GitMirror(url, home)) == [*RAWS[:2]]
    path.rename(path.with_name("hidden"))
    with pytest.raises(SourceError, match="fetch failed"):
        raws(GitMirror(url, home))
    path.with_name("hidden").rename(path)
    assert raws(GitMirror(url, home)) == [*RAWS[:2]]


def test_an_empty_repository_is_told_of(web: Web, home: Path) -> None:
    git(grown(web.folder / "list.git"), "update-server-info")
    with pytest.raises(SourceError):
        raws(GitMirror(f"http://{web.host}/list.git", home))


def test_a_repository_of_something_else_is_refused(web: Web, home: Path) -> None:
    git(grown(web.folder / "code.git", {"main.c": b"int main;"}), "update-server-info")
    with pytest.raises(SourceError, match="no public-inbox"):
        raws(GitMirror(f"http://{web.host}/code.git", home))


def test_a_folder_is_read_where_it_is(tmp_path: Path, home: Path) -> None:
    path = grown(tmp_path / "man/git/0.git", *added(RAWS[0])).parents[1]
    for url in (str(path), f"file://{path}", f"git+file://{path}"):
        mirror = GitMirror(url, home)
        assert raws(mirror) == [RAWS[0]]
        assert mirror.suggested_name() == "man"
    assert not list(home.iterdir())


def test_a_server_that_says_nothing_is_given_up(home: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        remote = Remote.of(f"http://127.0.0.1:{listener.getsockname()[1]}/x.git", stall=0.3)
        with pytest.raises(SourceError, match="nothing has moved"):
            remote.has_commits()


def test_two_do_not_fetch_the_same_at_once(web: Web, home: Path) -> None:
    mirror = GitMirror(f"http://{web.host}/list.git", home)
    with held(home, f"git {mirror.name}"), pytest.raises(SourceError, match="another process"):
        raws(mirror)


def test_what_a_killed_fetch_left_is_cleared(web: Web, home: Path) -> None:
    web.put("list.git", *RAWS[:2])
    url = f"http://{web.host}/list.git"
    raws(GitMirror(url, home))
    (copy,) = home.glob("mirrors/*/inbox.git")
    (copy / "objects/pack").mkdir(exist_ok=True)
    (copy / "objects/pack/tmp_pack_x").write_bytes(b"half")
    assert raws(GitMirror(url, home)) == [*RAWS[:2]]
    assert not (copy / "objects/pack/tmp_pack_x").exists()


def test_without_git_the_error_names_the_remedy(
    web: Web, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", str(home))
    with pytest.raises(SourceError, match="install git"):
        raws(GitMirror(f"http://{web.host}/list.git", home))


def in_place_of_git(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, script: str) -> None:
    """Have a script run where git is to be; ``$git`` is the real one."""
    (tmp_path / "bin").mkdir()
    program = tmp_path / "bin/git"
    program.write_text(f"#!/bin/sh\ngit={shutil.which('git')}\n{script}\n")
    program.chmod(0o700)
    monkeypatch.setenv("PATH", f"{tmp_path / 'bin'}{os.pathsep}{os.environ['PATH']}")


def test_a_transfer_that_is_stored_moves_though_nothing_is_said(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    slow = "for i in 1 2 3 4 5 6; do echo x >>$GIT_DIR/objects/pack/tmp; sleep 0.2; done; echo abc"
    in_place_of_git(tmp_path, monkeypatch, f'mkdir -p "$GIT_DIR/objects/pack"; {slow}')
    assert Remote.of("http://x.example/", stall=0.8).has_commits()


def test_a_transfer_without_end_is_given_up(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("gateway.mirror.gitfetch.MAX_COPY", 20)
    monkeypatch.setattr("gateway.mirror.gitfetch.TICK_SECONDS", 0.1)
    endless = "while echo x; do echo x >>$GIT_DIR/objects/pack/tmp; sleep 0.05; done"
    in_place_of_git(tmp_path, monkeypatch, f'mkdir -p "$GIT_DIR/objects/pack"; {endless}')
    with pytest.raises(SourceError, match="more than the 20 octets"):
        Remote.of("http://x.example/").has_commits()


def test_no_redirection_leads_away_from_tls(
    web: Web,
    home: Path,
    pem: tuple[Path, Path],
    server_tls: ssl.SSLContext,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    web.put("list.git", *RAWS[:1])
    monkeypatch.setenv("GIT_SSL_CAINFO", str(pem[0]))
    with website(server_tls) as secure, website() as plain:
        for site in (secure, plain):
            path = "/list.git/info/refs"
            there = f"http://{web.host}{path}?service=git-upload-pack"
            site.answers[path] = 301, {"Location": there}
        with pytest.raises(SourceError, match="git ls-remote failed"):
            Remote.of(f"{secure.url}/list.git").has_commits()
        assert secure.paths() == ["/list.git/info/refs?service=git-upload-pack 301"]
        assert web.asked == []
        assert Remote.of(f"{plain.url}/list.git").has_commits()


def test_what_is_fetched_stays_though_it_cannot_be_packed(
    web: Web,
    home: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    web.put("list.git", *RAWS[:2])
    in_place_of_git(
        tmp_path,
        monkeypatch,
        'case "$*" in *" gc "*) echo fatal: full >&2; exit 1;; esac; exec $git "$@"',
    )
    assert raws(GitMirror(f"http://{web.host}/list.git", home)) == [*RAWS[:2]]
    assert "git gc failed (full)" in caplog.text


def test_how_far_a_long_transfer_is_gets_logged(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr("gateway.mirror.gitfetch.TELL_SECONDS", 0.0)
    in_place_of_git(tmp_path, monkeypatch, "printf 'Receiving: 1%%\\rReceiving: 99%%\\r' >&2")
    with caplog.at_level(logging.INFO):
        assert not Remote.of("http://me:secret@x.example/l").has_commits()
    assert caplog.messages == ["http://x.example/l: Receiving: 99%"]


def test_nothing_that_a_server_says_moves_a_cursor(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr("gateway.mirror.gitfetch.TELL_SECONDS", 0.0)
    said = "printf 'fatal: remote error: \\033[2Jgone\\b\\n' >&2; exit 128"
    in_place_of_git(tmp_path, monkeypatch, said)
    with (
        caplog.at_level(logging.INFO),
        pytest.raises(SourceError, match=r"\(remote error:  \[2Jgone \)") as raised,
    ):
        Remote.of("http://x.example/l").has_commits()
    assert str(raised.value).isprintable()
    assert all(message.isprintable() for message in caplog.messages)


@pytest.mark.parametrize(
    "url",
    [
        "ext::sh -c touch% /tmp/x",
        "ext::true",
        "fd::17",
        "git+ext::true",
        "--upload-pack=touch /tmp/x",
        "-u",
        "ssh://-oProxyCommand=x/y",
        "-oProxyCommand=x:y",
        "ftp://host/x.git",
        "https://",
        "https:///x.git",
        "https://[::1/x.git",
        "https://host:port/x.git",
        "https://host/a b.git",
        "https://host/a\nb.git",
        "https://host/" + "x" * 3000,
        "ssh://me:secret@host/x.git",
        "https://me:secret/secret@host/x.git",
        "nothing",
        "",
    ],
)
def test_other_transports_and_what_is_no_url_are_refused(url: str, home: Path) -> None:
    with pytest.raises(SourceError) as refused:
        GitMirror(url, home)
    assert "secret" not in str(refused.value)
    assert "\n" not in str(refused.value)


@pytest.mark.parametrize(
    ("url", "bare", "host", "epoch"),
    [
        ("https://h/x", "https://h/x", "https://h/", "https://h/x/7"),
        ("git+https://u:p@h:8/x/", "https://h:8/x", "https://h:8/", "https://h:8/x/7"),
        ("http://[::1]:8/x?y#z", "http://[::1]:8/x", "http://[::1]:8/", "http://[::1]:8/x/7"),
        ("git://h/x", "git://h/x", "", "git://h/x/git/7.git"),
        ("git+ssh://u@h/x", "ssh://u@h/x", "", "ssh://u@h/x/git/7.git"),
        ("u@h.example:x/y", "u@h.example:x/y", "", "u@h.example:x/y/git/7.git"),
    ],
)
def test_urls(url: str, bare: str, host: str, epoch: str) -> None:
    remote = Remote.of(url)
    assert (remote.url, remote.host, remote.epoch(7).url) == (bare, host, epoch)


def test_nothing_inherited_steers_git(
    web: Web, home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    web.put("list.git", RAWS[0])
    (tmp_path / ".gitconfig").write_text('[url "http://127.0.0.1:9/"]\n\tinsteadOf = http://\n')
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("GIT_DIR", os.devnull)
    monkeypatch.setenv("GIT_ALLOW_PROTOCOL", "ext")
    assert raws(GitMirror(f"http://{web.host}/list.git", home)) == [RAWS[0]]


def test_a_withdrawal_comes_through(web: Web, home: Path) -> None:
    git(grown(web.folder / "l.git", {"m": RAWS[0]}, {"d": RAWS[0]}), "update-server-info")
    items = list(GitMirror(f"http://{web.host}/l.git", home).messages(b""))
    assert isinstance(items[1], Withdrawn)
