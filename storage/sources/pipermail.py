"""Pipermail, the archive of Mailman 2: a text file a month, and web pages beside them.

The texts are mboxes in which addresses are obscured; ``rebuilt`` undoes that. The pages hold nothing that they do not.
"""

from __future__ import annotations

import re
from io import BytesIO
from typing import Final
from urllib.parse import unquote

from storage.model import Fidelity
from storage.sources.compressed import Octets
from storage.sources.content import SNIFFED, Content, sniff
from storage.sources.links import links
from storage.sources.mbox import MboxSplitter
from storage.sources.volumes import volumes

__all__ = ["is_pipermail", "is_volume", "linked_volumes", "volume_order"]

_MONTHS: Final = {
    name: number
    for number, name in enumerate(
        ("january", "february", "march", "april", "may", "june",
         "july", "august", "september", "october", "november", "december"), 1)
}  # fmt: skip  # a list of words
_SUFFIX: Final = r"\.txt(?:\.(?:gz|bz2|xz|zst))?"
_VOLUME: Final = re.compile(
    r"(?:(?P<year>[0-9]{4})(?:-(?P<name>[A-Za-z]{3,9})|-(?P<month>[01][0-9])|q(?P<quarter>[1-4]))?"
    r"|(?:Week-of-Mon-)?(?P<day>[0-9]{8}))" + _SUFFIX
)
_ANY_VOLUME: Final = re.compile(r"[^/?#]+" + _SUFFIX)


def volume_order(name: str) -> tuple[int, int, int] | None:
    """Return the year, month and day with which a volume begins, or None where its name tells no period.

    Years, quarters, months, weeks and days: ``2004.txt``, ``2004q2.txt``, ``2004-April.txt.gz``,
    ``Week-of-Mon-20040405.txt``, ``20040405.txt``.
    """
    match = _VOLUME.fullmatch(name)
    if match is None:
        return None
    if match["day"]:
        return int(match["day"][:4]), int(match["day"][4:6]), int(match["day"][6:])
    if match["name"]:
        month = _MONTHS.get(match["name"].lower())
        return None if month is None else (int(match["year"]), month, 0)
    quarter = match["quarter"]
    return int(match["year"]), int(quarter) * 3 - 2 if quarter else int(match["month"] or 0), 0


def linked_volumes(page: str) -> list[tuple[str, str]]:
    """Return the links to volumes on an index page and their texts, the oldest first: pipermail puts the newest first."""
    found = dict(links(page))
    names = {link: unquote(link).rpartition("/")[2] for link in found}
    oldest_first = [link for link, name in names.items() if _ANY_VOLUME.fullmatch(name)][::-1]
    oldest_first.sort(key=lambda link: volume_order(names[link]) or ())
    return [(link, found[link]) for link in oldest_first]


def is_pipermail(folder: str) -> bool:
    """Tell whether a folder is one of pipermail's: messages of its first volume are as pipermail writes them.

    Raises:
        OSError: it cannot be read.
    """
    for volume in volumes(folder, volume_order):
        if volume.size:
            with open(volume.path, "rb", buffering=0) as file:
                return is_volume(Octets(file.read).peek(SNIFFED))
    return False


def is_volume(head: bytes) -> bool:
    """Tell whether text that begins so is one of pipermail's volumes."""
    return sniff(head) is Content.MBOX and any(
        record.fidelity is Fidelity.TEXT
        for record in MboxSplitter(BytesIO(head).read, "").records()
    )
