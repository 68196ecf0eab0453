"""Which mail is known already, which is another with the same Message-ID, and which must stay away."""

from __future__ import annotations

import random
from itertools import permutations
from typing import TYPE_CHECKING

import pytest

from storage.model import Location
from tests.mail import NOW, done, fill, mail

if TYPE_CHECKING:
    from storage.archive import Archive
    from storage.ingest import Summary
    from tests.mail import Engine

FIRST = mail("1", body="The first text.\n")
SECOND = mail("1", body="Another text.\n")
THIRD = mail("1", subject="Another topic", body="The first text.\n")


def kept(archive: Archive) -> dict[bytes, bytes]:
    """Return the original octets of all messages of the list, by Message-ID."""
    found = {}
    for run in archive.mailing_list("l").present(1, 2**31):
        for number in run:
            found[done(archive.entry("l", number)).message_id] = done(archive.raw("l", number))
    return found


def counts(summary: Summary) -> tuple[int, int, int, int]:
    return summary.added, summary.duplicates, summary.renamed, summary.withheld


@pytest.mark.parametrize(
    "copy",
    [
        FIRST,
        FIRST.replace(b"\n", b"\r\n"),
        FIRST + b"\n \n",
        FIRST.removesuffix(b"\n"),
        b"Received: from b by c; Thu, 1 Jan 2004 12:00:09 +0000\nReturn-Path: <x@x>\n" + FIRST,
        b"Delivered-To: other@x.example\nX-Spam: no\nStatus: RO\n" + FIRST,
        mail("1", "List-Id: <l>", "Reply-To: l@x", "Sender: b@x", body="The first text.\n"),
        FIRST.replace(b"Subject: Topic", b"Subject:\n Topic"),
        b"From a@x.example Thu Jan  1 12:00:00 2004\n" + FIRST,
        mail("1", answers="0", body="The first text.\n"),  # as gateways mend it
    ],
)
def test_the_same_mail_is_known_whichever_way_it_came(engine: Engine, copy: bytes) -> None:
    writer = engine.writer()
    assert counts(fill(writer, "l", [FIRST, copy])) == (1, 1, 0, 0)
    assert counts(fill(writer, "l", [copy], now=NOW + 1)) == (0, 1, 0, 0)
    assert list(kept(engine.archive()).values()) == [FIRST]


@pytest.mark.parametrize(
    "other",
    [
        SECOND,
        THIRD,
        mail("1", "To: somebody@x.example", body="The first text.\n"),
        mail("1", body="The first text.\n", date="Thu, 1 Jan 2004 12:00:01 +0000"),
        mail("1", body="The first  text.\n"),
    ],
)
def test_another_mail_with_the_same_id_is_kept_under_one_of_its_own(
    engine: Engine, other: bytes
) -> None:
    writer = engine.writer()
    assert counts(fill(writer, "l", [FIRST, other])) == (2, 0, 1, 0)
    archive = engine.archive()
    assert list(kept(archive).values()) == [FIRST, other]
    served = done(archive.served("l", 2))
    assert b"X-Original-Message-ID: <1@x.example>\r\n" in served.head
    assert served.message_id.endswith(b"@duplicate.listgate.invalid>")
    assert done(archive.find(served.message_id)) == [Location("l", 2)]
    assert done(archive.find(b"<1@x.example>")) == [Location("l", 1)]


def test_an_id_made_for_a_mail_is_the_same_on_every_import(engine: Engine) -> None:
    writer = engine.writer()
    fill(writer, "l", [FIRST, SECOND, THIRD])
    before = kept(engine.archive())
    assert len(before) == 3
    for at, order in enumerate(permutations([FIRST, SECOND, THIRD]), 1):
        assert counts(fill(writer, "l", order, now=NOW + at)) == (0, 3, 0, 0)
    assert kept(engine.archive()) == before


def test_who_comes_first_keeps_the_id_and_the_others_have_the_same_one_in_every_archive(
    engine: Engine,
) -> None:
    writer = engine.writer()
    fill(writer, "l", [FIRST, SECOND, THIRD])
    fill(writer, "m", [THIRD, SECOND, FIRST])
    archive = engine.archive()
    ids = [[done(archive.entry(name, n)).message_id for n in (1, 2, 3)] for name in ("l", "m")]
    assert ids[0][0] == ids[1][0] == b"<1@x.example>"
    assert ids[0][1] == ids[1][1]
    assert len({*ids[0], *ids[1]}) == 4


def test_five_hundred_mails_with_one_id_are_all_kept_once(engine: Engine) -> None:
    mails = [mail("1", body=f"Text {n}.\n") for n in range(500)]
    writer = engine.writer()
    assert counts(fill(writer, "l", mails)) == (500, 0, 499, 0)
    shuffled = mails[:]
    random.Random(1).shuffle(shuffled)
    assert counts(fill(writer, "l", shuffled, now=NOW + 1)) == (0, 500, 0, 0)
    assert list(kept(engine.archive()).values()) == mails


def test_what_was_removed_does_not_come_back(engine: Engine) -> None:
    writer = engine.writer()
    fill(writer, "l", [FIRST, SECOND, mail("2")])
    with writer.batch() as batch:
        batch.remove("l", 2)
    again = b"Received: by x; Thu, 1 Jan 2004 13:00:00 +0000\n" + SECOND
    assert counts(fill(writer, "l", [FIRST, again, mail("2")], now=NOW + 1)) == (0, 2, 0, 1)
    with writer.batch() as batch:
        batch.remove("l", 1)
    assert counts(fill(writer, "l", [FIRST, SECOND], now=NOW + 2)) == (0, 0, 0, 2)
    assert list(kept(engine.archive())) == [b"<2@x.example>"]


def test_an_id_of_which_a_mail_was_removed_stays_empty(engine: Engine) -> None:
    """Whatever comes under it is withheld, and counted: a copy that somebody edited must not undo a removal."""
    writer = engine.writer()
    fill(writer, "l", [FIRST])
    with writer.batch() as batch:
        batch.remove("l", 1)
    assert counts(fill(writer, "l", [SECOND, THIRD, FIRST], now=NOW + 1)) == (0, 0, 0, 3)
    assert kept(engine.archive()) == {}
    assert counts(fill(writer, "m", [FIRST], now=NOW + 1)) == (1, 0, 0, 0)


def test_a_mail_to_several_lists_is_one_mail_with_a_number_in_each(engine: Engine) -> None:
    writer = engine.writer()
    mails = {
        "a": mail("1", "List-Id: <a>", body="Text.\n-- \na mailing list\n"),
        "b": mail("1", "List-Id: <b>", subject="[b] Topic", body="Text.\n-- \nb mailing list\n"),
    }
    for name, raw in mails.items():
        assert counts(fill(writer, name, [raw])) == (1, 0, 0, 0)
    archive = engine.archive()
    assert done(archive.find(b"<1@x.example>")) == [Location("a", 1), Location("b", 1)]
    for name, raw in mails.items():
        assert done(archive.raw(name, 1)) == raw
        (other,) = done(archive.served(name, 1)).elsewhere
        assert other.name != name
