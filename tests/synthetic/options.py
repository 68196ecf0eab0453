"""What an archive is made of."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

__all__ = ["MIME_SHARE", "RATES", "Options", "struck"]

MIME_SHARE: Final = 0.08
"""How much of the mail is multipart."""

RATES: Final = {
    "irt_only": 0.03,
    "subject_only": 0.02,
    "garbage_irt": 0.002,
    "trunc_refs": 0.01,
    "outside": 0.02,
    "no_mid": 0.001,
    "dup_same": 0.0025,
    "dup_other": 0.0025,
    "raw8": 0.0004,
    "bad_date": 0.001,
    "no_date": 0.0003,
    "nasty": 0.0004,
    "from_line": 0.004,
    "no_subject": 0.0003,
    "empty": 0.0003,
    "wild_date": 0.008,
}
"""How often each kind of damage comes, by its name; ``Options.defects`` multiplies them."""


@dataclass(frozen=True, slots=True)
class Options:
    """How much, of what, by which seed.

    ``messages`` counts records, copies and duplicates included; the first ``skip`` of them are left out. ``rate`` is
    in messages a day and list, ``start`` is when the first one comes, ``pool`` multiplies how much text there is to
    choose from.
    """

    messages: int = 10_000
    lists: int = 3
    seed: int = 1
    rate: float = 400.0
    start: int = 1_546_300_800  # 2019-01-01
    defects: float = 1.0
    mime: float = MIME_SHARE
    skip: int = 0
    pool: float = 1.0

    def rates(self) -> dict[str, float]:
        """Return the rates of damage."""
        return {name: rate * self.defects for name, rate in RATES.items()}


def struck(chance: float, rates: dict[str, float], names: tuple[str, ...]) -> str | None:
    """Return which kind of damage a throw of the dice hits, each as wide as its rate, or None."""
    for name in names:
        if chance < rates[name]:
            return name
        chance -= rates[name]
    return None
