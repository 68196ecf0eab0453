"""What real archives hold, counted; skipped where they are not."""

from __future__ import annotations

import lzma
import re
from typing import TYPE_CHECKING

from storage.message.dates import from_line, received, sent
from storage.message.fields import parse_header
from storage.message.ids import message_id
from storage.message.same import identity
from storage.message.served import served_head

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


def records(path: Path) -> Iterator[tuple[bytes, bytes]]:
    """Yield the separator and the octets of each record of an mboxrd."""
    with lzma.open(path) as file:
        text = file.read()
    for record in re.split(rb"(?m)^(?=From )", text)[1:]:
        line, _, raw = record.partition(b"\n")
        yield line, re.sub(rb"(?m)^>(>*From )", rb"\1", raw)


def test_kernel_hardening_is_6176_mails(corpus: Path) -> None:
    mails: dict[bytes, set[bytes]] = {}
    renewed = 0
    for line, raw in records(corpus / "kernel-hardening.mbox.xz"):
        header = parse_header(raw)
        own, verbatim = message_id(header)
        assert own is not None
        assert verbatim
        assert None not in {sent(header), received(header), from_line(line)}
        mails.setdefault(own, set()).add(identity(raw, header))
        renewed += served_head(raw, header, own, None) is not None
    assert len(mails) == 6175
    assert sum(map(len, mails.values())) == 6176
    assert [own for own, kept in mails.items() if len(kept) > 1] == [
        b"<616f01f5.1c69fb81.68920.23b8@mx.google.com>"
    ]
    assert renewed == 25  # no space after a colon, or nothing on a field's first line
