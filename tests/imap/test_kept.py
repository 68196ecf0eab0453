"""Threads that are kept: of the list as it is, and not too many."""

from __future__ import annotations

from array import array
from dataclasses import replace

import pytest

from gateway.imap import kept
from gateway.imap.kept import KeptThreads, kept_threads
from gateway.imap.ordering import Column
from gateway.imap.threading import Searched, Threads
from storage.memory import MemoryArchive
from storage.model import MailingList

LIST = MailingList("lists.a", high=3, revision=4)


def threads(count: int) -> Threads:
    return Threads(Searched(array("I", range(1, count + 1)), Column(), array("i"), bytearray()))


def test_what_is_kept_is_of_the_list_as_it_is_told_of() -> None:
    held, made = KeptThreads(), threads(3)
    held.put(LIST, b"REFS", made)
    assert held.get(replace(LIST), b"REFS") is made
    assert held.get(LIST, b"REFERENCES") is None
    assert held.get(replace(LIST, name="lists.b"), b"REFS") is None
    assert held.get(replace(LIST, revision=5), b"REFS") is None
    assert held.get(replace(LIST, validity=5), b"REFS") is None


def test_what_was_used_longest_ago_is_let_go(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(kept, "MAX_KEPT_MESSAGES", 10)
    held = KeptThreads()
    one, two, three = (replace(LIST, name=name) for name in "abc")
    held.put(one, b"REFS", threads(4))
    held.put(two, b"REFS", threads(4))
    held.put(one, b"REFS", threads(5))  # in place of the one before
    assert held.get(two, b"REFS") is not None
    held.put(three, b"REFS", threads(2))
    assert held.get(one, b"REFS") is None
    assert held.get(two, b"REFS") is not None
    held.put(one, b"REFS", threads(11))
    assert held.get(one, b"REFS") is None
    assert held.get(two, b"REFS") is not None
    assert held.get(three, b"REFS") is not None


def test_each_archive_has_its_own() -> None:
    one, other = MemoryArchive(), MemoryArchive()
    assert kept_threads(one) is kept_threads(one)
    assert kept_threads(one) is not kept_threads(other)
