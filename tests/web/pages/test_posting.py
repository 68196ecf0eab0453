"""Where to write to a list."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import pytest

from gateway.web.pages.posting import posting_address
from gateway.web.reading import Reading
from tests.mail import done, fill, mail

if TYPE_CHECKING:
    from tests.mail import Engine

NAME: Final = "lists.made"


def address(engine: Engine) -> str:
    archive = engine.archive()
    return done(posting_address(Reading(archive), archive.mailing_list(NAME)))


@pytest.mark.parametrize(
    ("field", "expected"),
    [
        ("<mailto:l@lists.example>", "l@lists.example"),
        ("<mailto:l%2Bx@lists.example?subject=x>", "l+x@lists.example"),
        ("<mailto:l@lists.example,m@lists.example>", ""),
        ("<https://lists.example/write>", ""),
        ("NO (announcements only)", ""),
        ("<mailto:l%0Ax@lists.example>", ""),
    ],
)
def test_what_the_newest_agree_on(engine: Engine, field: str, expected: str) -> None:
    fill(engine.writer(), NAME, [mail(f"m{n}", f"List-Post: {field}") for n in range(3)])
    assert address(engine) == expected


def test_one_message_cannot_lead_astray(engine: Engine) -> None:
    posts = ["l@lists.example", "l@lists.example", "evil@x.example"]
    fill(engine.writer(), NAME, [mail(f"m{n}", f"List-Post: <mailto:{post}>") for n, post in enumerate(posts)])  # fmt: skip
    assert address(engine) == "l@lists.example"


def test_what_the_list_was_given_counts_more_and_changes_are_seen(engine: Engine) -> None:
    fill(engine.writer(), NAME, [mail("m0", "List-Post: <mailto:l@lists.example>")])
    assert address(engine) == "l@lists.example"
    with engine.writer().batch() as batch:
        batch.describe(NAME, address="given@lists.example")
    assert address(engine) == "given@lists.example"
