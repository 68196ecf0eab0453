"""Locks between processes: what one of them does, no other does at the same time. Held by the process, so none is left behind."""

from __future__ import annotations

import fcntl
import os
from contextlib import contextmanager
from hashlib import blake2b
from typing import TYPE_CHECKING, Final

from storage.errors import ArchiveUnavailable

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

__all__ = ["FOLDER", "held", "is_held"]

FOLDER: Final = "peers.locks"
"""The folder of the lock files within the archive's directory; they are empty and stay."""


@contextmanager
def held(directory: Path, name: str) -> Iterator[bool]:
    """Hold the lock of a name while the block runs; give False, at once, where another process or thread holds it.

    Raises:
        ArchiveUnavailable: the directory cannot be written.
    """
    path = _path(directory, name)
    try:
        path.parent.mkdir(exist_ok=True)
        file = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    except OSError as error:
        raise ArchiveUnavailable(
            f"{path}: {error.strerror}; check the path, its permissions and the disk"
        ) from error
    try:
        yield _is_locked(file)
    finally:
        os.close(file)


def is_held(directory: Path, name: str) -> bool:
    """Tell whether some process holds the lock of a name; writes nothing.

    Raises:
        ArchiveUnavailable: the directory cannot be read.
    """
    path = _path(directory, name)
    try:
        file = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    except FileNotFoundError:
        return False
    except OSError as error:
        raise ArchiveUnavailable(f"{path}: {error.strerror}; check its permissions") from error
    try:
        return not _is_locked(file)
    finally:
        os.close(file)


def _path(directory: Path, name: str) -> Path:
    return directory / FOLDER / blake2b(name.encode(), digest_size=16).hexdigest()


def _is_locked(file: int) -> bool:
    """Lock a file, unless it is locked."""
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True
