"""One table of a TOML file, read with errors that name the file, the key and what was expected."""

from __future__ import annotations

import difflib
import json
import re
from pathlib import Path
from typing import TYPE_CHECKING, Final, TypeVar

from gateway.errors import Refused

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence

__all__ = ["ConfigError", "TomlTable"]

T = TypeVar("T")

_BARE_KEY: Final = re.compile(r"[A-Za-z0-9_-]+")


class ConfigError(Refused):
    """The configuration cannot be used."""


class TomlTable:
    """One table: hands out values of the type asked for, and knows which keys were asked for."""

    def __init__(self, file: Path, name: str, values: Mapping[str, object]) -> None:
        self.file = file
        self._name = name
        self._values = values
        self._known: list[str] = []

    def key(self, name: str) -> str:
        """Return the key's whole name."""
        shown = name if _BARE_KEY.fullmatch(name) else json.dumps(name, ensure_ascii=False)
        return f"{self._name}.{shown}" if self._name else shown

    def error(self, name: str, expected: str, got: object) -> ConfigError:
        """Return the error that says what was expected of a key."""
        shown = got if got in ("none", "nothing") else repr(got)
        return ConfigError(f"{self.file}: {self.key(name)}: expected {expected}, not {shown}")

    def names(self) -> Sequence[str]:
        """Return the keys present."""
        return list(self._values)

    def take(self, name: str) -> object:
        """Return a value of any type, or None."""
        self._known.append(name)
        return self._values.get(name)

    def end(self) -> None:
        """Refuse the keys that nobody asked for."""
        for name in self._values:
            if name not in self._known:
                near = difflib.get_close_matches(name, self._known, 1)
                known = (
                    f"did you mean {near[0]}?" if near else f"known are {', '.join(self._known)}"
                )
                raise ConfigError(f"{self.file}: {self.key(name)}: not known; {known}")

    def table(self, name: str) -> TomlTable:
        """Return a table, empty if absent."""
        return TomlTable(self.file, self.key(name), self._typed(name, dict, {}, "a table"))

    def text(self, name: str, *, multiline: bool = False) -> str:
        """Return a text, empty if absent."""
        text = self._typed(name, str, "", "text in quotes")
        if not multiline and not text.isprintable():
            raise self.error(name, "text without control characters", text)
        return text

    def choice(self, name: str, choices: Sequence[str], usual: str) -> str:
        """Return one of some texts."""
        value = self._typed(name, str, usual, _either(choices))
        if value not in choices:
            raise self.error(name, _either(choices), value)
        return value

    def boolean(self, name: str, *, default: bool) -> bool:
        """Return true or false."""
        return self._typed(name, bool, default, "true or false")

    def integer(self, name: str, default: int, least: int) -> int:
        """Return a number not below ``least``."""
        expected = f"a whole number, {least} or more"
        value = self._typed(name, int, default, expected)
        if isinstance(value, bool) or value < least:
            raise self.error(name, expected, value)
        return value

    def path(self, name: str) -> Path | None:
        """Return a path, taken from the file's folder if relative; None if absent."""
        text = self.text(name)
        return self.file.parent / Path(text).expanduser() if text else None

    def readers(self, name: str, users: Collection[str]) -> frozenset[str] | None:
        """Return the names of users, or None for anyone."""
        value = self.take(name)
        if value in (None, "anyone"):
            return None
        if not isinstance(value, list) or not all(isinstance(each, str) for each in value):
            raise self.error(name, '"anyone" or a list of users', value)
        for each in value:
            if each not in users:
                raise self.error(name, "users of [users]", each)
        return frozenset(value)

    def _typed(self, name: str, kind: type[T], default: T, expected: str) -> T:
        value = self.take(name)
        if value is None:
            return default
        if not isinstance(value, kind):
            raise self.error(name, expected, value)
        return value


def _either(choices: Sequence[str]) -> str:
    return " or ".join(f'"{choice}"' for choice in choices)
