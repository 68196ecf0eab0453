"""Real archives: how many messages each has; skipped where they are not."""

from __future__ import annotations

from collections import Counter
from csv import DictReader
from typing import TYPE_CHECKING

import pytest

from storage.sources import Incoming, Rejected, open_source

if TYPE_CHECKING:
    from pathlib import Path


@pytest.mark.parametrize(
    ("name", "count"),
    [
        ("kernel-hardening.mbox.xz", 6182),
        ("linux-man.mbox.xz", 5200),
        ("usenet-net.lang.lisp-1982-1986.mbox.xz", 991),
        ("sa-ham/fork.mbox.xz", 1060),
        ("sa-ham/ilug.mbox.xz", 544),
        ("sa-ham/rpm-zzzlist.mbox.xz", 397),
        ("sa-ham/razor-users.mbox.xz", 213),
        ("sa-ham/spamassassin-talk.mbox.xz", 168),
        ("sa-ham/exmh-workers.mbox.xz", 118),
        ("sa-ham/exmh-users.mbox.xz", 111),
        ("sa-ham/spamassassin-devel.mbox.xz", 53),
        ("sa-ham/social.mbox.xz", 35),
    ],
)
def test_mboxes(corpus: Path, name: str, count: int) -> None:
    found = list(open_source(str(corpus / name)).messages(b""))
    assert all(isinstance(each, Incoming) for each in found)
    assert len(found) == count


def test_pipermail(corpus: Path) -> None:
    """5121 separators have an address written ``user at host``, and 253 a plain one."""
    found = list(open_source(str(corpus / "twisted-web-pipermail.tar.xz")).messages(b""))
    assert Counter(each.why for each in found if isinstance(each, Rejected)) == {
        "it is a web page, not a message": 217
    }
    assert len(found) - 217 == 5121 + 253


def test_other_programs_test_messages(corpus: Path) -> None:
    """A file is one message, and imaptest's are mboxes."""
    found = open_source(str(corpus / "edge-third-party.tar.xz")).messages(b"")
    counts = Counter(each.position.partition(", octet ")[0].partition(": ")[2] for each in found)
    with (corpus / "edge-manifest.tsv").open() as manifest:
        expected = {
            row["path"]: _records(row["features"]) for row in DictReader(manifest, delimiter="\t")
        }
    assert counts == expected
    assert len(counts) == 628


def _records(features: str) -> int:
    """Return how many records a file has by its features, such as ``mbox*7``."""
    counts = [feature[5:] for feature in features.split(",") if feature.startswith("mbox*")]
    return int(counts[0]) if counts else 1
