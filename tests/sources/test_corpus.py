"""Real archives: how many messages each has; skipped where they are not."""

from __future__ import annotations

from collections import Counter
from csv import DictReader
from typing import TYPE_CHECKING

import pytest

from storage.message.fields import parse_header
from storage.model import Fidelity
from storage.sources import Incoming, open_source
from storage.sources.pipermail import volume_order

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
    """5121 addresses were written ``user at host``, and 253 are plain; the months are in order, the pages passed over."""
    found = list(open_source(str(corpus / "twisted-web-pipermail.tar.xz")).messages(b""))
    mails = [each for each in found if isinstance(each, Incoming)]
    assert len(mails) == len(found) == 5121 + 253
    assert {mail.fidelity for mail in mails} == {Fidelity.TEXT}
    senders = [parse_header(mail.raw).first(b"from") or b"" for mail in mails]
    assert not [
        sender for sender in senders if b" at " in sender.partition(b"<")[2] or b"@" not in sender
    ]
    files = [mail.position.rpartition("/")[2].partition(",")[0] for mail in mails]
    months = list(dict.fromkeys(files))
    assert len(months) == 163
    assert months == sorted(months, key=lambda name: volume_order(name) or ())
    assert (months[0], months[-1]) == ("2003-December.txt", "2021-August.txt")


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
