"""Which folders lie on disks of other machines, of whose changes the system does not tell."""

from __future__ import annotations

import os
import re
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterable

__all__ = ["Mounts"]

_TABLE: Final = "/proc/self/mountinfo"
_REMOTE: Final = frozenset((
    "9p", "afs", "ceph", "cifs", "coda", "glusterfs", "lustre", "ncpfs", "nfs", "nfs4", "smb3", "smbfs", "vboxsf",
    "virtiofs",
))  # fmt: skip  # a list of words
_ESCAPED: Final = re.compile(rb"\\([0-7]{3})")


class Mounts:
    """What is mounted where."""

    def __init__(self, lines: Iterable[bytes]) -> None:
        """Read the lines of a ``mountinfo``; what is no such line is passed over."""
        self._remote: dict[str, bool] = {}
        for line in lines:
            front, dash, rest = line.partition(b" - ")
            fields, kinds = front.split(), rest.split()
            if dash and len(fields) > 4 and kinds:
                point = _ESCAPED.sub(lambda found: bytes([int(found[1], 8) & 0xFF]), fields[4])
                kind = kinds[0].decode("ascii", "replace")
                # What FUSE shows may come from anywhere; the last of several at one place is what is seen.
                self._remote[os.fsdecode(point)] = kind in _REMOTE or kind.startswith("fuse")

    @classmethod
    def now(cls) -> Mounts:
        """Return what is mounted now; nothing where the system does not say."""
        try:
            with open(_TABLE, "rb") as file:
                return cls(file)
        except OSError:
            return cls(())

    def is_remote(self, folder: str) -> bool:
        """Tell whether another machine may change what is in a folder."""
        path = os.path.realpath(folder)
        while path not in self._remote:
            above = os.path.dirname(path)
            if above == path:
                return False
            path = above
        return self._remote[path]
