"""Folders of ``.eml`` files: a file a message, in the order people count their names in."""

from __future__ import annotations

import re
from typing import Final

from storage.sources.directory import Layout

__all__ = ["EML", "is_eml_name"]

_NUMBER: Final = re.compile(r"([0-9]{1,18})")


def is_eml_name(name: str) -> bool:
    """Tell whether a file called so is taken for a message."""
    return name.lower().endswith(".eml") and not name.startswith(".")


def _natural(name: str) -> tuple[int | str, ...]:
    """Sort numbers in names by their value: ``m2.eml`` before ``m10.eml``."""
    parts = _NUMBER.split(name)
    return tuple(int(part) if at % 2 else part for at, part in enumerate(parts))


EML: Final = Layout(
    kind="eml",
    parts=("",),
    accepts=is_eml_name,
    order=_natural,
    lasting=lambda name: name,
)
