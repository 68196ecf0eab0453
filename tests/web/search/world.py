"""Made mail in several lists, and what matches told from the plain words it was made of."""

from __future__ import annotations

import datetime as dt
import random
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from gateway.web.search.tree import (
    And,
    Dated,
    Feature,
    Has,
    Listed,
    Named,
    Not,
    Or,
    Sized,
    Term,
    Tree,
    Where,
)

if TYPE_CHECKING:
    from collections.abc import Sequence

    from storage.archive import Archive

__all__ = ["LISTS", "Made", "made", "matches", "numbered"]

LISTS: Final = {"lists.a": 90, "lists.b": 40, "other": 25, "lists.empty": 0, "lists.secret": 10}

_WORDS: Final = (
    "stack", "stacked", "haystack", "use", "after", "free", "freed", "the", "driver", "kernel", "a", "memory", "alloc", "kmalloc",
)  # fmt: skip  # a list of words
_PEOPLE: Final = ("Ann Stack <ann@x.example>", "Bob <bob@free.example>", "cee@x.example")
_BETWEEN: Final = (" ", " ", " ", "\n", "\n> ", "-", "/", ", ", "_")
_PATCH: Final = "\n--- a/x\n+++ b/x\n@@ -1 +1 @@\n-q\n+p\n"


@dataclass(frozen=True)
class Made:
    """A message by what it was made of."""

    id: str
    subject: str
    author: str
    to: str
    cc: str
    body: str
    day: int
    is_patch: bool
    has_attachment: bool
    octets: bytes


def made(seed: int, name: str, count: int) -> Sequence[Made]:
    """Return made messages; they do not come in the order of their days."""
    chance = random.Random(f"{seed} {name}")
    return [_message(chance, f"{name}.{at}", at) for at in range(count)]


def _message(chance: random.Random, own: str, at: int) -> Made:
    def some(most: int) -> str:
        words = [chance.choice(_WORDS) for _ in range(chance.randint(1, most))]
        return "".join(word + chance.choice(_BETWEEN) for word in words)

    subject = " ".join(some(4).replace(">", " ").split())
    author, to, cc = (chance.choice(_PEOPLE) for _ in range(3))
    body = some(25)
    is_patch, has_attachment = chance.random() < 0.2, chance.random() < 0.2
    if is_patch:
        body += _PATCH
    day = 12_418 + at // 4 + chance.randint(-5, 5)  # about 2004
    date = dt.datetime(1970, 1, 1, 12, tzinfo=dt.UTC) + dt.timedelta(days=day, seconds=at)
    head = (
        f"From: {author}\nTo: {to}\nCc: {cc}\nSubject: {subject}\nMessage-ID: <{own}@x.example>\n"
        f"Date: {date:%a, %d %b %Y %H:%M:%S +0000}\nX-Other: elsewhere driver\n"
    )
    text = f"{body}\n"
    if has_attachment:
        head += "MIME-Version: 1.0\nContent-Type: multipart/mixed; boundary=b\n"
        text = f"--b\n\n{body}\n--b\nContent-Type: image/png\nContent-Transfer-Encoding: base64\n\nZHJpdmVy\n--b--\n"
    octets = f"{head}\n{text}".encode()
    return Made(own, subject, author, to, cc, body, day, is_patch, has_attachment, octets)


async def numbered(archive: Archive, name: str, messages: Sequence[Made]) -> dict[int, Made]:
    """Return made messages by the numbers that they have in a list."""
    found = {}
    for message in messages:
        places = await archive.find(f"<{message.id}@x.example>".encode())
        found.update({place.number: message for place in places if place.name == name})
    return found


def matches(tree: Tree, name: str, message: Made) -> bool:
    """Tell whether a made message in a list is what a tree looks for."""
    match tree:
        case And(parts):
            return all(matches(part, name, message) for part in parts)
        case Or(parts):
            return any(matches(part, name, message) for part in parts)
        case Not(part):
            return not matches(part, name, message)
        case Term():
            return any(_has(text, tree) for text in _texts(tree.where, message))
        case Dated(since, before):
            return (since is None or since <= message.day) and (
                before is None or message.day < before
            )
    return _matches_single(tree, name, message)


def _matches_single(tree: Tree, name: str, message: Made) -> bool:
    match tree:
        case Has(feature):
            return message.is_patch if feature is Feature.PATCH else message.has_attachment
        case Listed():
            return tree.fits(name)
        case Named(message_id):
            return message_id == f"<{message.id}@x.example>".encode()
        case Sized(octets, is_larger):
            size = len(message.octets) + message.octets.count(b"\n")
            return size > octets if is_larger else size < octets
    raise TypeError(tree)


def _texts(where: Where, message: Made) -> Sequence[str]:
    return {
        Where.ANYWHERE: (message.subject, message.author, message.body),
        Where.SUBJECT: (message.subject,),
        Where.FROM: (message.author,),
        Where.TO: (message.to, message.cc),
        Where.CC: (message.cc,),
        Where.WHO: (message.author, message.to, message.cc),
        Where.BODY: (message.body,),
    }[where]


def _has(text: str, term: Term) -> bool:
    words = re.split("[^a-z0-9]+", text.lower())
    sought = [word for word in re.split("[^a-z0-9]+", term.text.lower()) if word]
    joined = f" {' '.join(words)} "
    needle = " ".join(sought)
    before = "" if term.is_inner else " "
    return f"{before}{needle}{' ' if term.is_whole else ''}" in joined
