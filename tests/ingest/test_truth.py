"""Threads against the truth, on made archives with the damage that real ones have.

Evidence for a parent is its Message-ID in the message's own References or In-Reply-To. By flags (``tests.synthetic``):
there is some with none of them, and with ``i``, ``t``, ``D``, ``n``; none with ``s``, which answers by its subject only
and is found by that alone, in its thread if not under its parent; some in a part of ``g``, a phrase that may hold the id;
and with ``o`` it leads to a message that was never archived.
"""

from __future__ import annotations

import random
from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import pytest

from gateway.renderers import RENDERERS
from storage.ingest import ingest
from storage.message.fields import parse_header
from storage.sources import Incoming, open_source
from tests.corpus.checks import numbers
from tests.corpus.forest import StoredForest, stored_forest
from tests.mail import NOW, Given, SqliteEngine, done
from tests.make_archive import write_folder
from tests.synthetic import Generator, Options

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from storage.archive import Archive
    from tests.mail import Engine

LISTS: Final = ("list-a", "list-b")
WINDOW: Final = 60 * 86_400
THREAD_FLAGS: Final = "isgtonD"


@dataclass(frozen=True, slots=True)
class Told:
    """A record's octets, its true parent (``-`` for none, ``?`` for one never archived), and its flags."""

    raw: bytes
    parent: bytes
    own: bytes
    flags: str

    @property
    def kind(self) -> str:
        """The flags that concern threads."""
        return "".join(flag for flag in self.flags if flag in THREAD_FLAGS)

    def has_evidence(self) -> bool:
        """Tell whether the message names its parent."""
        header = parse_header(self.raw)
        named = b" ".join([*header.every(b"references"), *header.every(b"in-reply-to")])
        return self.parent in named


@pytest.fixture(scope="module")
def told(tmp_path_factory: pytest.TempPathFactory) -> dict[str, list[Told]]:
    """A made archive, list by list."""
    folder = tmp_path_factory.mktemp("made")
    write_folder(Generator(Options(messages=5000, lists=len(LISTS), seed=2)), folder, truth=True)
    octets = {name: _octets(folder / f"{name}.mbox") for name in LISTS}
    made: dict[str, list[Told]] = {name: [] for name in LISTS}
    for line in (folder / "truth.tsv").read_text().splitlines():
        name, number, _, _, _, parent, own, flags = line.split("\t")
        raw = octets[name][int(number) - 1]
        made[name].append(Told(raw, parent.encode(), own.encode(), flags))
    return made


def _octets(path: Path) -> list[bytes]:
    found = open_source(str(path)).messages(b"")
    return [each.raw for each in found if isinstance(each, Incoming)]


@pytest.fixture(scope="module", params=[None, WINDOW], ids=["ids", "subjects"])
def archive(
    request: pytest.FixtureRequest,
    told: dict[str, list[Told]],
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[tuple[Archive, int | None]]:
    """The made archive, imported without and with a window for subjects."""
    engine = SqliteEngine(tmp_path_factory.mktemp("told") / "archive")
    for name in LISTS:
        _import(engine, name, [each.raw for each in told[name]], request.param)
    yield engine.archive(), request.param
    engine.close()


def _import(engine: Engine, name: str, raws: list[bytes], window: int | None) -> None:
    ingest(engine.writer(), name, Given(raws), RENDERERS, subject_window=window, clock=lambda: NOW)


def stored(archive: Archive, name: str, told: list[Told]) -> Iterator[tuple[Told, bytes]]:
    """Yield what is told of each stored message, and its Message-ID; duplicates are not stored."""
    by_octets = {each.raw: each for each in reversed(told)}
    for number in numbers(archive, name):
        own = done(archive.entry(name, number)).message_id
        yield by_octets[done(archive.raw(name, number))], own


def root(forest: StoredForest, own: bytes) -> bytes:
    while (above := forest.parents[own]) is not None:
        own = above
    return own


def test_every_parent_that_a_message_names_is_found(
    archive: tuple[Archive, int | None], told: dict[str, list[Told]]
) -> None:
    found: Counter[str] = Counter()
    missed: Counter[str] = Counter()
    for name in LISTS:
        forest = stored_forest(archive[0], name)
        for each, own in stored(archive[0], name, told[name]):
            if each.parent not in (b"-", b"?") and each.has_evidence():
                is_found = forest.parents[own] == each.parent
                (found if is_found else missed)[each.kind] += 1
    assert not missed
    assert {"", "i", "t", "n", "g", "D"} <= found.keys()
    assert found.total() > 3500


def test_what_was_never_archived_is_a_ghost(
    archive: tuple[Archive, int | None], told: dict[str, list[Told]]
) -> None:
    ghosts = 0
    for name in LISTS:
        forest = stored_forest(archive[0], name)
        for each, own in stored(archive[0], name, told[name]):
            if each.parent == b"?":
                parent = forest.parents[own]
                assert parent is not None
                assert parent.endswith(b"@private.example>")
                assert parent not in forest.messages
                ghosts += 1
    assert ghosts > 50


def test_what_answers_nothing_begins_a_thread(
    archive: tuple[Archive, int | None], told: dict[str, list[Told]]
) -> None:
    for name in LISTS:
        forest = stored_forest(archive[0], name)
        roots = [own for each, own in stored(archive[0], name, told[name]) if each.parent == b"-"]
        assert len(roots) > 250
        assert [own for own in roots if forest.parents[own] is not None] == []


def test_answers_by_subject_are_found_only_where_wanted(
    archive: tuple[Archive, int | None], told: dict[str, list[Told]]
) -> None:
    """Their thread is found, mostly; the parent in it cannot be told from a subject."""
    together = alone = elsewhere = 0
    for name in LISTS:
        forest = stored_forest(archive[0], name)
        for each, own in stored(archive[0], name, told[name]):
            if "s" in each.kind:
                is_together = root(forest, own) == root(forest, each.parent)
                together += is_together
                alone += forest.parents[own] is None
                elsewhere += forest.parents[own] is not None and not is_together
    if archive[1] is None:
        assert (together, elsewhere) == (0, 0)
        assert alone > 40
    else:
        assert together > 0.85 * (together + alone + elsewhere)


@pytest.mark.parametrize("window", [None, WINDOW], ids=["ids", "subjects"])
def test_the_forest_is_the_same_whatever_came_first(
    engine: Engine, told: dict[str, list[Told]], window: int | None
) -> None:
    """Apart from ids that several mails claim: whoever comes first keeps one, and that is left out here."""
    claimed = {each.own for each in told["list-b"] if "D" in each.flags}
    raws = [each.raw for each in told["list-b"] if each.own not in claimed]
    _import(engine, "in-order", raws, window)
    random.Random(1).shuffle(raws)
    _import(engine, "shuffled", raws, window)
    _import(engine, "reversed", raws[::-1], window)
    archive = engine.archive()
    expected = stored_forest(archive, "in-order").parents
    assert len(expected) > 1500
    assert stored_forest(archive, "shuffled").parents == expected
    assert stored_forest(archive, "reversed").parents == expected
