"""Diffs in a text: where they begin and end, and what their lines are. Unified ones, of git and others."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = ["MAX_FILES", "Diff", "Stat", "diff", "has_diff", "starts_diff", "stat"]

MAX_FILES: Final = 1000
"""Files of a message's diffs that get an anchor."""

_MAX_STAT: Final = 400  # characters of a line of a diffstat

_HUNK: Final = re.compile(r"@@ -\d{1,9}(?:,(\d{1,9}))? \+\d{1,9}(?:,(\d{1,9}))? @@")
_FILE: Final = (
    "diff ", "--- ", "+++ ", "index ", "Index: ", "=====", "new file mode ", "deleted file mode ", "old mode ", "new mode ",
    "similarity index ", "dissimilarity index ", "rename from ", "rename to ", "copy from ", "copy to ", "Binary files ",
    "GIT binary patch", "RCS file: ", "retrieving revision ",
)  # fmt: skip  # a list of words
_FIRST: Final = ("diff ", "Index: ")
_STAT: Final = re.compile(r" (\S[^|]*?)(?<! )( +\| +(?:\d+ ?|Bin\b[^\n]*))(\+*)(-*)")
_RENAMED: Final = re.compile(r"\{([^{}]*) => ([^{}]*)\}")


@dataclass(frozen=True, slots=True)
class Diff:
    """Lines of a diff: the run ends before ``stop``; ``spans`` are runs of one class with where each ends.

    ``files`` are the places among the spans at which the diff of a file begins, by the file's name.
    """

    stop: int
    spans: list[tuple[str, int]] = field(default_factory=list)
    files: list[tuple[str, int]] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Stat:
    """A line of a diffstat: the file's name as it is written and in full, what follows, the signs."""

    written: str
    name: str
    between: str
    added: str
    removed: str


def has_diff(text: str) -> bool:
    """Tell whether a diff may be in a text."""
    return "\n@@ -" in text or "diff --git " in text


def starts_diff(lines: Sequence[str], at: int) -> bool:
    """Tell whether a diff begins at a line."""
    line = lines[at]
    if line.startswith("diff --git "):
        return True
    if line.startswith("--- "):
        return _is_pair(lines, at)
    return line.startswith(_FIRST) and any(
        _is_pair(lines, each) for each in range(at + 1, min(at + 6, len(lines)))
    )


def _is_pair(lines: Sequence[str], at: int) -> bool:
    return (
        at + 2 < len(lines)
        and lines[at].startswith("--- ")
        and lines[at + 1].startswith("+++ ")
        and lines[at + 2].startswith("@@ -")
    )


def diff(lines: Sequence[str], at: int) -> Diff:
    """Return the diff that begins at a line. A hunk has as many lines as its header says."""
    spans: list[tuple[str, int]] = []
    files: list[tuple[str, int]] = []
    in_head = False
    while at < len(lines):
        line = lines[at]
        hunk = _HUNK.match(line) if line.startswith("@@ -") else None
        if hunk is not None:
            in_head = False
            spans.append(("hunk", at + 1))
            at = _hunk(lines, at + 1, int(hunk[1] or 1), int(hunk[2] or 1), spans)
        elif line.startswith(_FILE):
            if not in_head or (line.startswith("diff ") and spans):
                files.append(("", len(spans)))
                spans.append(("file", at + 1))
            in_head = True
            files[-1] = (_name(line) or files[-1][0], files[-1][1])
            at += 1
            spans[-1] = ("file", at)
        else:
            break
    return Diff(at, spans, files)


def _hunk(lines: Sequence[str], at: int, old: int, new: int, spans: list[tuple[str, int]]) -> int:
    """Add the spans of a hunk's lines; return where it ends: where its lines do, or at one that is none of it."""
    while at < len(lines):
        sign = lines[at][:1]
        if sign == "\\":
            kind = ""
        elif sign == "+" and new > 0:
            kind, new = "add", new - 1
        elif sign == "-" and old > 0:
            kind, old = "del", old - 1
        elif sign in {"", " ", "\t"} and old > 0 and new > 0:
            kind, old, new = "", old - 1, new - 1
        else:
            break
        at += 1
        if spans[-1][0] == kind:
            spans[-1] = (kind, at)
        else:
            spans.append((kind, at))
    return at


def _name(line: str) -> str:
    """Return the name of the file that a line of a diff's head is about, if it tells."""
    if line.startswith("diff --git "):
        return line.rpartition(" b/")[2]
    if line.startswith(("+++ ", "--- ")):
        name = line[4:].partition("\t")[0].rstrip()
        if name == "/dev/null":
            return ""
        return name.partition("/")[2] if name.startswith(("a/", "b/")) else name
    return line[7:].strip() if line.startswith("Index: ") else ""


def stat(line: str) -> Stat | None:
    """Return what a line of a diffstat says, if it is one."""
    if "|" not in line or len(line) > _MAX_STAT:
        return None
    found = _STAT.fullmatch(line)
    if found is None:
        return None
    written, between, added, removed = found.groups()
    name = _RENAMED.sub(r"\2", written).rpartition(" => ")[2].replace("//", "/")
    return Stat(written, name, between, added, removed)
