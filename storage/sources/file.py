"""What every source that is one file has: its name, its size, the name it suggests for a list."""

from __future__ import annotations

import os

from storage.sources.base import MAX_MESSAGE, readable, shown
from storage.sources.names import name_from_path

__all__ = ["OneFile"]


class OneFile:
    """A file; ``label`` is the path that a list's name is made from."""

    def __init__(self, path: str, label: str, max_message: int = MAX_MESSAGE) -> None:
        self.name = shown(os.path.abspath(path))
        self._path = path
        self._label = label
        self._max_message = max_message

    @property
    def size(self) -> int:
        """The file's octets, compressed as they are.

        Raises:
            SourceError: the file cannot be read.
        """
        with readable(self._path):
            return os.stat(self._path).st_size

    def suggested_name(self) -> str | None:
        """Return the name that the file's own suggests."""
        return name_from_path(self._label)
