"""What a listing shows of a message."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from storage.listing import MAX_NAME, MAX_SUBJECT, Listing, decode_listing, listing_row
from storage.material import Material
from storage.message.fields import parse_header
from storage.message.served import serve, served_head
from storage.model import Served
from tests.mail import NOW

SENT = 1_072_958_400  # Thu, 1 Jan 2004 12:00:00 +0000


def listing(raw: bytes, sent: int | None = SENT) -> Listing:
    message_id = b"<1@x.example>"
    octets = serve(raw, served_head(raw, parse_header(raw), message_id, None))
    return decode_listing(listing_row(Material.of(Served(message_id, octets, False), sent, NOW)))


def test_a_plain_message() -> None:
    raw = b"From: Ann <ann@x.example>\nSubject: =?utf-8?q?Gr=C3=BC=C3=9Fe?=\nDate: Thu, 1 Jan 2004 14:00:00 +0200\n\nText.\n"
    assert listing(raw) == Listing(SENT, 120, 0, False, "Ann", "ann@x.example", "Grüße")


def test_without_anything() -> None:
    assert listing(b"\nText.\n", None) == Listing(NOW, None, 0, False, "", "", "")


@pytest.mark.parametrize(
    ("written", "name", "address"),
    [
        ("Ann Other", "Ann Other", ""),
        ("ann", "", "ann"),
        ("Ann <ann>", "Ann", "ann"),
        ("ann@", "", "ann"),
        ("decvax!ann (Ann)", "Ann", "decvax!ann"),
        ("nobody:;", "", "nobody"),
    ],
)
def test_what_is_missing_of_an_address_is_not_made_up(
    written: str, name: str, address: str
) -> None:
    found = listing(f"From: {written}\n\n".encode())
    assert (found.name, found.address) == (name, address)


@pytest.mark.parametrize(
    ("body", "is_patch"),
    [
        ("--- a/x\n+++ b/x\n@@ -1 +1 @@\n-a\n+b\n", True),
        ("Hello\n\n--- a/x\n+++ b/x\n@@ -1,2 +1,2 @@\n", True),
        ("> --- a/x\n> +++ b/x\n> @@ -1,2 +1,2 @@\n", False),
        ("---\n+++ b/x\n@@ -1 @@\n", False),
        ("@@ -1 @@\n", False),
    ],
)
def test_patches(body: str, is_patch: bool) -> None:
    raw = b"From: a@x.example\n\n" + body.encode()
    assert listing(raw).is_patch is is_patch


def test_a_patch_in_base64() -> None:
    raw = (
        b"From: a@x.example\nContent-Transfer-Encoding: base64\n\n"
        b"LS0tIGEveAorKysgYi94CkBAIC0xICsxIEBACi1hCitiCg==\n"
    )
    assert listing(raw).is_patch


def test_attachments() -> None:
    raw = (
        b'From: a@x.example\nContent-Type: multipart/mixed; boundary="b"\n\n--b\n\nText.\n'
        b"--b\nContent-Type: image/png\n\nx\n--b\nContent-Disposition: attachment\n\ny\n"
        b"--b\nContent-Type: text/x-diff\n\nz\n--b--\n"
    )
    assert listing(raw).attachments == 2


def test_long_and_dirty_fields_fit_on_a_line() -> None:
    raw = b"From: %b <a@x.example>\nSubject: =?utf-8?q?a=0Ab=00?= %b\n\n" % (
        b"n" * 3000,
        b"s" * 3000,
    )
    found = listing(raw)
    assert len(found.name) == MAX_NAME
    assert len(found.subject) == MAX_SUBJECT
    assert found.subject.startswith("a b s")


@given(st.binary(max_size=300))
def test_any_octets_have_a_row(raw: bytes) -> None:
    found = listing(raw, None)
    assert found.sent == NOW


def test_what_is_no_row() -> None:
    with pytest.raises(ValueError, match="unpack"):
        decode_listing(b"")
