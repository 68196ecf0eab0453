"""A private innd as Debian ships it, in a folder of its own, and a way to it that can be cut off."""

from __future__ import annotations

import contextlib
import os
import shutil
import socket
import subprocess
import tempfile
import threading
import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final

import pytest

from tests.interop.programs import NEWS_BIN

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

__all__ = ["Innd", "can_run_innd", "innd", "through"]

_PATIENCE: Final = 30
"""Seconds to wait for it to come up."""

_FOLDERS: Final = (
    "etc/filter", "db", "spool/articles", "spool/overview", "spool/incoming/bad", "spool/incoming/tmp",
    "spool/outgoing", "spool/archive", "log", "run", "tmp", "http",
)  # fmt: skip  # a list of words
_CONF: Final = """\
mta: "/bin/true"
mailcmd: /bin/true
organization: "made"
domain: x.example
pathhost: {host}
pathnews: /usr/lib/news
runasuser: news
runasgroup: news
hismethod: hisv6
enableoverview: true
ovmethod: tradindexed
wireformat: true
bindaddress: 127.0.0.1
port: {port}
doinnwatch: false
docnfsstat: false
pgpverify: false
pathetc: {folder}/etc
pathdb: {folder}/db
pathspool: {folder}/spool
patharticles: {folder}/spool/articles
pathoverview: {folder}/spool/overview
pathincoming: {folder}/spool/incoming
pathoutgoing: {folder}/spool/outgoing
patharchive: {folder}/spool/archive
pathlog: {folder}/log
pathrun: {folder}/run
pathtmp: {folder}/tmp
pathfilter: {folder}/etc/filter
pathhttp: {folder}/http
pathcontrol: {programs}/control
"""
_FILES: Final = {
    "etc/storage.conf": "method tradspool {\n newsgroups: *\n class: 0\n}\n",
    "etc/newsfeeds": "ME:!*::\n",
    "etc/expire.ctl": "/remember/:99999\n*:A:never:never:never\n",
    "db/history": "",
}
_EMPTY: Final = (
    "control.ctl", "moderators", "localgroups", "subscriptions", "distrib.pats", "distributions", "passwd.nntp",
    "readers.conf",
)  # fmt: skip  # a list of words


def can_run_innd() -> pytest.MarkDecorator:
    """Skip a test where there is no innd, or nobody who may become its user."""
    is_there = shutil.which("innd", path=NEWS_BIN) is not None
    is_root = os.geteuid() == 0 and shutil.which("setpriv") is not None
    return pytest.mark.skipif(
        not (is_there and is_root), reason="innd is not installed, or this is not root"
    )


@dataclass(frozen=True, slots=True)
class Innd:
    """A running innd; ``host`` is its name in Path."""

    folder: Path
    port: int
    host: str = "inn.x.example"

    def count(self, group: str) -> int:
        """Return how many articles a newsgroup has had."""
        lines = (self.folder / "db/active").read_text().splitlines()
        return next(int(line.split()[1]) for line in lines if line.split()[0] == group)

    def articles(self, group: str) -> list[bytes]:
        """Return a newsgroup's articles in the order in which they came."""
        spooled = self.folder / "spool/articles" / group.replace(".", "/")
        paths = sorted(spooled.glob("[0-9]*"), key=lambda path: int(path.name))
        return [path.read_bytes() for path in paths]

    def _run(self, program: str, *arguments: str) -> None:
        as_news = ("setpriv", "--reuid=news", "--regid=news", "--init-groups")
        environment = {
            "INNCONF": f"{self.folder}/etc/inn.conf",
            "PATH": f"{NEWS_BIN}:/usr/bin:/bin",
        }
        with (self.folder / "log/out").open("ab") as out:
            subprocess.run(
                (*as_news, f"{NEWS_BIN}/{program}", *arguments),
                env=environment,
                cwd=self.folder,
                stdin=subprocess.DEVNULL,
                stdout=out,
                stderr=out,
                check=True,
                timeout=_PATIENCE,
            )

    def start(self, groups: Sequence[str], settings: str, *, streaming: bool) -> None:
        """Write its files and start it."""
        for name in _FOLDERS:
            (self.folder / name).mkdir(parents=True, exist_ok=True)
        conf = _CONF.format(host=self.host, port=self.port, folder=self.folder, programs=NEWS_BIN)
        files = {
            **_FILES,
            **{f"etc/{name}": "" for name in _EMPTY},
            "etc/inn.conf": conf + settings,
        }
        files["etc/incoming.conf"] = (
            f'streaming: {str(streaming).lower()}\npeer ME {{ hostname: "127.0.0.1" }}\n'
        )
        own = ("control", "control.cancel", "junk")
        files["db/active"] = "".join(
            [f"{name} 0000000000 0000000001 n\n" for name in own]
            + [f"{name} 0000000000 0000000001 y\n" for name in groups]
        )
        files["db/newsgroups"] = "".join(f"{name}\tmade\n" for name in groups)
        files["db/active.times"] = "".join(f"{name} 1 x@x.example\n" for name in groups)
        for name, text in files.items():
            (self.folder / name).write_text(text)
        subprocess.run(("chown", "-R", "news:news", self.folder), check=True)
        self._run("makedbz", "-i", "-o", "-s", "10000", "-f", f"{self.folder}/db/history")
        self._run("innd", "-P", str(self.port), "-4", "127.0.0.1")
        _wait_for(self.port)

    def stop(self) -> None:
        """Stop it."""
        self._run("ctlinnd", "shutdown", "done")


@contextlib.contextmanager
def innd(*groups: str, settings: str = "", streaming: bool = True) -> Iterator[Innd]:
    """Run an innd as long as this lasts; ``settings`` go into its inn.conf beside those that it is shipped with."""
    folder = Path(tempfile.mkdtemp(prefix="listgate-innd-"))
    folder.chmod(0o755)  # its user has to get there
    with socket.create_server(("127.0.0.1", 0)) as unused:
        port = unused.getsockname()[1]
    server = Innd(folder, port)
    try:
        server.start(groups, settings, streaming=streaming)
        yield server
    finally:
        with contextlib.suppress(subprocess.CalledProcessError):  # it was never there
            server.stop()
        shutil.rmtree(folder, ignore_errors=True)


def _wait_for(port: int) -> None:
    deadline = time.monotonic() + _PATIENCE
    while True:
        try:
            socket.create_connection(("127.0.0.1", port), timeout=_PATIENCE).close()
        except ConnectionRefusedError:
            assert time.monotonic() < deadline
        else:
            return


@contextlib.contextmanager
def through(port: int, after: Callable[[int], None]) -> Iterator[int]:
    """Yield a port that leads to another one; ``after`` is told how many octets went there on a connection so far."""
    with socket.create_server(("127.0.0.1", 0)) as listening:
        thread = threading.Thread(target=_lead, args=(listening, port, after), daemon=True)
        thread.start()
        yield listening.getsockname()[1]
        listening.shutdown(socket.SHUT_RDWR)
        thread.join(_PATIENCE)


def _lead(listening: socket.socket, port: int, after: Callable[[int], None]) -> None:
    while True:
        try:
            ours, _ = listening.accept()
        except OSError:  # closed
            return
        theirs = socket.create_connection(("127.0.0.1", port), timeout=_PATIENCE)
        back = threading.Thread(target=_pump, args=(theirs, ours, lambda _: None), daemon=True)
        back.start()
        _pump(ours, theirs, after)
        back.join(_PATIENCE)
        ours.close()
        theirs.close()


def _pump(source: socket.socket, sink: socket.socket, after: Callable[[int], None]) -> None:
    """Move octets until one side has gone."""
    moved = 0
    with contextlib.suppress(OSError):
        while data := source.recv(1 << 14):
            sink.sendall(data)
            moved += len(data)
            after(moved)
    with contextlib.suppress(OSError):
        sink.shutdown(socket.SHUT_WR)
