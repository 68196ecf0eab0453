"""What the thread of a message is called: the same for ever, by what its own list knows, on every engine."""

from __future__ import annotations

from itertools import permutations
from typing import TYPE_CHECKING

import pytest

from gateway.renderers import RENDERERS
from storage.errors import NoSuchList
from storage.ingest import ingest
from storage.threads import own_thread
from tests.contract.test_archive import entries, links, remove
from tests.mail import NOW, Engine, Given, done, fill, mail

if TYPE_CHECKING:
    from collections.abc import Sequence


def named(own: str) -> bytes:
    """Return what a thread is called that begins with a mail."""
    return own_thread(b"<%b@x.example>" % own.encode())


def threads(engine: Engine, name: str) -> dict[bytes, bytes]:
    """Return the thread of each message of a list, by the left part of its Message-ID."""
    archive = engine.archive()
    found = {}
    for entry in entries(archive, name, 1, 2**31):
        assert done(archive.entry(name, entry.number)) == entry
        found[entry.message_id[1:-11]] = entry.thread
    return found


def come(engine: Engine, name: str, mails: Sequence[bytes], *, at: int) -> None:
    """Add mails through a new writer, so that nothing is remembered but what is kept."""
    fill(engine.writer(), name, mails, now=NOW + at)


def test_a_thread_is_called_after_the_first_of_those_above_when_a_message_came(
    engine: Engine,
) -> None:
    mails = [mail("a"), mail("b", answers="a"), mail("c", answers="b"), mail("lone")]
    come(engine, "l", mails, at=0)
    assert threads(engine, "l") == {
        b"a": named("a"),
        b"b": named("a"),
        b"c": named("a"),
        b"lone": named("lone"),
    }
    assert len(named("a")) == 8


@pytest.mark.parametrize("order", [*permutations("abcd")], ids="".join)
def test_the_order_of_arrival_does_not_matter_where_all_that_is_above_is_named(
    engine: Engine, order: tuple[str, ...]
) -> None:
    chains = {
        "a": mail("a"),
        "b": mail("b", answers="a"),
        "c": mail("c", answers="a@x.example> <b"),
        "d": mail("d", answers="a@x.example> <b@x.example> <c"),
    }
    for at, own in enumerate(order):
        come(engine, "l", [chains[own]], at=at)
    assert set(threads(engine, "l").values()) == {named("a")}


def test_it_never_changes_when_late_parents_join_two_threads(engine: Engine) -> None:
    steps = [
        mail("c", answers="b"),
        mail("e", answers="d"),
        mail("b", answers="a"),
        mail("d", answers="a"),
        mail("a"),
        mail("f", answers="c"),
        mail("g", answers="a"),
        mail("top", answers="e"),
    ]
    told: dict[bytes, bytes] = {}
    for at, raw in enumerate(steps):
        come(engine, "l", [raw], at=at)
        now = threads(engine, "l")
        assert len(now) == at + 1
        assert now.items() >= told.items()
        told = now
    archive = engine.archive()
    assert len(done(archive.thread("l", 1))) == 8  # one by now
    names = {own.decode(): thread for own, thread in told.items()}
    assert names == {
        **dict.fromkeys(("c", "b", "f"), named("b")),
        **dict.fromkeys(("e", "d", "top"), named("d")),
        **dict.fromkeys(("a", "g"), named("a")),
    }
    assert [*done(archive.in_thread("l", named("b")))] == [1, 3, 6]
    assert [*done(archive.in_thread("l", named("d")))] == [2, 4, 8]
    assert [*done(archive.in_thread("l", named("a")))] == [5, 7]


def test_a_loop_that_is_opened_elsewhere_changes_no_name(engine: Engine) -> None:
    come(engine, "l", [mail("a", answers="b"), mail("x", answers="a")], at=0)
    before = threads(engine, "l")
    come(engine, "l", [mail("b", answers="a")], at=1)
    now = threads(engine, "l")
    assert now.items() >= before.items()
    assert set(now.values()) == {named("b")}


def test_what_another_list_knows_names_no_thread(engine: Engine) -> None:
    """Or else a list would tell of what only those may know who may read another one."""
    shared = mail("x", "In-Reply-To: <m@x.example>")
    come(engine, "secret", [mail("r"), mail("m", answers="r"), shared], at=0)
    come(engine, "open", [shared], at=0)
    come(engine, "later", [mail("m", answers="r"), shared], at=1)
    assert threads(engine, "secret") == dict.fromkeys((b"r", b"m", b"x"), named("r"))
    assert threads(engine, "open") == {b"x": named("m")}
    assert threads(engine, "later") == dict.fromkeys((b"m", b"x"), named("r"))


def test_what_was_removed_keeps_its_thread_together(engine: Engine) -> None:
    come(engine, "l", [mail("a"), mail("b", answers="a"), mail("c", answers="b")], at=0)
    remove(engine, "l", 2)
    archive = engine.archive()
    assert [*done(archive.in_thread("l", named("a")))] == [1, 3]
    remove(engine, "l", 1)
    come(engine, "l", [mail("d", answers="b")], at=1)
    assert [*done(archive.in_thread("l", named("a")))] == [3]
    archive.refresh()
    assert [*done(archive.in_thread("l", named("a")))] == [3, 4]


def test_links_tell_it_of_ghosts_as_well(engine: Engine) -> None:
    come(engine, "l", [mail("b", answers="ghost"), mail("c", answers="b")], at=0)
    archive = engine.archive()
    assert {link.number: link.thread for link in links(archive, "l")} == dict.fromkeys(
        (None, 1, 2), named("ghost")
    )


def test_what_is_in_no_thread_and_no_list(engine: Engine) -> None:
    come(engine, "l", [mail("a"), mail("b", answers="ghost")], at=0)
    come(engine, "m", [mail("c")], at=0)
    archive = engine.archive()
    for none in (named("c"), named("b"), b"", b"x"):
        assert [*done(archive.in_thread("l", none))] == []
    assert [*done(archive.in_thread("l", named("ghost")))] == [2]
    with pytest.raises(NoSuchList):
        done(archive.in_thread("none", named("a")))


def test_a_removed_message_is_not_found_by_its_subject_any_more(engine: Engine) -> None:
    first = Given([mail("a"), mail("b", subject="Re: Topic")])
    later = Given([mail("c", subject="Re: Topic")], name="later")
    for source in (first, later):
        ingest(engine.writer(), "l", source, RENDERERS, subject_window=9, clock=lambda: NOW)
        if source is first:
            remove(engine, "l", 1)
    drawn = [[node.number for node in done(engine.archive().thread("l", n))] for n in (2, 3)]
    assert drawn == [[None, 2], [3]]
