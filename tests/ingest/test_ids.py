"""Messages that have no good Message-ID get one that is the same on every import, from whatever source."""

from __future__ import annotations

import os
import re
from typing import TYPE_CHECKING

import pytest

from storage.message.fields import parse_header
from storage.sources import open_source
from tests.mail import NOW, MemoryEngine, done, fill, mail, take

if TYPE_CHECKING:
    from pathlib import Path

    from storage.archive import Archive
    from tests.mail import Engine

ODD = {
    "none": mail(None),
    "none, another text": mail(None, body="From here on.\n>From there.\n"),
    "none, no final newline": mail(None, body="End"),
    "none, no body": mail(None, body="", subject="No body"),
    "none, no date": b"From: a@x\nSubject: timeless\n\nText.\n",
    "empty": mail(None, "Message-ID:", subject="Empty"),
    "no brackets": mail(None, "Message-ID: plain@x.example"),
    "no at": mail(None, "Message-ID: <token>"),
    "blanks": mail(None, "Message-ID: <a b@x.example>"),
    "too long": mail(None, f"Message-ID: <{'x' * 300}@x.example>"),
    "8-bit": mail(None, "Message-ID: <\N{LATIN SMALL LETTER E WITH ACUTE}@x.example>"),
    "NUL": mail(None, "Message-ID: <n\0ul@x.example>"),
    "two in one": mail(None, "Message-ID: <first@x.example> <second@x.example>"),
    "two fields": mail("third", "Message-ID: <fourth@x.example>"),
    "bad and good": mail(None, "Message-ID: <bad one>", "Message-ID: <good@x.example>"),
    "folded": mail(None, "Message-ID:\n <folded@x.example>"),
}


def ids(archive: Archive) -> dict[bytes, bytes]:
    """Return the Message-IDs of the list's messages, by their text without its last line end."""
    return {
        done(archive.raw("l", n)).rstrip(b"\n"): done(archive.entry("l", n)).message_id
        for run in archive.mailing_list("l").present(1, 99)
        for n in run
    }


def as_mbox(path: Path) -> None:
    records = [b"From x Thu Jan  1 12:00:00 2004\n" + _quoted(raw) + b"\n" for raw in ODD.values()]
    path.write_bytes(b"".join(records))
    os.utime(path, (NOW, NOW))


def as_maildir(path: Path) -> None:
    for folder in ("cur", "new", "tmp"):
        (path / folder).mkdir(parents=True)
    for at, raw in enumerate(ODD.values()):
        (path / "cur" / f"{at}.x:2,S").write_bytes(raw)


def _quoted(raw: bytes) -> bytes:
    return re.sub(rb"(?m)^(>*From )", rb">\1", raw) + (b"" if raw.endswith(b"\n") else b"\n")


def test_every_source_gives_a_message_the_same_id(tmp_path: Path) -> None:
    as_mbox(tmp_path / "mbox")
    as_maildir(tmp_path / "maildir")
    found = []
    for at, path in enumerate(("mbox", "maildir")):
        engine = MemoryEngine()
        summary = take(engine.writer(), "l", open_source(str(tmp_path / path)), now=NOW + at)
        assert (summary.added, summary.renamed) == (len(ODD), 0)
        found.append(ids(engine.archive()))
    assert found[0] == found[1]
    assert len({*found[0].values()}) == len(ODD)


def test_a_second_import_from_another_source_adds_nothing(engine: Engine, tmp_path: Path) -> None:
    as_mbox(tmp_path / "mbox")
    as_maildir(tmp_path / "maildir")
    writer = engine.writer()
    fill(writer, "l", ODD.values())
    for path in ("mbox", "maildir"):
        summary = take(writer, "l", open_source(str(tmp_path / path)))
        assert (summary.added, summary.duplicates) == (0, len(ODD))


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("no brackets", b"<plain@x.example>"),
        ("blanks", b"<ab@x.example>"),
        ("two in one", b"<first@x.example>"),
        ("two fields", b"<third@x.example>"),
        ("bad and good", b"<good@x.example>"),
        ("folded", b"<folded@x.example>"),
        ("no at", b"<b7ec0488fd6ac0b8ff79180aa04b7f75@derived.listgate.invalid>"),
        ("none", b"<9ced581f63d45e6e326c3ad245d50db7@missing.listgate.invalid>"),
    ],
)
def test_an_id_is_taken_from_what_there_is(engine: Engine, name: str, expected: bytes) -> None:
    fill(engine.writer(), "l", [ODD[name]])
    served = done(engine.archive().served("l", 1))
    assert served.message_id == expected
    assert parse_header(served.head).every(b"message-id") == [expected]


@pytest.mark.parametrize(
    "bad", ["<token>", "<a b@x.example>", f"<{'x' * 300}@x.example>", "<<doubled@x.example>>"]
)
def test_an_answer_that_quotes_a_bad_id_still_finds_its_parent(engine: Engine, bad: str) -> None:
    fill(
        engine.writer(),
        "l",
        [mail(None, f"Message-ID: {bad}"), mail("2", f"References: {bad}")],
    )
    assert [node.number for node in done(engine.archive().thread("l", 2))] == [1, 2]
