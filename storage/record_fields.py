"""The fields of a replica's record, as they are written and read: nothing of what is read is trusted."""

from __future__ import annotations

import struct
from typing import Final

from storage.days import MAX_DAY
from storage.message.ids import is_sound
from storage.model import MAX_NUMBER

__all__ = [
    "MAX_REVISION",
    "MAX_VALIDITY",
    "NO_TIME",
    "BadReplica",
    "Fields",
    "integers",
    "octets",
]

MAX_REVISION: Final = (1 << 63) - 1

MAX_VALIDITY: Final = (1 << 32) - 1

NO_TIME: Final = -(1 << 63)
"""As which None is written in place of a time."""

_MAX_NAME: Final = (
    4096  # octets of a list's name, description or address, or of a Message-ID in a record
)
_COUNT: Final = struct.Struct("<I")
_INTEGER: Final = struct.Struct("<q")
_NONE: Final = 0xFFFFFFFF


class BadReplica(ValueError):
    """What was sent is no record of a replica; the text says in what."""


class Fields:
    """Reads the fields of one record."""

    def __init__(self, data: bytes) -> None:
        self._data = data
        self._at = 0

    def integer(self, least: int = 0, most: int = MAX_REVISION) -> int:
        """Return an integer that lies between two."""
        end = self._at + _INTEGER.size
        if end > len(self._data):
            raise BadReplica("a field is cut off")
        value: int = _INTEGER.unpack_from(self._data, self._at)[0]
        if not least <= value <= most:
            raise BadReplica(f"{value} does not lie between {least} and {most}")
        self._at = end
        return value

    def time(self) -> int:
        """Return a time, or another integer that may be negative."""
        return self.integer(NO_TIME + 1)

    def optional_time(self) -> int | None:
        """Return a time, or None."""
        value = self.integer(NO_TIME)
        return None if value == NO_TIME else value

    def optional(self, most: int) -> bytes | None:
        """Return octets, or None."""
        start = self._at + _COUNT.size
        if start > len(self._data):
            raise BadReplica("a field is cut off")
        (length,) = _COUNT.unpack_from(self._data, self._at)
        if length == _NONE:
            self._at = start
            return None
        if length > most or start + length > len(self._data):
            raise BadReplica(f"a field of {length} octets")
        self._at = start + length
        return self._data[start : self._at]

    def octets(self, most: int) -> bytes:
        """Return octets."""
        value = self.optional(most)
        if value is None:
            raise BadReplica("a field is missing")
        return value

    def fixed(self, length: int) -> bytes:
        """Return octets whose number is known."""
        end = self._at + length
        if end > len(self._data):
            raise BadReplica("a field is cut off")
        value, self._at = self._data[self._at : end], end
        return value

    def optional_id(self) -> bytes | None:
        """Return a sound Message-ID, or None."""
        value = self.optional(_MAX_NAME)
        if value is not None and not is_sound(value):
            raise BadReplica("an id that is none")
        return value

    def message_id(self) -> bytes:
        """Return a sound Message-ID."""
        value = self.optional_id()
        if value is None:
            raise BadReplica("an id is missing")
        return value

    def placed(self) -> tuple[int, int]:
        """Return the day and place with which a record ends, or no place where its format has none."""
        if self._at == len(self._data):
            return 0, 0
        return self.integer(0, MAX_DAY), self.integer(0, MAX_NUMBER)

    def text(self) -> str:
        """Return text."""
        try:
            return self.octets(_MAX_NAME).decode()
        except UnicodeDecodeError as error:
            raise BadReplica("a text is not UTF-8") from error

    def close(self) -> None:
        """Make sure that nothing is left over."""
        if self._at != len(self._data):
            raise BadReplica("a record is too long")


def octets(value: bytes | None) -> bytes:
    """Return octets as a field, or None."""
    return _COUNT.pack(_NONE) if value is None else _COUNT.pack(len(value)) + value


def integers(*values: int) -> bytes:
    """Return integers as fields."""
    return struct.pack(f"<{len(values)}q", *values)
