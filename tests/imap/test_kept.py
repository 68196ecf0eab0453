"""Threads that are kept: of the list as it is, and not too many."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from gateway.imap import kept
from gateway.imap.kept import Kept, kept_orders, kept_threads
from storage.memory import MemoryArchive
from storage.model import MailingList

if TYPE_CHECKING:
    from collections.abc import Callable

    from storage.archive import Archive

LIST = MailingList("lists.a", high=3, revision=4)


def test_what_is_kept_is_of_the_list_as_it_is_told_of() -> None:
    held: Kept[str] = Kept()
    held.put(LIST, b"REFS", "made")
    assert held.get(replace(LIST), b"REFS") == "made"
    assert held.get(LIST, b"REFERENCES") is None
    assert held.get(replace(LIST, name="lists.b"), b"REFS") is None
    assert held.get(replace(LIST, revision=5), b"REFS") is None
    assert held.get(replace(LIST, validity=5), b"REFS") is None


def test_what_was_used_longest_ago_is_let_go(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(kept, "MAX_KEPT_MESSAGES", 10)
    held: Kept[str] = Kept()
    one, two, three = (replace(LIST, name=name, high=4) for name in "abc")
    held.put(one, b"REFS", "one")
    held.put(two, b"REFS", "two")
    held.put(replace(one, high=5), b"REFS", "one anew")  # in place of the one before
    assert held.get(two, b"REFS") is not None
    held.put(replace(three, high=2), b"REFS", "three")
    assert held.get(one, b"REFS") is None
    assert held.get(two, b"REFS") is not None
    held.put(replace(one, high=11), b"REFS", "too many")
    assert held.get(one, b"REFS") is None
    assert held.get(two, b"REFS") is not None
    assert held.get(three, b"REFS") is not None


@pytest.mark.parametrize("kept_for", [kept_threads, kept_orders])
def test_each_archive_has_its_own(kept_for: Callable[[Archive], object]) -> None:
    one, other = MemoryArchive(), MemoryArchive()
    assert kept_for(one) is kept_for(one)
    assert kept_for(one) is not kept_for(other)
