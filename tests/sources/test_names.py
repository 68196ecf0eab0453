"""Names for lists from files' names and from List-Id."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from storage.model import check_list_name
from storage.sources.names import list_id_name, name_from_path


@pytest.mark.parametrize(
    ("path", "name"),
    [
        ("kernel-hardening.mbox.xz", "kernel-hardening"),
        ("kernel-hardening.lists.openwall.com.mbox", "kernel-hardening.lists.openwall.com"),
        ("lists/a b&c.TAR.GZ", "lists.a-b-c"),
        ("lists/deep/inbox", "lists.deep"),
        (".lists.kernel", "lists.kernel"),
        ("caf\xe9.mbox", "caf"),
        ("caf\udce9s", "caf-s"),
        ("2004-May.txt", "2004-May"),
        ("list@example.org-2024-01.mbox.gz", "list.example.org"),
        ("a/list@example.org-2024-01-31.mbox", "a.list.example.org"),
        (f"list@example.org-{'A2B3' * 8}.mbox.gz", "list.example.org"),
        ("list@example.org.mbox", "list.example.org"),
        ("list-2024-01.mbox.gz", "list-2024-01"),
        ("a@b@c.mbox", "a-b-c"),
        (".mbox", None),
        ("mbox", None),
        ("Maildir", None),
        ("INBOX.mbox", None),
        ("-", None),
        ("", None),
        ("\u4e2d", None),
        ("x" * 300, None),
    ],
)
def test_name_from_path(path: str, name: str | None) -> None:
    assert name_from_path(path) == name


@pytest.mark.parametrize(
    ("value", "name"),
    [
        (b"<kernel-hardening.lists.openwall.com>", "kernel-hardening.lists.openwall.com"),
        (b'"A list" <Some.List@example.org>', "some.list-example.org"),
        (b"A (very <long>) name\r\n\t<list-a.\r\n example.org>", "list-a.example.org"),
        (b"bare.example.org", "bare.example.org"),
        (b"<>", None),
        (b"", None),
        (b"<\xff.\xfe>", None),
    ],
)
def test_list_id_name(value: bytes, name: str | None) -> None:
    assert list_id_name(b"From: a@example.org\nlist-ID: %b\n\nx\n" % value) == name


def test_list_id_in_the_body_is_none() -> None:
    assert list_id_name(b"From: a@example.org\n\nList-Id: <x.example.org>\n") is None


@given(st.text(max_size=60))
def test_any_path_gives_a_legal_name_or_none(path: str) -> None:
    name = name_from_path(path)
    assert name is None or check_list_name(name) == name


@given(st.binary(max_size=60))
def test_any_list_id_gives_a_legal_name_or_none(value: bytes) -> None:
    name = list_id_name(b"List-Id: %b" % value)
    assert name is None or check_list_name(name) == name
