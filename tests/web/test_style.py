"""The colours of the stylesheet can be told from each other, light and dark; a browser does not tell those of visited links."""

from __future__ import annotations

import re
from typing import Final

import pytest

from gateway.web.templates import STYLE

_TEXTS: Final = ("ink", "soft", "link", "been", "accent", "q1", "q2", "q3", "hunk")
_PAPERS: Final = ("paper", "tint")
_PAIRS: Final = [
    *((text, paper) for text in _TEXTS for paper in _PAPERS),
    *((text, "mark") for text in ("ink", "link", "been", "q1", "q2", "q3")),
    ("add", "add-paper"),
    ("del", "del-paper"),
    ("add", "paper"),
    ("del", "paper"),
]


def palettes() -> list[dict[str, str]]:
    """Return the colours, light and dark."""
    roots = re.findall(r":root \{(.*?)\}", STYLE.decode(), re.DOTALL)
    found = [dict(re.findall(r"--([a-z0-9-]+): (#[0-9a-f]+)", root)) for root in roots]
    return [colours for colours in found if colours]


def luminance(colour: str) -> float:
    """Return how bright a colour is, as WCAG 2.2 has it."""
    digits = colour[1:] if len(colour) == 7 else "".join(2 * each for each in colour[1:])
    parts = [int(digits[at : at + 2], 16) / 255 for at in (0, 2, 4)]
    linear = [
        each / 12.92 if each <= 0.04045 else ((each + 0.055) / 1.055) ** 2.4 for each in parts
    ]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def contrast(one: str, other: str) -> float:
    """Return the ratio of two colours."""
    low, high = sorted(map(luminance, (one, other)))
    return (high + 0.05) / (low + 0.05)


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize(("text", "paper"), _PAIRS)
def test_contrast(scheme: str, text: str, paper: str) -> None:
    colours = palettes()[scheme == "dark"]
    assert contrast(colours[text], colours[paper]) >= 4.5


def test_both_palettes_have_the_same_colours() -> None:
    light, dark = palettes()
    assert light.keys() == dark.keys()


def test_contrast_is_what_others_compute() -> None:
    assert round(contrast("#000000", "#ffffff"), 2) == 21
    assert round(contrast("#777777", "#fff"), 2) == 4.48


def test_the_stylesheet_is_small_and_asks_for_nothing() -> None:
    assert len(STYLE) < 12_000
    assert not re.search(rb"url\(|@import|@font-face", STYLE)
