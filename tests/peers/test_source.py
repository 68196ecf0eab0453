"""From a mirror's URL to what pulls it, and to what is forgotten with it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from gateway.errors import Refused
from gateway.mirror.git import GitMirror
from gateway.mirror.imap import ImapSource
from gateway.mirror.nntp import NntpSource
from gateway.mirror.source import Kind, forget_copy, host_of, kind_of, open_mirror, origin_of
from gateway.mirror.web import WebMirror
from storage.errors import ArchiveUnavailable
from storage.peers import Mirror

if TYPE_CHECKING:
    from pathlib import Path


@pytest.mark.parametrize(
    ("url", "kind", "source", "host"),
    [
        ("nntp://h.example/a.b", Kind.NEWS, NntpSource, "h.example"),
        ("NNTPS://me:secret@H.example:5630/a.b", Kind.NEWS, NntpSource, "h.example"),
        ("imap://h.example/a", Kind.MAIL, ImapSource, "h.example"),
        ("imaps://[::1]/a", Kind.MAIL, ImapSource, "::1"),
        ("git://h.example/a", Kind.GIT, GitMirror, "h.example"),
        ("git+https://h.example/a", Kind.GIT, GitMirror, "h.example"),
        ("https://h.example/a.git", Kind.GIT, GitMirror, "h.example"),
        ("https://h.example/a.git/", Kind.GIT, GitMirror, "h.example"),
        ("ssh://git@h.example/a", Kind.GIT, GitMirror, "h.example"),
        ("https://h.example/a.mbox.gz", Kind.WEB, WebMirror, "h.example"),
        ("http://h.example/pipermail/a/", Kind.WEB, WebMirror, "h.example"),
        ("https://h.example/x?a=b.git", Kind.WEB, WebMirror, "h.example"),
    ],
)
def test_what_pulls_a_url(url: str, kind: Kind, source: type, host: str, tmp_path: Path) -> None:
    assert kind_of(url) is kind
    opened = open_mirror(Mirror("l", url), tmp_path)
    assert isinstance(opened, source)
    assert "secret" not in opened.name
    assert host_of(url) == host
    assert not list(tmp_path.iterdir())


def test_a_folder_is_a_repository_of_no_host(tmp_path: Path) -> None:
    assert kind_of(str(tmp_path)) is Kind.GIT
    assert host_of(str(tmp_path)) == ""
    assert isinstance(open_mirror(Mirror("l", str(tmp_path)), tmp_path), GitMirror)


@pytest.mark.parametrize("url", ["", " ", "ftp://h/x", "h.example", "a\nb", "mailto:x@y", "://"])
def test_what_cannot_be_pulled_is_refused(url: str) -> None:
    with pytest.raises(Refused, match=r"nntp\(s\)://"):
        kind_of(url)


def test_a_url_that_is_broken_has_no_host() -> None:
    assert host_of("nntp://[::1/a") == ""


def test_only_newsgroups_have_twins(tmp_path: Path) -> None:
    assert origin_of("nntp://me:secret@H.example:119/a") == "nntp://me@h.example/a"
    assert origin_of("imap://h.example/a") == ""


@pytest.mark.parametrize("url", ["https://h.example/a.mbox.gz", "https://h.example/a.git"])
def test_what_was_brought_is_forgotten_with_its_last_mirror(url: str, tmp_path: Path) -> None:
    mirror = Mirror("l", url)
    source = open_mirror(mirror, tmp_path)
    assert isinstance(source, GitMirror | WebMirror)
    forget_copy(mirror, tmp_path, [])  # nothing was brought yet
    (source.copy / "inner").mkdir(parents=True)
    (source.copy / "inner" / "file").write_bytes(b"x")
    assert tmp_path in source.copy.parents
    forget_copy(mirror, tmp_path, [Mirror("other", url)])
    assert source.copy.exists()
    forget_copy(mirror, tmp_path, [Mirror("other", "https://h.example/b")])
    assert not source.copy.exists()


def test_a_copy_that_cannot_be_removed_is_named(tmp_path: Path) -> None:
    mirror = Mirror("l", "https://h.example/a.mbox.gz")
    source = open_mirror(mirror, tmp_path)
    assert isinstance(source, WebMirror)
    source.copy.parent.mkdir()
    source.copy.write_bytes(b"")  # no folder
    with pytest.raises(ArchiveUnavailable, match="remove it by hand"):
        forget_copy(mirror, tmp_path, [])


def test_others_have_no_copy(tmp_path: Path) -> None:
    forget_copy(Mirror("l", "nntp://h.example/a"), tmp_path, [])
    assert not list(tmp_path.iterdir())
