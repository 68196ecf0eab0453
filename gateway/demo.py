"""A small made-up archive, for looking at before anything of one's own is at hand."""

from __future__ import annotations

import datetime as dt
import random
from email.utils import format_datetime
from typing import TYPE_CHECKING, Final, NamedTuple

from storage.export import Exported, as_mboxrd

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

__all__ = ["write_demo"]

LISTS: Final = {"demo.gardening": 12, "demo.astronomy": 8}
"""The lists made, and how many threads each has."""

_START: Final = dt.datetime(2024, 3, 1, 8, tzinfo=dt.UTC)
_PEOPLE: Final = (
    "Ada Moss",
    "Bruno Reed",
    "Carla Field",
    "Dmitri Stone",
    "Eve Brook",
    "Félix Bois",
)
_TOPICS: Final = {
    "demo.gardening": (
        "Slugs again",
        "When to prune apples",
        "Compost too wet",
        "Seeds to swap",
        "Grüße aus dem Garten",
    ),
    "demo.astronomy": (
        "First light",
        "Which eyepiece?",
        "Clouds, clouds, clouds",
        "Saturn tonight",
    ),
}
_SENTENCES: Final = (
    "I tried this last year and it worked better than expected.",
    "Has anybody kept notes on that?",
    "The weather here will decide, as ever.",
    "That is not what the book says, but the book was written elsewhere.",
    "Thank you, that was the hint I needed.",
    "I would wait another week.",
    "There is a picture somewhere; I will look for it.",
)


class _Place(NamedTuple):
    """Where and when a message was sent."""

    name: str
    when: dt.datetime


def write_demo(folder: Path) -> list[Path]:
    """Write one mbox a list into ``folder``; return their paths. The same every time."""
    folder.mkdir(parents=True, exist_ok=True)
    paths = []
    for name, threads in LISTS.items():
        path = folder / f"{name}.mbox"
        messages = sorted(_messages(name, threads), key=lambda message: message.received)
        path.write_bytes(b"".join(map(as_mboxrd, messages)))
        paths.append(path)
    return paths


def _messages(name: str, threads: int) -> Iterator[Exported]:
    """Yield the messages of a list, thread by thread."""
    chance = random.Random(name)  # noqa: S311 - the same every time is what is wanted
    number = 0
    for thread in range(threads):
        when = _START + dt.timedelta(days=3 * thread, minutes=chance.randrange(600))
        subject = f"{_TOPICS[name][thread % len(_TOPICS[name])]}, week {when.isocalendar().week}"
        chains: list[list[str]] = [[]]
        for at in range(chance.randrange(1, 9)):
            number += 1
            references = chance.choice(chains)
            own = f"<{name}.{number}@listgate.invalid>"
            when += dt.timedelta(minutes=chance.randrange(5, 900))
            yield Exported(
                number,
                int(when.timestamp()),
                _message(chance, own, references, subject, _Place(name, when)),
            )
            chains = [[*references, own]] if at == 0 else [*chains, [*references, own]]


def _message(
    chance: random.Random, own: str, references: list[str], subject: str, place: _Place
) -> bytes:
    person = chance.choice(_PEOPLE)
    address = person.split()[0].lower().replace("é", "e") + "@listgate.invalid"
    text = " ".join(chance.sample(_SENTENCES, 3))
    answered = (
        [f"In-Reply-To: {references[-1]}", f"References: {' '.join(references)}"]
        if references
        else []
    )
    fields = [
        f"From: {_encoded(person)} <{address}>",
        f"To: {place.name} <{place.name}@lists.listgate.invalid>",
        f"Subject: {'Re: ' if references else ''}{_encoded(subject)}",
        f"Date: {format_datetime(place.when)}",
        f"Message-ID: {own}",
        *answered,
        f"List-Id: <{place.name}>",
        "MIME-Version: 1.0",
        "Content-Type: text/plain; charset=utf-8",
        "Content-Transfer-Encoding: 8bit",
    ]
    return "\n".join([*fields, "", text, "", "-- ", person, ""]).encode()


def _encoded(text: str) -> str:
    """Return a header value's text, in RFC 2047 form if it is not ASCII."""
    return text if text.isascii() else f"=?utf-8?Q?{''.join(map(_quoted, text.encode()))}?="


def _quoted(octet: int) -> str:
    return chr(octet) if chr(octet).isascii() and chr(octet).isalnum() else f"={octet:02X}"
