"""MH: a file a message, named by its number."""

from __future__ import annotations

import os
import re
from typing import Final

from storage.sources.directory import Layout

__all__ = ["MH", "is_mh"]

_NUMBER: Final = re.compile(r"[1-9][0-9]{0,17}")
_SEQUENCES: Final = ".mh_sequences"


def is_mh(folder: str) -> bool:
    """Tell whether a folder is one of MH's: it has files named by numbers, or MH's own file."""
    with os.scandir(folder) as entries:
        return any(
            entry.name == _SEQUENCES or (_NUMBER.fullmatch(entry.name) and entry.is_file())
            for entry in entries
        )


MH: Final = Layout(
    kind="mh",
    parts=("",),
    accepts=lambda name: _NUMBER.fullmatch(name) is not None,
    order=lambda name: (int(name),),
    lasting=lambda name: name,
)
