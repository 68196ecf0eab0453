"""Git repositories made up: those of public-inboxes of both versions, and broken ones."""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
from typing import TYPE_CHECKING, Final

import pytest

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

NEEDS_GIT = pytest.mark.skipif(shutil.which("git") is None, reason="git is not installed")

WHEN: Final = 1_600_000_000
"""When the first commit of a repository was made; each other one a minute later."""


def git(path: Path, *arguments: str, octets: bytes = b"") -> str:
    """Run git on a repository, without anybody's configuration."""
    env = {
        "PATH": os.environ["PATH"],
        "GIT_CONFIG_GLOBAL": os.devnull,
        "GIT_CONFIG_NOSYSTEM": "1",
        "GIT_AUTHOR_NAME": "A", "GIT_AUTHOR_EMAIL": "a@x.example",
        "GIT_COMMITTER_NAME": "A", "GIT_COMMITTER_EMAIL": "a@x.example",
    }  # fmt: skip
    done = subprocess.run(
        ("git", "-C", str(path), *arguments), input=octets, env=env, capture_output=True, check=True
    )
    return done.stdout.decode()


def grown(path: Path, *commits: Mapping[str, bytes | None], fresh: bool = True) -> Path:
    """Add commits to a bare repository, made if there is none; return its path.

    A commit's tree is the files that are given, where ``fresh``; else they are added to those of the last, and None
    deletes one.
    """
    if not path.exists():
        path.mkdir(parents=True)
        git(path, "init", "--quiet", "--bare", "--initial-branch=master")
    count = commit_count(path)
    stream = [b"from refs/heads/master^0\n" if count else b""]
    for at, files in enumerate(commits, count):
        head = b"commit refs/heads/master\ncommitter A <a@x.example> %d +0000\ndata 0\n\n"
        stream.insert(-1, head % (WHEN + 60 * at))
        stream += [b"deleteall\n"] * fresh
        for name, octets in files.items():
            file = f'"{name}"'.encode()
            if octets is None:
                stream.append(b"D %b\n" % file)
            else:
                stream.append(b"M 100644 inline %b\ndata %d\n%b\n" % (file, len(octets), octets))
        stream.append(b"")
    git(path, "fast-import", "--quiet", "--date-format=raw", octets=b"".join(stream))
    return path


def commit_count(path: Path) -> int:
    """Return how many commits a bare repository has."""
    if not (path / "refs/heads/master").exists() and not (path / "packed-refs").exists():
        return 0
    return int(git(path, "rev-list", "--count", "HEAD"))


def added(*raws: bytes) -> list[dict[str, bytes | None]]:
    """Return the commits that put messages into an inbox of version 2."""
    return [{"m": raw} for raw in raws]


def loose(path: Path, raw: bytes) -> Path:
    """Return the file in which a small repository has a blob."""
    name = hashlib.sha1(b"blob %d\0%b" % (len(raw), raw)).hexdigest()
    return path / "objects" / name[:2] / name[2:]
