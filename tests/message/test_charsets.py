from __future__ import annotations

import pytest

from storage.message.charsets import _CODECS, codec, guessed, text


@pytest.mark.parametrize("name", sorted(set(_CODECS.values())))
def test_every_codec_that_mail_may_name_decodes_anything(name: str) -> None:
    assert isinstance(bytes(range(256)).decode(name, "replace"), str)


@pytest.mark.parametrize(
    ("charset", "name"),
    [
        (b"ISO-8859-1", "cp1252"),
        (b"iso-8859-2*pl", "iso8859_2"),
        (b"us-ascii", ""),
        (b"UTF-8", ""),
        (b"x-klingon", ""),
        (b"caf\xe9", ""),
        (b"", ""),
    ],
)
def test_charsets_by_name(charset: bytes, name: str) -> None:
    assert codec(charset) == name


def test_text() -> None:
    assert text(b"\xb1", b"iso-8859-2") == "ą"
    assert text("ą".encode(), b"us-ascii") == "ą"
    assert text(b"\xe9", b"utf-8") == "é"
    assert guessed(b"\x1b$BF|K\\\x1b(B") == "日本"
