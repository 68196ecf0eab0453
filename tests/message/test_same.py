from __future__ import annotations

import pytest

from storage.message.fields import parse_header
from storage.message.same import alike, identity, same_mail

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


ANSWER = MAIL.replace(b"Date:", b"In-Reply-To: <b@x>\nReferences: <a@x>\n <b@x>\nDate:").replace(
    b"Two.", b"From me\n>From you\n>>From her"
)


@pytest.mark.parametrize(
    "copy",
    [
        ANSWER + b"\n",
        ANSWER.replace(b"References: <a@x>\n <b@x>\n", b""),
        ANSWER.replace(b"<a@x>\n <b@x>", b"<b@x>"),
        ANSWER.replace(b"In-Reply-To: <b@x>\n", b""),
        ANSWER.replace(b"\nFrom me", b"\n>From me"),
        ANSWER.replace(b">From", b">>From").replace(b"\n", b"\r\n"),
        b"From ann@example.org Tue Jan  2 10:00:00 2024\n" + ANSWER,
    ],
)
def test_what_is_done_to_a_mail_on_its_way_makes_no_other_of_it(copy: bytes) -> None:
    assert same_mail(ANSWER, copy)
    assert same_mail(copy, ANSWER)


@pytest.mark.parametrize(
    "other",
    [
        ANSWER.replace(b"One.", b"1."),
        ANSWER.replace(b"Ann", b"Bob"),
        ANSWER.replace(b"From me", b"From him"),
        ANSWER.replace(b"\nFrom me", b"\n> From me"),
        b"A line that is no field\n" + ANSWER,
    ],
)
def test_another_mail_under_the_same_id_is_another(other: bytes) -> None:
    assert not same_mail(ANSWER, other)


@pytest.mark.parametrize(
    "line", [b"An embedded " + b" was scrubbed" * 300_000, b"Name: " * 500_000]
)
def test_what_an_archive_puts_for_attachments_is_found_in_one_pass(line: bytes) -> None:
    poorer = MAIL + line  # a quadratic search of these would outlast any patience
    assert alike(poorer, MAIL)
