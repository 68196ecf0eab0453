"""Maildir: a file a message in ``new`` and ``cur``, named for when it was delivered."""

from __future__ import annotations

import os
import re
from typing import Final

from storage.sources.directory import Layout

__all__ = ["MAILDIR", "is_maildir"]

_DELIVERED: Final = re.compile(r"[0-9]{1,18}")


def is_maildir(folder: str) -> bool:
    """Tell whether a folder is a maildir; ``tmp`` may be missing, as it is in many copies."""
    return all(os.path.isdir(os.path.join(folder, part)) for part in ("cur", "new"))


def _order(name: str) -> tuple[int | str, ...]:
    """Sort by the time of delivery, then by the rest of the name."""
    delivered = _DELIVERED.match(name)
    return int(delivered[0]) if delivered else 0, name


MAILDIR: Final = Layout(
    kind="maildir",
    parts=("cur", "new"),
    accepts=lambda name: not name.startswith("."),
    order=_order,
    lasting=lambda name: name.partition(":")[0],  # what follows is flags
)
