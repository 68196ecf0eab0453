"""An origin and its twin side by side: whatever is asked of them, they answer alike."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, cast

from storage.replica import Change, Mark, Rooted, Tombstone
from tests.days import calendar
from tests.mail import done, gathered
from tests.twins import answers

if TYPE_CHECKING:
    from storage.archive import Archive
    from storage.model import Link, MailingList

MOST = 1 << 31


def alike(origin: Archive, twin: Archive) -> None:
    """Compare all that two archives say."""
    origin.refresh()
    twin.refresh()
    for name in [record.name for record in origin.lists()]:
        same_record(origin.mailing_list(name), twin.mailing_list(name))
        same_past(origin, twin, name)
        same_forest(origin, twin, name)
    for ask in (answers.news, answers.mail):
        for (question, one), (_, other) in zip(ask(origin), ask(twin), strict=True):
            assert one == other, question
    ids = ids_of(origin)
    assert ids == ids_of(twin)
    told = zip(answers.by_message_id(origin, ids), answers.by_message_id(twin, ids), strict=True)
    for (question, one), (_, other) in told:
        assert one == other, question


def same_record(one: MailingList, other: MailingList) -> None:
    assert other.origin
    assert replace(other, origin="", holes=[*other.holes]) == replace(one, holes=[*one.holes])


def same_past(origin: Archive, twin: Archive, name: str, step: int = 17) -> None:
    """Compare what the two would tell a twin of theirs, and how it is served."""
    high = origin.mailing_list(name).high
    assert gathered(twin.entries(name, 1, high)) == gathered(origin.entries(name, 1, high))
    assert gathered(twin.replicas(name, 1, high)) == gathered(origin.replicas(name, 1, high))
    assert done(twin.places(name, 1, MOST)) == done(origin.places(name, 1, MOST))
    assert done(calendar(twin, name)) == done(calendar(origin, name))
    for since in range(0, origin.mailing_list(name).revision + 1, step):
        after = Mark(since, 0)
        assert list(done(twin.changed(name, since))) == list(done(origin.changed(name, since)))
        assert list(done(twin.removed(name, since))) == list(done(origin.removed(name, since)))
        assert done(twin.changes(name, after, MOST, MOST)) == done(
            origin.changes(name, after, MOST, MOST)
        )
        assert nodes(twin, name, after) == nodes(origin, name, after)


def nodes(archive: Archive, name: str, after: Mark) -> dict[bytes, Rooted]:
    found = done(archive.rooted(name, after, MOST, MOST))
    return {each.node.message_id: each for each in found}


def same_forest(origin: Archive, twin: Archive, name: str, step: int = 1) -> None:
    assert links(twin, name) == links(origin, name)
    record = origin.mailing_list(name)
    for run in record.present(1, record.high):
        for number in run[::step]:
            assert done(twin.thread(name, number)) == done(origin.thread(name, number))


def links(archive: Archive, name: str) -> list[tuple[int | None, int, bytes, int | None]]:
    """Return who answers whom, by number."""
    batches = cast("list[list[Link]]", gathered(archive.links(name)))
    found = {link.node: link for batch in batches for link in batch}
    shown = [
        (
            link.number,
            link.sent,
            link.thread,
            None if link.parent is None else found[link.parent].number,
        )
        for link in found.values()
    ]
    return sorted(shown, key=repr)


def ids_of(archive: Archive) -> list[bytes]:
    """Return all Message-IDs that the archive knows, removed ones too."""
    found: set[bytes] = set()
    for record in archive.lists():
        found.update(nodes(archive, record.name, Mark(-1, 0)))
        for each in done(archive.changes(record.name, Mark(0, 0), MOST, MOST)):
            if isinstance(each, Tombstone) and each.message_id is not None:
                found.add(each.message_id)
            assert isinstance(each, Tombstone | Change)
    return sorted(found)
