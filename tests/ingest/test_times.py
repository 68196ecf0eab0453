"""When a message was sent and when the list got it, told from fields of which none can be trusted."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Final

import pytest

from tests.mail import NOW, Given, done, mail, take

if TYPE_CHECKING:
    from tests.mail import Engine

DAY: Final = 86_400
DATED: Final = 1_072_958_400
DATE: Final = "Thu, 1 Jan 2004 12:00:00 +0000"
RECEIVED: Final = "Received: from a by b; Thu, 1 Jan 2004 12:05:00 +0000"
FUTURE: Final = "Mon, 1 Jan 2035 00:00:00 +0000"
BEFORE_MAIL: Final = "Thu, 1 Jan 1970 00:00:00 +0000"


@pytest.mark.parametrize(
    ("separator", "field", "date", "sent", "received"),
    [
        (DATED + 600, RECEIVED, DATE, DATED, DATED + 600),
        (None, RECEIVED, DATE, DATED, DATED + 300),
        (None, None, DATE, DATED, DATED),
        (None, None, "yesterday", None, NOW),
        (None, RECEIVED, "yesterday", None, DATED + 300),
        # what lies before there was mail, or after the clock by more than a day, is nobody's time
        (0, RECEIVED, DATE, DATED, DATED + 300),
        (NOW + 2 * DAY, RECEIVED, DATE, DATED, DATED + 300),
        (None, f"Received: by b; {FUTURE}", DATE, DATED, DATED),
        (None, f"Received: by b; {BEFORE_MAIL}", DATE, DATED, DATED),
        (None, "Received: by b; gibberish", DATE, DATED, DATED),
        (None, None, FUTURE, None, NOW),
        (None, None, BEFORE_MAIL, None, NOW),
        # nothing was sent more than a day after it was got, but as long before as you like
        (None, RECEIVED, "Sat, 3 Jan 2004 12:00:00 +0000", None, DATED + 300),
        (None, RECEIVED, "Fri, 2 Jan 2004 12:00:00 +0000", DATED + DAY, DATED + 300),
        (None, RECEIVED, "Wed, 1 Jan 1992 12:00:00 +0000", DATED - 4383 * DAY, DATED + 300),
        # a clock that is a little fast is forgiven
        (NOW + DAY, None, DATE, DATED, NOW + DAY),
    ],
)
def test_times_are_the_best_sane_ones(
    engine: Engine,
    *,
    separator: int | None,
    field: str | None,
    date: str,
    sent: int | None,
    received: int,
) -> None:
    raw = mail("1", *([field] if field else []), date=date)
    take(engine.writer(), "l", replace(Given([raw]), received=separator))
    entry = done(engine.archive().entry("l", 1))
    assert (entry.sent, entry.received, entry.arrived) == (sent, received, NOW)


def test_the_last_hop_counts_and_those_before_it_where_it_tells_nothing(engine: Engine) -> None:
    hops = [
        "Received: by c; gibberish",
        "Received: from b by c; Thu, 1 Jan 2004 12:20:00 +0000",
        "Received: from a by b; Thu, 1 Jan 2004 12:10:00 +0000",
    ]
    take(engine.writer(), "l", Given([mail("1", *hops)]))
    assert done(engine.archive().entry("l", 1)).received == DATED + 1200
