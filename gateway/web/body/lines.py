"""The lines of a text: runs of what the author wrote, of quotations, of diffs, and the signature."""

from __future__ import annotations

import enum
import re
from typing import TYPE_CHECKING, Final, NamedTuple

from gateway.web.body.diffs import Diff, diff, has_diff, starts_diff

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

__all__ = ["MARKS", "MAX_QUOTED", "Kind", "Run", "depth_of", "is_mostly_quoted", "runs"]

MARKS: Final = "> "
"""What is put before a line as often as it is quoted."""

MAX_QUOTED: Final = 12
"""Lines of a quotation that is shown as it is; a longer one is folded."""

_STEP: Final = 2048  # lines looked at after which others may do something
_MOSTLY: Final = 50  # so many lines quoted to one that is not are no reason to fold

_QUOTED: Final = re.compile(r"(?:[ \t]?>)++")
_SEPARATORS: Final = frozenset(
    ("-- ", "- -- ")
)  # the other one in a text signed by PGP (RFC 9580 s. 7.2)
_ARMOUR: Final = "-----BEGIN PGP SIGNATURE-----"
_ARMOUR_END: Final = "-----END PGP SIGNATURE-----"
_MAX_ARMOUR: Final = 60
_ENDS: Final = (">", " >", "diff --git ")  # what no signature begins a line with
_FOOTER: Final = "_" * 40  # where Mailman's begins


class Kind(enum.Enum):
    """What a run of lines is."""

    OWN = 1
    QUOTE = 2
    DIFF = 3
    SIGNATURE = 4


class Run(NamedTuple):
    """A run of lines: those before ``stop`` from where the run before it ended."""

    kind: Kind
    stop: int
    diff: Diff | None = None


def depth_of(line: str) -> int:
    """Return how often a line is quoted."""
    found = _QUOTED.match(line)
    return 0 if found is None else found[0].count(">")


def runs(text: str, lines: Sequence[str]) -> Iterator[Run | None]:
    """Yield the runs that a text consists of, and None now and then; ``lines`` are its lines.

    Empty lines between two quotations are of them. A signature goes on to the end (RFC 3676 s. 4.3), or to a quotation
    or a diff: those who write above what they quote have it in between.
    """
    marks = " >-_dI" if has_diff(text) else " >-_"
    at = begin = count = 0
    while at < len(lines):
        count += 1
        if not count % _STEP:
            yield None
        line = lines[at]
        if not line or line[0] not in marks:
            at += 1
            continue
        run = _run(lines, at, diffs=len(marks) > 4)
        if run is None:
            at += 1
            continue
        if at > begin:
            yield Run(Kind.OWN, at)
        yield run
        at = begin = run.stop
    if at > begin:
        yield Run(Kind.OWN, at)


def _run(lines: Sequence[str], at: int, *, diffs: bool) -> Run | None:
    """Return the run other than of the author's text that begins at a line, if one does."""
    line = lines[at]
    if line[0] == ">" or line.startswith(" >"):
        return Run(Kind.QUOTE, _quote(lines, at))
    if line[0] == " ":
        return None
    if line in _SEPARATORS or line.startswith(_FOOTER):
        return Run(Kind.SIGNATURE, _signature(lines, at))
    if line.startswith(_ARMOUR):
        return Run(Kind.SIGNATURE, _armour(lines, at))
    if diffs and starts_diff(lines, at):
        found = diff(lines, at)
        return Run(Kind.DIFF, found.stop, found)
    return None


def _quote(lines: Sequence[str], at: int) -> int:
    """Return where a quotation ends."""
    stop = at
    while at < len(lines):
        line = lines[at]
        if line.startswith((">", " >")):
            stop = at + 1
        elif line and not line.isspace():
            break
        at += 1
    return stop


def _signature(lines: Sequence[str], at: int) -> int:
    """Return where a signature ends."""
    at += 1
    while at < len(lines) and not lines[at].startswith(_ENDS):
        at += 1
    return at


def _armour(lines: Sequence[str], at: int) -> int:
    """Return where a signature of PGP ends (RFC 9580 s. 6.2): at the latest after as many lines as one has."""
    for stop in range(at + 1, min(at + _MAX_ARMOUR, len(lines))):
        if lines[stop].startswith(_ARMOUR_END):
            return stop + 1
    return min(at + _MAX_ARMOUR, len(lines))


def is_mostly_quoted(lines: Sequence[str], found: Sequence[Run]) -> bool:
    """Tell whether nearly all of a text is quoted: then nothing would be left if that were folded.

    A line that ends with a colon says who wrote what is quoted next; it is not counted, nor is the signature.
    """
    own = quoted = at = 0
    for run in found:
        if run.kind is Kind.QUOTE:
            quoted += run.stop - at
        elif run.kind is not Kind.SIGNATURE:
            own += sum(
                1
                for line in lines[at : run.stop]
                if line and not line.isspace() and not line.endswith(":")
            )
        at = run.stop
    return own * _MOSTLY < quoted
