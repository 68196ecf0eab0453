"""Charsets: octets to text, by the name that mail gives or by a guess."""

from __future__ import annotations

from encodings.aliases import aliases
from typing import Final

__all__ = ["codec", "guessed", "text"]

# Only charsets that Python lists are looked up: it would search for a module of any other name, and not forget it.
_NOT_TEXT: Final = frozenset((
    "base64_codec", "bz2_codec", "hex_codec", "quopri_codec", "rot_13", "uu_codec", "zlib_codec", "mbcs",
))  # fmt: skip  # a list of words
_CODECS: Final = {
    **{codec: codec for codec in aliases.values() if codec not in _NOT_TEXT},
    **{alias: codec for alias, codec in aliases.items() if codec not in _NOT_TEXT},
    # What mail programs declare is often a part of what they send (the WHATWG Encoding Standard, s. 4.2).
    **dict.fromkeys(("iso_8859_1", "iso8859_1", "latin_1", "latin1"), "cp1252"),
    **dict.fromkeys(("gb2312", "gbk", "x_gbk"), "gb18030"),
    **dict.fromkeys(("ks_c_5601_1987", "euc_kr"), "cp949"),
    **dict.fromkeys(("shift_jis", "x_sjis"), "cp932"),
    "iso_8859_8_i": "iso8859_8",
}
_GUESSED: Final = frozenset(("ascii", "utf_8"))


def codec(charset: bytes) -> str:
    """Return Python's name of a charset; empty where it is unknown, or so often wrong that one better guesses.

    A language after the name is let go (RFC 2231 s. 5).
    """
    name = charset.partition(b"*")[0].decode("ascii", "replace").lower().replace("-", "_")
    found = _CODECS.get(name, "")
    return "" if found in _GUESSED else found


def text(octets: bytes, charset: bytes) -> str:
    """Return octets of a charset as text; what they cannot mean becomes U+FFFD."""
    known = codec(charset)
    return octets.decode(known, "replace") if known else guessed(octets)


def guessed(octets: bytes) -> str:
    """Return octets of an unknown charset as text: ISO-2022-JP by its escapes, UTF-8 if they are, else Windows-1252."""
    if b"\x1b$" in octets:
        return octets.decode("iso2022_jp", "replace")
    try:
        return octets.decode("utf-8")
    except UnicodeDecodeError:
        return octets.decode("cp1252", "replace")
