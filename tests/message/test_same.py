from __future__ import annotations

import pytest

from storage.message.fields import parse_header
from storage.message.same import identity

MAIL = (
    b"Received: by a; Tue, 02 Jan 2024 10:00:00 +0000\nFrom: Ann <ann@example.org>\nTo: list@example.org\n"
    b"Subject: hello\n world\nDate: Tue, 02 Jan 2024 10:00:00 +0000\nMessage-ID: <a@example.org>\n\nOne.\n\nTwo.\n"
)


@pytest.mark.parametrize(
    "copy",
    [
        MAIL.replace(b"\n", b"\r\n"),
        MAIL + b"\n\n",
        MAIL.removesuffix(b"\n"),
        MAIL.replace(b"hello\n world", b"hello world"),
        MAIL.replace(b"Subject:", b"SUBJECT: "),
        b"Return-Path: <x@example.org>\nReceived: by b\nDelivered-To: y\n" + MAIL,
        MAIL.replace(
            b"\n\n", b"\nList-Id: <l.example.org>\nReply-To: list@example.org\nStatus: RO\n\n", 1
        ),
        MAIL.replace(b"Message-ID: <a@example.org>\n", b""),
        b"From ann@example.org Tue Jan  2 10:00:00 2024\n" + MAIL,
        b">From ann@example.org Tue Jan  2 10:00:00 2024\n" + MAIL,
    ],
)
def test_copies_of_one_mail_are_equal(copy: bytes) -> None:
    assert identity(copy) == identity(MAIL)


@pytest.mark.parametrize(
    "other",
    [
        MAIL.replace(b"One.", b"1."),
        MAIL.replace(b"One.\n\n", b"One.\n"),
        MAIL.replace(b"hello", b"hullo"),
        MAIL.replace(b"Ann", b"Bob"),
        MAIL.replace(b"Date: Tue, 02", b"Date: Wed, 03"),
        MAIL.replace(b"To: list@example.org\n", b"To: list@example.org\nTo: other@example.org\n"),
        MAIL.replace(b"To: list", b"Cc: list"),
        b"A line that is no field\n" + MAIL,
    ],
)
def test_another_mail_is_another(other: bytes) -> None:
    assert identity(other) != identity(MAIL)


def test_texts_without_a_header_are_told_apart() -> None:
    assert len({identity(b"some text\n"), identity(b"other text\n"), identity(b"")}) == 3


def test_a_header_already_parsed_makes_no_difference() -> None:
    assert identity(MAIL, parse_header(MAIL)) == identity(MAIL)
    assert len(identity(MAIL)) == 16
