"""What pipermail and HyperKitty made of mail is undone, and nothing else."""

from __future__ import annotations

import gzip
import re
from typing import TYPE_CHECKING

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from storage.message.addresses import addresses
from storage.model import Fidelity
from storage.sources import expand
from storage.sources.mbox import MboxSplitter
from storage.sources.rebuilt import charset_fields, is_export_name, phrase
from tests.sources.mboxes import chunked, mbox, message, taken_raws
from tests.sources.pipermails import MARK, article, undone

if TYPE_CHECKING:
    from pathlib import Path

    from storage.sources.base import Record

SENT = 1704189600


def one(octets: bytes, label: str = "x.txt") -> Record:
    (record,) = MboxSplitter(chunked(octets, ()), label).records()
    assert not record.why
    return record


@pytest.mark.parametrize(
    ("address", "name", "sender"),
    [
        (b"ann at example.org", b"Ann", b"Ann <ann@example.org>"),
        (b"ann at example.org", b"Ann B. Cee", b'"Ann B. Cee" <ann@example.org>'),
        (b"ann at example.org", b"Cee, Ann (work)", b'"Cee, Ann (work)" <ann@example.org>'),
        (b"ann at example.org", b'Ann "A" Cee', b'"Ann \\"A\\" Cee" <ann@example.org>'),
        (b"ann at example.org", b"", b"ann@example.org"),
        (b"ann at example.org", b"ann at example.org", b"ann@example.org"),
        (b"ann at example.org", b"ann@example.org", b"ann@example.org"),
        (b"ann bei example.org", b"Ann", b"Ann <ann@example.org>"),  # as a German list has it
        (b"ann \xc3\xa0 example.org", b"Ann", b"Ann <ann@example.org>"),
        (
            b"ann at example.org",
            b"=?utf-8?q?=C3=84nn?= Cee",
            b"=?utf-8?q?=C3=84nn?= Cee <ann@example.org>",
        ),
        (
            b"ann at example.org",
            b"=?utf-8?q?=C3=84nn?= C., MD",
            b'=?utf-8?q?=C3=84nn?= "C., MD" <ann@example.org>',
        ),
    ],
)
def test_an_address_is_put_right(address: bytes, name: bytes, sender: bytes) -> None:
    record = one(article(1, address=address, name=name))
    assert record.raw == undone(1, sender=sender)
    assert (record.fidelity, record.received) == (Fidelity.TEXT, None)


def test_a_folded_name_is_put_right() -> None:
    record = one(article(1, name=b"=?utf-8?q?=C3=84?=\n =?utf-8?q?B?="))
    assert record.raw == undone(1, sender=b"=?utf-8?q?=C3=84?= =?utf-8?q?B?= <ann@example.org>")


def test_a_text_with_plain_addresses_stays_octet_for_octet() -> None:
    octets = article(1, address=b"ann@example.org")
    record = one(octets)
    assert octets == b"From ann@example.org  Tue Jan  2 10:00:00 2024\n" + record.raw + b"\n"
    assert (record.fidelity, record.received) == (Fidelity.TEXT, None)


@pytest.mark.parametrize(
    "octets",
    [
        mbox(message(1)),
        # Of the fields that pipermail writes one is missing, or one is too many, or they are in another order.
        article(1).replace(b"Subject: [l] Topic\n", b""),
        article(1, more=b"To: list at example.org\n"),
        article(1, more=b"References: <0@x.example>\nIn-Reply-To: <0@x.example>\n"),
        # Its address is not that of the From_ line, or has no name behind it, or the date is not ctime's.
        article(1).replace(b"From ann at", b"From bob at"),
        article(1).replace(b" (Ann)", b""),
        article(1).replace(b"  Tue Jan  2", b" Tue Jan  2"),
        article(1, came=b"Tue Jan  2 10:00:00 +0100 2024"),
    ],
)
def test_other_mail_stays_as_it_is(octets: bytes) -> None:
    record = one(octets)
    assert octets.endswith(b"\n" + record.raw + b"\n")
    assert record.fidelity is Fidelity.FULL
    assert record.received is not None


@pytest.mark.parametrize(
    "address", [b"ann at home at example.org", b"ann and bob at example.org", b"ann"]
)
def test_an_address_that_cannot_be_told_stays(address: bytes) -> None:
    record = one(article(1, address=address))
    assert record.raw.startswith(b"From: %b (Ann)\n" % address)
    assert record.fidelity is Fidelity.TEXT


@pytest.mark.parametrize(
    ("came", "date", "received"),
    [
        (
            b"Tue Jan  2 03:00:00 2024",
            b"Tue, 02 Jan 2024 10:00:00 +0000",
            None,
        ),  # zone of the server
        (b"Tue Jan  2 23:59:00 2024", b"Tue, 02 Jan 2024 10:00:00 +0000", None),
        (b"Fri Jan  5 10:00:00 2024", b"Tue, 02 Jan 2024 10:00:00 +0000", SENT + 3 * 86_400),
        (b"Tue Jan  2 10:00:00 2024", b"yesterday", SENT),
    ],
)
def test_when_it_came_is_no_clock_without_zone(
    came: bytes, date: bytes, received: int | None
) -> None:
    assert one(article(1, came=came, date=date)).received == received


def test_references_and_scrubbed_attachments_stay() -> None:
    more = b"In-Reply-To: <a b at c>\nReferences: <0@x.example>\n\t<9@x.example>\n"
    body = (
        b"bob at example.org wrote:\n-------------- next part --------------\n"
        b"A non-text attachment was scrubbed...\nName: x.png\nURL: <http://x.example/x.png>\n"
    )
    assert one(article(1, more=more, body=body)).raw == undone(1, body).replace(
        b"Message-ID", more + b"Message-ID"
    )


@pytest.mark.parametrize(
    ("body", "has_fields"), [(b"\xc3\xa4\n", True), (b"\xe4\n", False), (b"a\n", False)]
)
def test_a_text_in_utf_8_says_so(body: bytes, has_fields: bool) -> None:
    raw = one(article(1, body=body)).raw
    assert raw.endswith(b"\n\n" + body)
    assert (b"\nContent-Type: text/plain; charset=utf-8\n" in raw) is has_fields
    assert raw.startswith(undone(1, body)[: -len(body) - 1])
    assert bool(charset_fields(body)) is has_fields


def export(
    number: int = 1,
    sender: bytes = b"Ann <ann at example.org>",
    to: bytes = b"l at example.org",
    more: bytes = b"",
) -> bytes:
    """Return a record as HyperKitty exports it."""
    return (
        b"From ann at example.org Tue Jan  2 10:00:00 2024\nFrom: %b\nTo: %b\nSubject: Topic\n"
        b"Date: Tue, 02 Jan 2024 09:00:00 +0000\nMessage-ID: <%d@x.example>\n%b"
        b'MIME-Version: 1.0\nContent-Type: multipart/mixed; boundary="=="\n\n'
        b"--==\nContent-Type: text/plain\n\nbob(a)example.org wrote at length\n--==--\n\n\n"
        % (sender, to, number, more)
    )


@pytest.mark.parametrize(
    ("sender", "to", "fixed_sender", "fixed_to"),
    [
        (b"Ann <ann at x.org>", b"l at x.org", b"Ann <ann@x.org>", b"l@x.org"),
        (b"ann at x.org", b"l at x.org", b"ann@x.org", b"l@x.org"),
        (b"Ann at work <ann at x.org>", b"l at x.org", b"Ann at work <ann@x.org>", b"l@x.org"),
        (b"Ann <ann@x.org>", b"l@x.org", b"Ann <ann@x.org>", b"l@x.org"),  # as newer versions do
    ],
)
@pytest.mark.parametrize("more", [b"", b"In-Reply-To: <0@x.example>\n"])
def test_hyperkitty_exports(
    sender: bytes, to: bytes, fixed_sender: bytes, fixed_to: bytes, more: bytes
) -> None:
    octets = export(sender=sender, to=to, more=more)
    record = one(octets, "mirrors/l@example.org-2024-01.mbox.gz")
    fixed = export(sender=fixed_sender, to=fixed_to, more=more)
    if fixed != octets:
        fixed = fixed.replace(b"\n\n", b"\n%b\n" % MARK, 1)
    assert record.raw == fixed.partition(b"\n")[2][:-1]
    assert (record.fidelity, record.received) == (Fidelity.TEXT, SENT)


def test_a_folder_of_exports_is_one_list(tmp_path: Path) -> None:
    for month in (2, 1):
        octets = gzip.compress(export(month))
        (tmp_path / f"l@example.org-2024-0{month}.mbox.gz").write_bytes(octets)
    found = expand(str(tmp_path))
    assert [source.suggested_name() for source in found] == ["l.example.org"] * 2
    ids = [re.findall(rb"<(.)@x", raw) for source in found for raw in taken_raws(source)]
    assert ids == [[b"1"], [b"2"]]


@pytest.mark.parametrize(
    ("octets", "label"),
    [
        (export(), "x.mbox"),
        (export(more=b"Received: from a by b; Tue, 02 Jan 2024 10:00:00 +0000\n"), "l@x.org.mbox"),
        (export().replace(b"MIME-Version: 1.0\n", b""), "l@x.org.mbox"),
        (export().replace(b"multipart/mixed", b"multipart/mixes"), "l@x.org.mbox"),
    ],
)
def test_a_whole_header_is_no_rebuilt_one(octets: bytes, label: str) -> None:
    record = one(octets, label)
    assert octets.partition(b"\n")[2] == record.raw + b"\n"
    assert record.fidelity is Fidelity.FULL


@pytest.mark.parametrize(
    ("label", "is_one"),
    [
        ("/a/l@example.org-2024-01.mbox.gz", True),
        ("l@example.org.mbox", True),
        ("a.tar: l@example.org-2024-01.MBOX", True),
        ("l@example.org/2024.mbox", False),
        ("l.mbox", False),
        ("l@example.org.txt", False),
    ],
)
def test_names_of_exports(label: str, is_one: bool) -> None:
    assert is_export_name(label) is is_one


@given(st.text(st.characters(codec="utf-8", exclude_characters="\r\n\0"), max_size=40))
@example("=?a?q?b?=")
@example('a "b" \\ c')
def test_any_name_gives_one_address(name: str) -> None:
    written = b" ".join(phrase(name.encode()).split()) + b" <ann@example.org>"
    found = addresses(written)
    assert [(each.mailbox, each.host) for each in found] == [(b"ann", b"example.org")]


@given(st.binary(max_size=300))
def test_any_octets_behind_the_separator_are_a_record(octets: bytes) -> None:
    text = article(1, body=b"x\n")
    for at in range(0, len(text), 7):
        list(MboxSplitter(chunked(text[:at] + octets + text[at:], ()), "l@x.org.mbox").records())


def test_a_long_sender_takes_no_long_time() -> None:
    for piece in (b"=?a?q?", b"at ", b"(", b"=?", b"@ at "):
        assert len(one(article(1, name=piece * 20_000)).raw) > 20_000
        assert re.match(rb"From: ", one(export(sender=piece * 20_000), "l@x.org.mbox").raw)
