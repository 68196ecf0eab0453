"""Reads conversations in RFC notation.

``C:`` is sent, ``S:`` must come back; a run of ``C:`` lines is sent at once. ``S~`` is a regular expression for one
line, where a time of making is shown. ``!`` tells what else happens before: what that can be, each protocol's test says.
Octets are written as in Python's literals; ``{a*600}`` is 600 times ``a``, ``{version}`` the program's. ``#`` begins a
comment.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from gateway import __version__

if TYPE_CHECKING:
    from pathlib import Path


@dataclass(slots=True)
class Step:
    """What is sent, and what must come back; ``event`` happens before."""

    event: str = ""
    sent: list[bytes] = field(default_factory=list)
    expected: list[tuple[str, bytes]] = field(default_factory=list)
    line: int = 0


def read(path: Path) -> list[Step]:
    """Return the steps of a transcript; the first is the greeting."""
    steps = [Step(line=1)]
    for number, text in enumerate(path.read_text("utf-8").splitlines(), 1):
        kind, rest = text[:2], text[3:]
        if kind == "C:":
            if steps[-1].expected or number == 1:
                steps.append(Step(line=number))
            steps[-1].sent.append(octets(rest))
        elif kind in {"S:", "S~"}:
            steps[-1].expected.append((kind, octets(rest) if kind == "S:" else rest.encode()))
        elif kind == "! ":
            if steps[-1].expected or steps[-1].sent or steps[-1].event:
                steps.append(Step(line=number))
            steps[-1].event = text[2:]
        else:
            assert not text.strip() or text.startswith("#"), f"{path.name}:{number}: {text!r}"
    return steps


def octets(text: str) -> bytes:
    text = text.replace("{version}", __version__)
    text = re.sub(r"\{(.)\*(\d+)\}", lambda match: match[1] * int(match[2]), text)
    return text.encode("ascii").decode("unicode_escape").encode("latin-1")


def compare(answer: bytes, expected: list[tuple[str, bytes]], where: str) -> None:
    assert not answer or answer.endswith(b"\r\n"), where
    lines = answer.split(b"\r\n")[:-1]
    shown = [
        want if kind == "S:" or not re.fullmatch(want, got) else got
        for (kind, want), got in zip(expected, [*lines, *[b""] * len(expected)], strict=False)
    ]
    assert lines == shown, where
