"""From a mirror to what pulls it, by its URL."""

from __future__ import annotations

import enum
import shutil
from pathlib import Path
from typing import TYPE_CHECKING, Final
from urllib.parse import urlsplit

from gateway.errors import Refused
from storage.errors import ArchiveUnavailable
from storage.peers import shown_url

if TYPE_CHECKING:
    from collections.abc import Iterable

    from storage.peers import Mirror
    from storage.sources.base import Source

__all__ = ["KINDS", "Kind", "forget_copy", "host_of", "kind_of", "open_mirror", "origin_of"]

KINDS: Final = (
    "nntp(s)://[user:password@]host[:port]/group, imap(s)://[user:password@]host[:port]/mailbox, "
    "https://host/list.mbox.gz, https://host/pipermail/list/, git+https://host/list, https://host/list.git, "
    "or the path of a git repository"
)
"""What a mirror's URL may look like, for people."""


class Kind(enum.Enum):
    """What a mirror pulls from; the value is what it is called."""

    NEWS = "newsgroup"
    MAIL = "mailbox"
    GIT = "git repository"
    WEB = "web pages"


_SCHEMES: Final = {
    "nntp": Kind.NEWS,
    "nntps": Kind.NEWS,
    "imap": Kind.MAIL,
    "imaps": Kind.MAIL,
    "git": Kind.GIT,
    "git+http": Kind.GIT,
    "git+https": Kind.GIT,
    "git+ssh": Kind.GIT,
    "git+file": Kind.GIT,
    "ssh": Kind.GIT,
    "file": Kind.GIT,
    "http": Kind.WEB,
    "https": Kind.WEB,
}


def kind_of(url: str) -> Kind:
    """Return what a URL is of.

    Raises:
        Refused: of nothing that can be pulled.
    """
    if not url.isprintable() or not url.strip():
        raise Refused(f"a mirror's URL is one of: {KINDS}")
    scheme, found, rest = url.partition("://")
    kind = _SCHEMES.get(scheme.lower()) if found else _local(url)
    if kind is None:
        raise Refused(f"{shown_url(url)}: nothing that can be mirrored; write {KINDS}")
    is_repository = rest.partition("?")[0].rstrip("/").endswith(".git")
    return Kind.GIT if kind is Kind.WEB and is_repository else kind


def origin_of(url: str) -> str:
    """Return what a twin of a URL has as its origin; empty where none can be."""
    if kind_of(url) is not Kind.NEWS:
        return ""
    from gateway.mirror.url import parse_url  # noqa: PLC0415 - as below

    return parse_url(url).shown


def host_of(url: str) -> str:
    """Return the host that a URL is of, for one connection at a time; empty where there is none."""
    try:
        return urlsplit(url).hostname or ""
    except ValueError:  # then opening it tells
        return ""


def open_mirror(mirror: Mirror, directory: Path) -> Source:
    """Return the source of a mirror, without connecting; ``directory`` is the archive's.

    Raises:
        Refused: its URL is of nothing that can be pulled.
        SourceError: its URL is wrong.
    """
    kind = kind_of(mirror.url)
    if kind is Kind.NEWS:
        from gateway.mirror.nntp import NntpSource  # noqa: PLC0415 - as the others, loaded by those who pull
        from gateway.mirror.url import parse_url  # noqa: PLC0415

        return NntpSource(mirror.url, parse_url(mirror.url).path, mirror.window)
    if kind is Kind.MAIL:
        from gateway.mirror.imap import ImapSource  # noqa: PLC0415
        from gateway.mirror.url import parse_url  # noqa: PLC0415

        return ImapSource(mirror.url, parse_url(mirror.url).path, mirror.window)
    if kind is Kind.GIT:
        from gateway.mirror.git import GitMirror  # noqa: PLC0415

        return GitMirror(mirror.url, directory)
    from gateway.mirror.web import WebMirror  # noqa: PLC0415

    return WebMirror(mirror.url, directory)


def forget_copy(mirror: Mirror, directory: Path, left: Iterable[Mirror]) -> None:
    """Remove the files brought of a mirror that is none any more, unless one of those left uses them as well.

    Raises:
        ArchiveUnavailable: they cannot be removed.
    """
    copy: Path | None = getattr(open_mirror(mirror, directory), "copy", None)
    if copy is None or any(shown_url(each.url) == shown_url(mirror.url) for each in left):
        return
    try:
        shutil.rmtree(copy)
    except FileNotFoundError:
        pass
    except OSError as error:
        raise ArchiveUnavailable(
            f"{copy}: cannot be removed ({error.strerror}): remove it by hand"
        ) from error


def _local(url: str) -> Kind | None:
    """Return what a text without a scheme is of: a folder, or ``user@host:path`` as git takes it."""
    is_remote = ":" in url and "/" not in url.partition(":")[0] and url.rstrip("/").endswith(".git")
    return Kind.GIT if is_remote or Path(url).is_dir() else None
