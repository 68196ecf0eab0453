"""Real archives from end to end: into the store, out as octets, as newsgroups and as threads."""

from __future__ import annotations

import random
import re
from typing import TYPE_CHECKING, Final

import pytest

from storage.export import as_mboxrd, exported
from storage.model import Location
from tests.corpus.checks import check_served, newsgroup, numbers, sample
from tests.corpus.conftest import CLOCK, FILES
from tests.corpus.forest import stored_forest
from tests.corpus.jwz import parents
from tests.mail import done, fill, gathered

if TYPE_CHECKING:
    from tests.corpus.conftest import Imported
    from tests.mail import Engine

MOST: Final = 1500
"""How many messages of a list are looked at in full."""

LISTS: Final = list(FILES)


def test_every_record_is_read_and_none_is_lost(imported: Imported) -> None:
    """Read, added, known already, kept under an id of their own, refused.

    5121 of the pipermail list's are those of ``user at host``, 253 have a plain address; its web pages are passed over.
    """
    found = {
        name: (each.read, each.added, each.duplicates, each.renamed, len(each.rejected))
        for name, each in imported.summaries.items()
    }
    assert found == {
        "kernel-hardening": (6182, 6176, 6, 1, 0),
        "linux-man": (5200, 5199, 1, 0, 0),
        "usenet": (991, 991, 0, 0, 0),
        "pipermail": (5121 + 253, 5121 + 253, 0, 3, 0),
        "third-party": (762, 724, 38, 53, 0),
        "fork": (1060, 1060, 0, 0, 0),
        "ilug": (544, 544, 0, 0, 0),
        "rpm-zzzlist": (397, 397, 0, 0, 0),
        "razor-users": (213, 213, 0, 0, 0),
        "spamassassin-talk": (168, 168, 0, 0, 0),
        "exmh-workers": (118, 118, 0, 0, 0),
        "exmh-users": (111, 111, 0, 0, 0),
        "spamassassin-devel": (53, 53, 0, 0, 0),
        "social": (35, 35, 0, 0, 0),
    }


@pytest.mark.parametrize("name", LISTS)
def test_original_octets_come_back(imported: Imported, name: str) -> None:
    stored = [done(imported.archive.raw(name, n)) for n in numbers(imported.archive, name)]
    given = imported.originals(name)
    assert sum(map(len, given)) == imported.summaries[name].octets
    kept = iter(given)
    assert all(raw in kept for raw in stored)  # the same ones, in the same order


@pytest.mark.parametrize("name", ["kernel-hardening", "usenet", "fork", "third-party"])
def test_an_export_reads_back_as_what_went_in(imported: Imported, name: str) -> None:
    """Read back by the rule of mboxrd alone: each ``From `` line at the start of a line begins a record."""
    export = gathered(exported(imported.archive, name))
    text = b"".join(as_mboxrd(each) for each in export)  # type: ignore[arg-type]  # of Exported
    records = re.split(rb"(?m)^From mboxrd@z .*\n", text)[1:]
    originals = [done(imported.archive.raw(name, n)) for n in numbers(imported.archive, name)]
    assert len(records) == len(originals)
    for record, original in zip(records, originals, strict=True):
        raw = re.sub(rb"(?m)^>(>*From )", rb"\1", record).removesuffix(b"\n")
        assert raw in {original, original + b"\n"}


@pytest.mark.parametrize("name", LISTS)
def test_what_is_served_is_an_article(imported: Imported, name: str) -> None:
    for number in numbers(imported.archive, name):
        check_served(imported.archive, name, number)


@pytest.mark.parametrize("name", LISTS)
def test_a_newsreader_gets_what_the_overview_promises(imported: Imported, name: str) -> None:
    group = newsgroup(imported.archive, name)
    lines = group.overview()
    record = imported.archive.mailing_list(name)
    assert [line.number for line in lines] == numbers(imported.archive, name)
    assert (group.count, group.low, group.high) == (len(lines), record.low, record.high)
    assert len({line.message_id for line in lines}) == len(lines)
    group.check(sample(lines, MOST))


def test_mail_sent_to_several_lists_is_found_in_each(imported: Imported) -> None:
    by_id: dict[bytes, list[Location]] = {}
    for name in LISTS:
        for line in newsgroup(imported.archive, name).overview():
            by_id.setdefault(line.message_id, []).append(Location(name, line.number))
    shared = {own: sorted(places) for own, places in by_id.items() if len(places) > 1}
    assert shared
    for own, places in shared.items():
        assert done(imported.archive.find(own)) == places


@pytest.mark.parametrize(
    ("name", "threads", "largest"),
    [
        ("kernel-hardening", 518, 431),
        ("linux-man", 1155, 114),
        ("usenet", 604, 51),
        ("pipermail", 1626, 56),
    ],
)
def test_threads_are_as_many_as_others_count(
    imported: Imported, name: str, threads: int, largest: int
) -> None:
    """Counted by others: 519 and 431, 1156 and 114, 604 and 51; 1523 and 56 without pipermail's 253 plain addresses."""
    sizes = stored_forest(imported.archive, name).sizes
    assert (len(sizes), max(sizes)) == (threads, largest)


ASTRAY: Final = {
    "exmh-workers": [83],  # the first message of the list names this one among its elders
    "razor-users": [141],  # told by Thread-Index, of a message that came later
    "third-party": [53, 708],  # loops
}
"""Where a standard client goes another way: References are decided on arrival, and a client opens loops as it reads."""


@pytest.mark.parametrize("name", LISTS)
def test_served_references_lead_a_standard_client_to_the_stored_parent(
    imported: Imported, name: str
) -> None:
    stored = stored_forest(imported.archive, name)
    lines = newsgroup(imported.archive, name).overview()
    client = parents((line.message_id, line.references) for line in lines)
    answers = [own for own in stored.messages if stored.parents[own] in stored.messages]
    astray = [own for own in answers if client[own] != stored.parents[own]]
    assert [stored.messages[own] for own in astray] == ASTRAY.get(name, [])


@pytest.mark.parametrize("name", ["exmh-workers", "razor-users", "fork", "usenet"])
def test_the_forest_is_the_same_whatever_came_first(
    imported: Imported, engine: Engine, name: str
) -> None:
    shuffled = imported.originals(name)
    random.Random(name).shuffle(shuffled)
    fill(engine.writer(), name, shuffled, now=CLOCK)
    again = stored_forest(engine.archive(), name)
    assert again.parents == stored_forest(imported.archive, name).parents
