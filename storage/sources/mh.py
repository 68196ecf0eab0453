"""MH: a file a message, named by its number."""

from __future__ import annotations

import os
import re
from typing import Final

from storage.sources.content import SNIFFED, Content, sniff
from storage.sources.directory import Layout

__all__ = ["MH", "is_mh"]

_NUMBER: Final = re.compile(r"[1-9][0-9]{0,17}")
_SEQUENCES: Final = ".mh_sequences"


def is_mh(folder: str) -> bool:
    """Tell whether a folder is one of MH's: it has MH's own file, or messages in files named by numbers.

    Mboxes are called by numbers too, one for each year: the first such file found decides.
    """
    with os.scandir(folder) as entries:
        numbered = [
            entry.path for entry in entries if _NUMBER.fullmatch(entry.name) and entry.is_file()
        ]
    if numbered:
        with open(min(numbered), "rb", buffering=0) as file:
            return sniff(file.read(SNIFFED)) is Content.MESSAGE
    return os.path.exists(os.path.join(folder, _SEQUENCES))


MH: Final = Layout(
    kind="mh",
    parts=("",),
    accepts=lambda name: _NUMBER.fullmatch(name) is not None,
    order=lambda name: (int(name),),
    lasting=lambda name: name,
)
