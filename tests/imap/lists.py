"""An archive of which the lists alone matter."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.mail import MemoryEngine

if TYPE_CHECKING:
    from storage.archive import Archive


def empty_lists(*names: str) -> Archive:
    """Return an archive of lists without mail."""
    engine = MemoryEngine()
    with engine.writer().batch() as batch:
        for name in names:
            batch.mailing_list(name)
    return engine.archive()
