"""One line a request, in the combined format that every reader of web logs knows."""

from __future__ import annotations

import logging
import time
from typing import TYPE_CHECKING, BinaryIO, Final

from gateway.errors import Refused

if TYPE_CHECKING:
    from pathlib import Path

    from gateway.web.session import Talk

__all__ = ["AccessLog", "line"]

_SHOWN: Final = {
    octet: chr(octet)
    if 0x20 <= octet < 0x7F and chr(octet) not in '"\\'
    else "\\" + chr(octet)
    if chr(octet) in '"\\'
    else f"\\x{octet:02x}"
    for octet in range(256)
}

log = logging.getLogger(__name__)


class AccessLog:
    """Writes to a file.

    Raises:
        Refused: the file cannot be written to.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._file = self._open()
        self._is_failing = False

    def close(self) -> None:
        """Write no more."""
        self._file.close()

    def write(self, octets: bytes) -> None:
        """Write a line; where that cannot be, say so once, and go on without."""
        try:
            self._file.write(octets)
        except OSError as error:
            if not self._is_failing:
                log.warning("%s: cannot be written to: %s", self._path, error.strerror or error)
            self._is_failing = True
        else:
            self._is_failing = False

    def _open(self) -> BinaryIO:
        try:
            return self._path.open("ab", buffering=0)
        except OSError as error:
            raise Refused(
                f"{self._path}: cannot be written to: {error.strerror or error}"
            ) from None


def line(talk: Talk) -> bytes:
    """Return the line about a request."""
    at = time.strftime("%d/%b/%Y:%H:%M:%S +0000", time.gmtime(talk.began))
    asked = b"-" if talk.request is None else talk.request.line
    fields = {} if talk.request is None else talk.request.fields
    referer, agent = (_shown(fields.get(name, b"-")) for name in (b"referer", b"user-agent"))
    who = _shown(talk.user.encode()).replace(" ", "\\x20") if talk.user else "-"
    return (
        f'{talk.address or "-"} - {who} [{at}] "{_shown(asked)}" {talk.status} {talk.octets} '
        f'"{referer}" "{agent}"\n'
    ).encode("ascii")


def _shown(octets: bytes) -> str:
    return "".join(map(_SHOWN.__getitem__, octets))
