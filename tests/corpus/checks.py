"""What must hold of every message of every archive, told by other means than those it was made with."""

from __future__ import annotations

import re
from email.parser import BytesHeaderParser
from itertools import pairwise
from typing import TYPE_CHECKING, Final, NamedTuple

from gateway.nntp.render import MAX_FIELD
from storage.model import Page, Rendition
from tests.mail import done, gathered
from tests.nntp.world import Client, session

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from storage.archive import Archive

__all__ = [
    "Line",
    "check_article",
    "check_served",
    "newsgroup",
    "numbers",
    "overview_rows",
    "sample",
]

MESSAGE_ID: Final = re.compile(rb"<[!-;=?-~]{1,248}>")
"""RFC 3977 s. 9.8 and s. 3.6: printable, without blanks and brackets, 250 octets at most."""

_FIELD: Final = re.compile(rb"[!-9;-~]+: ?.*|[!-9;-~]+:")


class Line(NamedTuple):
    """An overview line: the fields of RFC 3977 s. 8.4.2, and Xref."""

    number: int
    subject: bytes
    sender: bytes
    date: bytes
    message_id: bytes
    references: bytes
    octets: int
    lines: int
    xref: bytes


def numbers(archive: Archive, name: str) -> list[int]:
    """Return the numbers present in a list."""
    record = archive.mailing_list(name)
    return [number for run in record.present(1, record.high) for number in run]


def overview_rows(archive: Archive, name: str) -> dict[int, bytes]:
    """Return a list's stored overview, by number."""
    rows: dict[int, bytes] = {}
    for page in gathered(archive.pages(Rendition.OVERVIEW, name, 1, 2**31)):
        assert isinstance(page, Page)
        rows.update(zip(page.numbers, page.rows, strict=True))
    return rows


def check_served(archive: Archive, name: str, number: int) -> None:
    """Check a served form against RFC 3977 s. 3.6 and RFC 5536 s. 2.2, and what the archive says of it."""
    served, entry = done(archive.served(name, number)), done(archive.entry(name, number))
    octets = served.octets
    assert b"\0" not in octets
    assert octets.count(b"\r") == octets.count(b"\n") == octets.count(b"\r\n")
    assert octets.endswith(b"\r\n")
    assert len(octets) == entry.size
    head, empty, body = octets.partition(b"\r\n\r\n")
    assert empty
    assert (served.head, served.body) == (head + b"\r\n", body)
    assert body.count(b"\n") == entry.lines
    assert served.dotted == any(line.startswith(b".") for line in octets.split(b"\r\n"))
    lines = head.split(b"\r\n")
    assert not lines[0].startswith((b" ", b"\t"))
    for line in lines:
        assert line.strip()
        assert line.startswith((b" ", b"\t")) or _FIELD.fullmatch(line), line[:80]
    ids = [line for line in lines if line.lower().startswith(b"message-id:")]
    assert len(ids) == 1
    assert MESSAGE_ID.fullmatch(served.message_id)
    assert served.message_id == entry.message_id


def check_article(octets: bytes, line: Line) -> None:
    """Check an article as it was sent against its overview line, as the standard library reads it."""
    assert len(octets) == line.octets
    head, _, body = octets.partition(b"\r\n\r\n")
    assert body.count(b"\n") == line.lines
    read: dict[str, list[bytes]] = {}
    for name, text in BytesHeaderParser().parsebytes(octets).raw_items():
        value = str(text).encode("ascii", "surrogateescape")
        read.setdefault(name.lower(), []).append(_on_one_line(value))
    assert read["message-id"] == [line.message_id]
    for name, expected in (
        ("subject", line.subject),
        ("from", line.sender),
        ("date", line.date),
        ("references", line.references),
    ):
        assert read.get(name, [b""])[0][:MAX_FIELD] == expected
    assert b"Xref: " + read["xref"][0] == line.xref
    assert [len(read[name]) for name in ("path", "newsgroups", "xref")] == [1, 1, 1]
    assert len(head) + 4 + len(body) == line.octets


def _on_one_line(value: bytes) -> bytes:
    """Unfold as RFC 3977 s. 8.3.2 has it: line ends go, TABs become spaces."""
    return value.replace(b"\r\n", b"").replace(b"\t", b" ").strip(b" ")


class Newsgroup:
    """One list as a newsreader has it."""

    def __init__(self, client: Client, count: int, low: int, high: int) -> None:
        self.count, self.low, self.high = count, low, high
        self._client = client

    def overview(self) -> list[Line]:
        """Return all overview lines."""
        answer = self._client.ask(b"OVER 1-")
        if answer.startswith(b"423 "):
            return []
        lines = [_line(each) for each in _block(answer, b"224 ").split(b"\r\n")[:-1]]
        assert all(one.number < two.number for one, two in pairwise(lines))
        return lines

    def check(self, lines: Iterable[Line]) -> None:
        """Fetch articles whole and in parts, and check them against their lines."""
        for line in lines:
            status = b"%d %d %b" % (220, line.number, line.message_id)
            article = _block(self._client.ask(b"ARTICLE %d" % line.number), status)
            check_article(article, line)
            head = _block(
                self._client.ask(b"HEAD %d" % line.number), status.replace(b"220", b"221", 1)
            )
            body = _block(
                self._client.ask(b"BODY %d" % line.number), status.replace(b"220", b"222", 1)
            )
            assert head + b"\r\n" + body == article
            assert self._client.ask(b"STAT " + line.message_id).startswith(b"223 ")


def newsgroup(archive: Archive, name: str) -> Newsgroup:
    """Return a list as an NNTP client finds it."""
    client = Client(session(archive))
    client.receive()
    status, *counts = client.ask(b"GROUP " + name.encode()).split()[:4]
    assert status == b"211"
    return Newsgroup(client, *map(int, counts))


def _line(text: bytes) -> Line:
    assert not re.search(rb"[\0\r\n]", text)
    number, subject, sender, date, own, references, octets, lines, xref = text.split(b"\t")
    return Line(int(number), subject, sender, date, own, references, int(octets), int(lines), xref)


def _block(answer: bytes, status: bytes) -> bytes:
    """Return a multi-line block, dots unstuffed (RFC 3977 s. 3.1.1)."""
    first, _, block = answer.partition(b"\r\n")
    assert first.startswith(status), first
    assert block.endswith(b"\r\n.\r\n") or block == b".\r\n"
    lines = block[:-3].split(b"\r\n")
    assert b"." not in lines
    return b"\r\n".join(line.removeprefix(b".") for line in lines)


def sample(lines: Sequence[Line], most: int) -> Sequence[Line]:
    """Return at most so many of the lines, evenly spread, always the same."""
    return lines[:: -(-len(lines) // most)] if lines else lines
