"""GitMirror: a public-inbox on another server, brought here by ``git fetch`` and read from the copy.

The copies lie beneath the archive's folder and are this module's alone: a fetch either brings all that is new or
changes nothing. Of an inbox of version 2 every epoch is brought, by the addresses that public-inbox gives them.
"""

from __future__ import annotations

import logging
import os
import re
from typing import TYPE_CHECKING, Final
from urllib.parse import unquote, urlsplit

from gateway.mirror.gitfetch import Remote
from gateway.mirror.lock import held
from storage.errors import SourceError
from storage.peers import shown_url
from storage.sources.base import MAX_MESSAGE
from storage.sources.cursor import digest
from storage.sources.git import Repository
from storage.sources.public_inbox import PublicInboxSource, epochs_of, open_inbox

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from storage.sources.base import Item, Source

__all__ = ["COPIES", "GitMirror"]

log = logging.getLogger(__name__)

COPIES: Final = "mirrors"
"""The folder of the copies within the archive's directory."""

MAX_EPOCHS: Final = 1000

_WHOLE: Final = "inbox.git"
"""What the copy of an inbox of one repository is called."""

_UNSAFE: Final = re.compile(r"[^A-Za-z0-9._-]+")
_MAX_NAME: Final = 100


class GitMirror:
    """An inbox by its URL (http, https, git, ssh), or a folder, which is read where it is; ``directory`` is the archive's.

    ``copy`` is where the copy of what is elsewhere lies.
    """

    def __init__(self, url: str, directory: Path, max_message: int = MAX_MESSAGE) -> None:
        self.name = shown_url(url)
        self._directory = directory
        self._max_message = max_message
        self._local = _local(url)
        self._remote = None if self._local else Remote.of(url)
        title = _UNSAFE.sub("-", self.name.partition("://")[2] or self.name)[:_MAX_NAME].strip("-.")
        self.copy = directory / COPIES / f"{title}-{digest(self.name.encode())}"

    @property
    def size(self) -> int | None:
        """The octets of what has been brought; None as long as nothing has been."""
        source = self._found()
        return None if source is None else source.size

    def messages(self, after: bytes) -> Iterator[Item]:
        """Bring what is new, then yield what lies behind a cursor, as ``Source.messages`` says.

        Raises:
            SourceError: the server does not give it, or it is no inbox; what was brought before stays.
        """
        if self._remote is not None:
            with held(self._directory, f"git {self.name}") as is_ours:
                if not is_ours:
                    raise SourceError(
                        f"{self.name}: another process is fetching it: try again when that is done"
                    )
                self._bring(self._remote)
        source = self._found()
        if source is None:
            raise SourceError(
                f"{self.name}: no public-inbox is in it: give the URL of an inbox, or of a git repository of one"
            )
        yield from source.messages(after)

    def changed(self, after: bytes) -> bool:  # noqa: ARG002 - only the server knows
        """Return True: to ask the server is what takes the time."""
        return True

    def suggested_name(self) -> str | None:
        """Return the name that the URL's end suggests."""
        label = self.name.rstrip("/").rpartition("/")[2]
        return PublicInboxSource(label, label).suggested_name()

    def _found(self) -> Source | None:
        """Return the source that has been brought, or None."""
        path = self._local or str(self.copy)
        if not self._local and not epochs_of(path):
            path = str(self.copy / _WHOLE)
        return open_inbox(path, path, self._max_message)

    def _bring(self, remote: Remote) -> None:
        """Fetch what is new.

        Raises:
            SourceError: a repository that there was, or should be, cannot be fetched.
        """
        numbers = [number for number, _ in epochs_of(str(self.copy))]
        whole = self.copy / _WHOLE
        if not numbers:
            copied = Repository.at(str(whole))
            if (copied is not None and copied.tip()) or _is_there(remote):
                remote.fetch(whole)
                return
            if not _is_there(remote.epoch(0)) and not remote.has_commits():
                raise SourceError(f"{self.name}: there is nothing in it yet: try again later")
        for number in numbers:
            remote.epoch(number).fetch(self._epoch(number))
        following = max(numbers, default=-1) + 1
        while following < MAX_EPOCHS and _is_there(remote.epoch(following)):
            remote.epoch(following).fetch(self._epoch(following))
            following += 1

    def _epoch(self, number: int) -> Path:
        return self.copy / "git" / f"{number}.git"


def _is_there(remote: Remote) -> bool:
    """Tell whether a server gives a repository that is not empty; servers answer in many ways that there is none."""
    try:
        return remote.has_commits()
    except SourceError as error:
        log.debug("%s", error)
        return False


def _local(url: str) -> str:
    """Return the folder that a URL is of, or nothing where it is of another machine."""
    path = url.removeprefix("git+")
    if path.startswith("file://"):
        return unquote(urlsplit(path).path)
    return path if os.path.isdir(path) else ""
