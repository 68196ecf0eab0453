"""A list with mail to search, sort and thread: all the same but for what makes the difference."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.mail import fill

if TYPE_CHECKING:
    from tests.mail import Engine

LIST = "lists.mail"


def message(
    own: str,
    *fields: str,
    author: str = "Smith <smith@x.example>",
    subject: str = "Topic",
    sent: str = "1 Feb 1994 12:00:00 +0000",
    received: str = "1 Feb 1994 12:00:00 +0000",
    answers: str = "",
    body: str = "Text.",
) -> bytes:
    """Return a message; an empty value is a field that is not there."""
    lines = [
        f"Received: from a.example by b.example; {received}",
        f"From: {author}",
        f"Subject: {subject}",
        f"Date: {sent}",
        f"Message-ID: <{own}@x.example>",
        f"References: <{answers}@x.example>" if answers else "",
        *fields,
    ]
    return "\n".join([*filter(None, lines), "", body, ""]).encode()


MAILS = [
    message("m1", "To: Zoe <b@x.example>", "Cc: c@x.example", subject="apple",
            sent="31 Jan 1994 23:00:00 +0000", received="31 Jan 1994 23:59:59 +0000"),
    message("m2", "To: b@x.example", author="Jones <jones@x.example>", subject="Banana",
            received="1 Feb 1994 00:00:00 +0000", body="A string, and another."),
    message("m3", "To: Adam <c@x.example>", subject="Re: banana", answers="m2",
            sent="1 Feb 1994 23:30:00 -0500", received="2 Feb 1994 00:00:00 +0000", body="x" * 500),
    message("m4", author="Eric <eric@x.example>", subject="RE: Apple (fwd)", answers="m1",
            sent="2 Feb 1994 01:00:00 +0000", received="2 Feb 1994 23:59:59 +0000", body="gewp"),
    message("m5", subject="gone", received="3 Feb 1994 01:00:00 +0000"),
    message("m6", "Bcc: eric@x.example", "Content-Type: text/plain; charset=utf-8",
            author="=?utf-8?q?=C3=89ric?= <a@x.example>", subject="=?koi8-r?b?z9TQ1dPL?=",
            sent="3 Feb 1994 01:00:00 +0000", received="3 Feb 1994 02:00:00 +0000", body="мать"),
    message("m7", "X-Note:", author="jones@x.example", subject="[list] Banana", answers="m3",
            sent="2 Feb 1994 06:00:00 +0000", received="4 Feb 1994 02:00:00 +0000"),
    message("m8", "Cc: a@x.example", subject="", sent="", answers="lost",
            received="5 Feb 1994 02:00:00 +0000"),
    message("m9", subject="Re:", sent="yesterday", answers="lost",
            received="6 Feb 1994 02:00:00 +0000"),
]  # fmt: skip  # a table


def add(engine: Engine) -> None:
    """Add the list; its message 5 is gone again."""
    fill(engine.writer(), LIST, MAILS)
    with engine.writer().batch() as batch:
        batch.remove(LIST, 5)
