"""What the subjects of patches say."""

from __future__ import annotations

from typing import Final

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.web.pages import series
from gateway.web.pages.series import Patch, other_versions, parse_patch, search_for
from gateway.web.reading import Reading
from tests.mail import MemoryEngine, done, fill, mail

NAME: Final = "lists.made"


@pytest.mark.parametrize(
    ("subject", "patch"),
    [
        ("[PATCH] x86: fix", Patch("x86: fix", 1, None)),
        ("[PATCH v3 2/5] x86: fix", Patch("x86: fix", 3, 2)),
        ("[PATCH V3 00/24] x86: fix", Patch("x86: fix", 3, 0)),
        ("[PATCHv2 12/24] x86: fix", Patch("x86: fix", 2, 12)),
        ("[RFC PATCH net-next v10 1/1] x86: fix", Patch("x86: fix", 10, 1)),
        ("[kernel-hardening] [PATCH v2] x86: fix [now]", Patch("x86: fix [now]", 2, None)),
        ("[patch 3/4]x86: fix", Patch("x86: fix", 1, 3)),
        ("[RFC v2 PATCH 1/2] x86: fix", Patch("x86: fix", 2, 1)),
        ("[PATCH 5.10.v2 1/2] x86: fix", Patch("x86: fix", 1, 1)),
        ("[a] [b] [c] [d] [e] [PATCH] x86: fix", Patch("x86: fix", 1, None)),
        ("[a] [b] [c] [d] [e] [f] [PATCH] x86: fix", None),
        ("Re: [PATCH] x86: fix", None),
        ("[PATCH]", None),
        ("[dispatch] x86: fix", None),
        ("x86: fix [PATCH]", None),
        ("", None),
        ("[PATCH] " + "x" * 500, None),
    ],
)
def test_patches(subject: str, patch: Patch | None) -> None:
    assert parse_patch(subject) == patch


@given(st.text(alphabet="[]PATCHvpatch 0123456789/,:x", max_size=60))
def test_any_subject(subject: str) -> None:
    patch = parse_patch(subject)
    if patch is not None:
        assert patch.title
        assert subject.endswith(patch.title) or subject.rstrip().endswith(patch.title)
        assert '"' not in search_for(patch).removeprefix('subject:"').removesuffix('"')


def test_versions_are_found_across_pages_and_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(series, "WINDOW", 300)
    monkeypatch.setattr(series, "MAX_VERSIONS", 2)
    engine = MemoryEngine()
    at = {1: 1, 100: 2, 350: 3, 600: 4, 640: 5, 1030: 6}
    fill(engine.writer(), NAME, [mail(f"m{n}", subject=f"[PATCH v{at[n]}] thing: count" if n in at else "Noise") for n in range(1, 1040)])  # fmt: skip
    reading = Reading(engine.archive())
    assert [each.number for each in done(other_versions(reading, NAME, 600))] == [350, 640]
    with engine.writer().batch() as batch:
        batch.hide(NAME, [350])
    reading = Reading(engine.archive())
    assert [each.number for each in done(other_versions(reading, NAME, 600))] == [640]
    assert done(other_versions(reading, NAME, 2)) == ()
    assert done(other_versions(reading, NAME, 9999)) == ()
