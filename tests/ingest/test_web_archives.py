"""What came as a web archive's text or page, and then as it was sent: one message, one number, the real header."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

import pytest

from storage.model import Fidelity
from storage.sources import open_source
from storage.sources.base import Incoming
from tests.corpus.forest import stored_forest
from tests.mail import NOW, done, mail, take
from tests.sources.blistspages import pages
from tests.sources.mboxes import mbox, settle
from tests.sources.pipermails import article

if TYPE_CHECKING:
    from pathlib import Path

    from storage.archive import Archive
    from storage.ingest import Summary
    from tests.mail import Engine

NAME = "l"
MORNING = 1_704_189_600
"""2024-01-02 10:00 UTC."""

WORDS = {
    1: "The first message of a thread, with more words than one would need.\n",
    2: "> The first message of a thread, with more words than one would need.\n\nA reply to the first message, by bob@x.example as well.\n",
    3: "> The first message of a thread, with more words than one would need.\n\nAnother reply which answers the first one too, not the second.\n",
}


def whole(number: int) -> bytes:
    """Return a message as it was sent."""
    return mail(
        str(number),
        "To: List <l@x.example>",
        "Received: from a.x.example by b.x.example; Tue, 2 Jan 2024 10:05:00 +0000",
        "Content-Type: text/plain",
        answers="1" if number > 1 else None,
        subject="[l] Re: A topic" if number > 1 else "[l] A topic",
        date=date(number),
        body=WORDS[number],
    )


def date(number: int) -> str:
    return f"Tue, 2 Jan 2024 10:{number:02}:00 +0000"


def text(number: int) -> bytes:
    """Return it as pipermail has it: without Re:, the address in the text obscured as well."""
    more = b"In-Reply-To: <1@x.example>\nReferences: <1@x.example>\n" if number > 1 else b""
    record = article(
        number,
        address=b"a at x.example",
        name=b"A",
        date=date(number).encode(),
        came=b"Tue Jan  2 03:%02d:00 2024" % number,
        more=more,
        body=WORDS[number].replace("@", " at ").encode(),
    )
    return record.replace(b"[l] Topic", b"[l] A topic")


@dataclass(frozen=True, slots=True)
class World:
    """A list, and where its mail comes from."""

    engine: Engine
    folder: Path

    def take(self, path: Path, now: int) -> Summary:
        return take(self.engine.writer(), NAME, open_source(str(path)), now=now)

    def full(self, now: int = NOW + 10**7) -> Summary:
        path = self.folder / "l.mbox"
        path.write_bytes(mbox(*map(whole, WORDS)))
        return self.take(path, now)

    def texts(self, now: int = NOW + 10**7) -> Summary:
        path = self.folder / "pipermail" / "2024-January.txt"
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(b"".join(map(text, WORDS)))
        settle(path)
        return self.take(path.parent, now)

    def pages(self, now: int = NOW + 10**7) -> Summary:
        made = pages([(whole(number), MORNING + number) for number in WORDS], NAME)
        for name, octets in made.items():
            path = self.folder / "blists" / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(octets)
        return self.take(self.folder / "blists", now)

    @property
    def archive(self) -> Archive:
        return self.engine.archive()

    def raw(self, number: int) -> bytes:
        return done(self.archive.raw(NAME, number))

    def fidelities(self) -> list[Fidelity]:
        return [done(self.archive.entry(NAME, number)).fidelity for number in WORDS]

    def parents(self) -> dict[bytes, bytes | None]:
        return stored_forest(self.archive, NAME).parents


@pytest.fixture
def world(engine: Engine, tmp_path: Path) -> World:
    return World(engine, tmp_path)


THREAD = {
    b"<1@x.example>": None,
    b"<2@x.example>": b"<1@x.example>",
    b"<3@x.example>": b"<1@x.example>",
}


@pytest.mark.parametrize(
    ("first", "fidelity"), [("texts", Fidelity.TEXT), ("pages", Fidelity.PAGE)]
)
def test_a_poor_copy_gives_way_to_the_whole_mail(
    world: World, first: str, fidelity: Fidelity
) -> None:
    summary = getattr(world, first)()
    assert (summary.added, summary.renamed) == (3, 0)
    assert world.fidelities() == [fidelity] * 3
    assert world.parents() == THREAD
    before = world.archive.mailing_list(NAME)
    old = [done(world.archive.entry(NAME, number)) for number in WORDS]

    summary = world.full(NOW + 10**7 + 9)
    assert (summary.read, summary.improved, summary.added) == (3, 3, 0)
    assert world.fidelities() == [Fidelity.FULL] * 3
    assert [world.raw(number) for number in WORDS] == [*map(whole, WORDS)]
    now = world.archive.mailing_list(NAME)
    assert (now.count, now.high, now.validity) == (3, 3, before.validity)
    new = [done(world.archive.entry(NAME, number)) for number in WORDS]
    assert [(each.message_id, each.arrived, each.thread) for each in new] == [
        (each.message_id, each.arrived, each.thread) for each in old
    ]
    assert all(each.revision > before.revision for each in new)
    assert world.parents() == THREAD


@pytest.mark.parametrize("second", ["texts", "pages"])
def test_a_poor_copy_of_what_is_there_changes_nothing(world: World, second: str) -> None:
    world.full()
    before = world.archive.mailing_list(NAME)
    summary = getattr(world, second)(NOW + 10**7 + 9)
    assert (summary.read, summary.duplicates) == (3, 3)
    assert world.archive.mailing_list(NAME) == before
    assert [world.raw(number) for number in WORDS] == [*map(whole, WORDS)]


def test_a_page_gives_way_to_a_text_and_that_to_the_whole_mail(world: World) -> None:
    assert world.pages().added == 3
    assert world.texts(NOW + 10**7 + 1).improved == 3
    assert world.raw(2).startswith(b"From: A <a@x.example>\n")
    assert world.fidelities() == [Fidelity.TEXT] * 3
    assert world.pages(NOW + 10**7 + 2).duplicates == 3
    assert world.full(NOW + 10**7 + 3).improved == 3
    assert world.texts(NOW + 10**7 + 4).duplicates == 0  # its cursor says that all was given
    assert world.fidelities() == [Fidelity.FULL] * 3
    assert world.archive.mailing_list(NAME).count == 3


@pytest.mark.parametrize("first", ["texts", "pages"])
def test_who_repeats_an_id_and_a_date_with_other_words_is_another(world: World, first: str) -> None:
    getattr(world, first)()
    before = world.raw(3)
    forged = re.sub(
        rb"\n\n.*",
        b"\n\nNothing of what was once written here is to be found now, by none.\n",
        whole(3),
        flags=re.DOTALL,
    )
    path = world.folder / "forged.mbox"
    path.write_bytes(mbox(forged))
    summary = world.take(path, NOW + 10**7 + 9)
    assert (summary.improved, summary.added, summary.renamed) == (0, 1, 1)
    assert world.raw(3) == before


def test_a_mail_whose_text_was_scrubbed_is_known_by_its_header(world: World) -> None:
    """Of a mail in HTML pipermail's text has only where the attachment went."""
    scrubbed = b"An HTML attachment was scrubbed...\nURL: <http://x.example/pipermail/l/attachments/20240102/0001/attachment.html>\n"
    path = world.folder / "2024-January.txt"
    path.write_bytes(text(1).replace(WORDS[1].encode(), scrubbed))
    settle(path)
    assert world.take(path, NOW + 10**7).added == 1
    html = whole(1).replace(b"text/plain", b"text/html").replace(b"The first", b"<p>The first")
    path = world.folder / "l.mbox"
    path.write_bytes(mbox(html))
    assert world.take(path, NOW + 10**7 + 9).improved == 1
    assert world.raw(1) == html


def test_a_text_has_the_time_of_its_date(world: World) -> None:
    world.texts()
    entries = [done(world.archive.entry(NAME, number)) for number in WORDS]
    assert [each.received for each in entries] == [MORNING + 60 * number for number in WORDS]
    assert all(each.received == each.sent for each in entries)


def test_a_source_of_poor_copies_says_so(world: World) -> None:
    world.pages()
    found = open_source(str(world.folder / "blists")).messages(b"")
    assert {each.fidelity for each in found if isinstance(each, Incoming)} == {Fidelity.PAGE}
