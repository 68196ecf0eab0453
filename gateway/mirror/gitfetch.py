"""Git repositories on other servers, fetched by the program ``git``.

Only http, https, git and ssh are spoken, and no redirection leads away from TLS; nothing is asked for on a terminal; a user's
and the machine's configuration have no effect, but for proxies in the environment and the keys and hosts of ssh. A
login goes into a header for that server alone, and is no argument of any process. A transfer in which nothing
moves is given up, and one that has no end.
"""

from __future__ import annotations

import base64
import logging
import os
import re
import select
import signal
import subprocess
import tempfile
import time
from contextlib import suppress
from dataclasses import dataclass, field, replace
from typing import IO, TYPE_CHECKING, Final
from urllib.parse import unquote, urlsplit, urlunsplit

from storage.errors import SourceError
from storage.peers import shown_url
from storage.sources.git import Repository
from storage.sources.gitprogram import MAX_GIST, QUIET, gist, printable

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

__all__ = ["SCHEMES", "STALL_SECONDS", "Remote"]

log = logging.getLogger(__name__)

SCHEMES: Final = ("http", "https", "git", "ssh")

_ALLOWED: Final = {"http": "http:https"}
"""What may be spoken where a URL has this scheme; it alone, where nothing is said."""

MAX_COPY: Final = 64 << 30
"""The most octets of packs that are taken of one repository."""

STALL_SECONDS: Final = 300.0
"""How long nothing may move, neither what git says nor what it has stored."""

TICK_SECONDS: Final = 5.0
"""How often is looked what git has stored, while it says nothing."""

TELL_SECONDS: Final = 10.0
"""How often the progress of a long transfer is logged."""

GC_SECONDS: Final = 3600.0
"""How long the copy may take to be packed anew."""

MAX_SAID: Final = 64 * 1024
"""Octets of git's words that are kept, the last ones."""

MAX_URL: Final = 2048

_NAME: Final = "master"
BRANCH: Final = f"refs/heads/{_NAME}"
"""The branch of a copy: what HEAD is on the server."""

_INHERITED: Final = (
    "HOME", "PATH", "SSH_AUTH_SOCK", "SSL_CERT_DIR", "SSL_CERT_FILE", "GIT_SSL_CAINFO", "TMPDIR",
    "http_proxy", "https_proxy", "all_proxy", "no_proxy", "HTTPS_PROXY", "ALL_PROXY", "NO_PROXY",
)  # fmt: skip
_SETTINGS: Final = {
    "core.hooksPath": os.devnull,
    "credential.helper": "",
    "gc.auto": "0",
    "http.lowSpeedLimit": "100",
    "http.lowSpeedTime": f"{STALL_SECONDS:.0f}",
    "maintenance.auto": "false",
}
_FOREGROUND: Final = {"core.hooksPath": os.devnull, "gc.autoDetach": "false"}
_SSH: Final = "ssh -o BatchMode=yes -o ConnectTimeout=30 -o ServerAliveInterval=30"
_SCP: Final = re.compile(
    r"(?:[A-Za-z0-9._][A-Za-z0-9._-]*@)?[A-Za-z0-9][A-Za-z0-9._-]*:(?!:)[^:].*"
)
_FORMS: Final = {"http": "{}/{}", "https": "{}/{}"}
_FORM: Final = "{}/git/{}.git"
"""Where an inbox's epochs are: as public-inbox-httpd serves them, else as they lie on disk."""


@dataclass(frozen=True, slots=True)
class Remote:
    """A repository by its URL, which has no login; ``header`` is what logs in, for ``host`` alone."""

    url: str
    scheme: str
    host: str = ""
    header: str = field(default="", repr=False)
    stall: float = STALL_SECONDS

    @classmethod
    def of(cls, url: str, stall: float = STALL_SECONDS) -> Remote:
        """Return the repository at a URL; ``git+`` may come before its scheme, and ``user@host:path`` is ssh.

        Raises:
            SourceError: it is no URL, or of another protocol.
        """
        label = shown_url(url)
        plain_url = url.removeprefix("git+").rstrip("/")
        if not plain_url.isprintable() or " " in plain_url or len(plain_url) > MAX_URL:
            raise SourceError(
                f"{label!r}: no URL of a git repository: it is too long, or has blanks"
            )
        if "://" not in plain_url and _SCP.fullmatch(plain_url):
            return cls(plain_url, "ssh", stall=stall)
        try:
            parts = urlsplit(plain_url)
            host, port = parts.hostname or "", parts.port
        except ValueError as error:
            why = str(error).partition(" as ")[0]  # a password with / is no port
            raise SourceError(f"{label}: no URL ({why})") from None
        if parts.scheme not in SCHEMES or not host or host.startswith("-"):
            raise SourceError(
                f"{label}: no URL of a git repository: write https://host/path, git://host/path, ssh://host/path, or a folder"
            )
        if parts.scheme not in _FORMS:
            if parts.password is not None:
                raise SourceError(
                    f"{label}: {parts.scheme} takes no password in a URL: leave it out, and use a key"
                )
            return cls(plain_url, parts.scheme, stall=stall)
        host = f"[{host}]" if ":" in host else host
        netloc = host if port is None else f"{host}:{port}"
        bare = urlunsplit((parts.scheme, netloc, parts.path, "", ""))
        header = ""
        if parts.username is not None:
            login = f"{unquote(parts.username)}:{unquote(parts.password or '')}".encode()
            header = f"Authorization: Basic {base64.b64encode(login).decode()}"
        return cls(bare, parts.scheme, f"{parts.scheme}://{netloc}/", header, stall)

    def epoch(self, number: int) -> Remote:
        """Return the repository of an epoch, where this is an inbox of several."""
        form = _FORMS.get(self.scheme, _FORM)
        return replace(self, url=form.format(self.url, number))

    def has_commits(self) -> bool:
        """Ask the server whether there is something to fetch.

        Raises:
            SourceError: there is no such repository, or it cannot be asked.
        """
        with tempfile.TemporaryDirectory(prefix="listgate-git-") as own:
            return bool(self._run(own, "ls-remote", "--", self.url, "HEAD").strip())

    def fetch(self, into: Path) -> None:
        """Bring what is new into a git directory, made if there is none.

        What the server has taken out of its history goes from the copy as well.

        Raises:
            SourceError: it cannot be fetched, or nothing moved for too long; the copy is as it was.
        """
        path = str(into)
        if Repository.at(path) is None:
            into.mkdir(parents=True, exist_ok=True)
            self._run(path, "init", "--quiet", "--bare", "--template=", f"--initial-branch={_NAME}")
        for left in (into / "objects" / "pack").glob("tmp_*"):  # of a fetch that was killed
            left.unlink(missing_ok=True)
        before = Repository(path).tip()
        options = ("--progress", "--no-tags", "--no-write-fetch-head", "--no-recurse-submodules")
        self._run(path, "fetch", *options, "--", self.url, f"+HEAD:{BRANCH}")
        self._tidy(path, before)

    def _tidy(self, path: str, before: str | None) -> None:
        """Pack a copy anew where git finds it due; at once, where something was taken out of its history."""
        tip = Repository(path).tip()
        options = ["--auto"]
        if before is not None and before != tip and tip is not None:
            with Repository(path).reading() as reading:
                if not reading.is_ancestor(before, tip):
                    options = ["--prune=now"]
        try:
            self._run(path, "gc", "--quiet", *options, settings=_FOREGROUND, stall=GC_SECONDS)
        except SourceError as error:
            log.warning("%s; what was fetched is there all the same", error)

    def _env(self, path: str, settings: Mapping[str, str]) -> dict[str, str]:
        """Return the environment in which git works on a copy."""
        pairs = {
            **settings,
            **({f"http.{self.host}.extraHeader": self.header} if self.header else {}),
        }
        count = {"GIT_CONFIG_COUNT": str(len(pairs))}
        for at, (key, value) in enumerate(pairs.items()):
            count |= {f"GIT_CONFIG_KEY_{at}": key, f"GIT_CONFIG_VALUE_{at}": value}
        return {
            **{key: os.environ[key] for key in _INHERITED if key in os.environ},
            **QUIET,
            **count,
            "GIT_ALLOW_PROTOCOL": _ALLOWED.get(self.scheme, self.scheme),
            "GIT_DIR": path,
            "GIT_SSH_COMMAND": _SSH,
        }

    def _run(
        self,
        path: str,
        *arguments: str,
        settings: Mapping[str, str] = _SETTINGS,
        stall: float | None = None,
    ) -> bytes:
        """Run git on a git directory; return the beginning of its output.

        Raises:
            SourceError: it cannot be run, it gave up, or nothing moved for ``stall`` seconds.
        """
        try:
            process = subprocess.Popen(  # noqa: S603 - no shell; what looks like an option comes behind --
                ("git", "--no-pager", *arguments),  # noqa: S607 - wherever it is installed
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                bufsize=0,
                env=self._env(path, settings),
                start_new_session=True,
            )
        except OSError as error:
            raise SourceError(
                f"{self.url}: it needs the program 'git', which cannot be run ({error.strerror}): install git"
            ) from error
        watch = _Watch(self.url, path, self.stall if stall is None else stall)
        with process:
            try:
                watch.follow(process)
            except BaseException:
                os.killpg(process.pid, signal.SIGKILL)  # and what it has started
                raise
        if process.returncode:
            raise SourceError(
                f"{self.url}: git {arguments[0]} failed ({gist(watch.said)}): check the address, and try it by hand"
            )
        return watch.output


class _Watch:
    """What a process of git says, and whether something moves."""

    def __init__(self, label: str, path: str, stall: float) -> None:
        self.output = b""
        self.said = b""
        self._label = label
        self._pack = os.path.join(path, "objects", "pack")
        self._stall = stall
        self._moved = self._told = self._looked = time.monotonic()
        self._stored = _sizes(self._pack)

    def follow(self, process: subprocess.Popen[bytes]) -> None:
        """Read what it says until it has ended.

        Raises:
            SourceError: nothing moved for too long, or too much came.
        """
        assert process.stdout is not None
        assert process.stderr is not None
        pipes: list[IO[bytes]] = [process.stdout, process.stderr]
        while pipes:
            ready, _, _ = select.select(pipes, [], [], min(self._stall, TICK_SECONDS))
            for pipe in ready:
                octets = os.read(pipe.fileno(), MAX_SAID)
                if not octets:
                    pipes.remove(pipe)
                elif pipe is process.stdout:
                    self.output = (self.output + octets)[:MAX_SAID]
                else:
                    self._tell(octets)
            self._see_that_it_moves(bool(ready))
        process.wait()

    def _tell(self, octets: bytes) -> None:
        """Keep what it says, and log from time to time how far it is."""
        self.said = (self.said + octets)[-MAX_SAID:]
        if time.monotonic() - self._told >= TELL_SECONDS:
            self._told = time.monotonic()
            line = re.split(rb"[\r\n]+", self.said.rstrip(b"\r\n"))[-1]
            log.info("%s: %s", self._label, printable(line[-MAX_GIST:]))

    def _see_that_it_moves(self, said: bool) -> None:
        now = time.monotonic()
        stored = self._stored
        if not said or now - self._looked >= TICK_SECONDS:
            stored, self._looked = _sizes(self._pack), now
        if sum(stored.values()) > MAX_COPY:
            raise SourceError(
                f"{self._label}: it has more than the {MAX_COPY} octets that are taken: fetch it by hand, and mirror that"
            )
        if said or stored != self._stored:
            self._moved, self._stored = now, stored
        elif now - self._moved >= self._stall:
            raise SourceError(
                f"{self._label}: nothing has moved for {self._stall:.0f} seconds: try again later"
            )


def _sizes(folder: str) -> dict[str, int]:
    """Return the sizes of the files in a folder; none where there is none."""
    sizes = {}
    with suppress(OSError), os.scandir(folder) as entries:
        for entry in entries:
            with suppress(OSError):  # it is renamed when it is complete
                sizes[entry.name] = entry.stat().st_size
    return sizes
