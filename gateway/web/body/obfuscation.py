"""Obfuscation: e-mail addresses shortened as blists does it, so that whoever gathers addresses finds none.

Of what looks like an address the three characters after the ``@`` become ``...``: ``user@example.com`` is shown as
``user@...mple.com``. It looks like one where a character that may stand in an address comes before the ``@``, and four
come after it; so nothing shorter than four characters is a domain. Two things differ from blists: characters beyond
ASCII may stand in an address (RFC 6531), and the ``+`` or ``-`` with which a line of a diff begins may not, as
``+@Override`` is none.

What stands in the path or query of a URL is left whole, as blists leaves it: links to other archives hold Message-IDs.
Obfuscating twice is the same as once.
"""

from __future__ import annotations

import re
from typing import Final

__all__ = ["ADDRESS", "URL", "obfuscated", "obfuscated_bytes"]

_ATOM: Final = r"[!#-'*+\--9=?A-Z^-~\x80-\U0010ffff]"
_ATOM_OCTET: Final = rb"[!#-'*+\--9=?A-Z^-~\x80-\xff]"
_ATOM_OCTETS: Final = (
    rb"(?:[!#-'*+\--9=?A-Z^-~]|[\x80-\xff][\x80-\xbf]*+)"  # a character of UTF-8 is one
)

# All begin with what is rare, so that the search is fast, and look back from there.
ADDRESS: Final = rf"@(?<={_ATOM}@)(?<!^[+\-]@){_ATOM}{{3}}(?={_ATOM})"
"""What is replaced of an address; to be compiled with ``re.MULTILINE``."""

_SCHEME: Final = r":(?:(?<=(?i:https):)|(?<=(?i:http):)|(?<=(?i:ftp):))//(?![^\s<>\"/?#@]*+@)"

URL: Final = rf"{_SCHEME}[^\s<>\"\x00-\x20\x7f-\xa0\u2000-\U0010ffff]*+"
"""A URL that is shown as a link, from its colon on; one with a user's name in it is none."""

_FOUND: Final = re.compile(f"{URL}|({ADDRESS})", re.MULTILINE)
_FOUND_OCTETS: Final = re.compile(
    rb"%b[^\s<>\"\x00-\x20\x7f\xe2-\xff]*+|(@(?<=%b@)(?<!^[+\-]@)%b{3}(?=%b))"
    % (_SCHEME.encode(), _ATOM_OCTET, _ATOM_OCTETS, _ATOM_OCTET),
    re.MULTILINE,
)


def obfuscated(text: str) -> str:
    """Return text with its addresses obfuscated; in linear time."""
    return _FOUND.sub(_shortened, text) if "@" in text else text


def obfuscated_bytes(octets: bytes) -> bytes:
    """Return text in any charset that is like ASCII with its addresses obfuscated; in linear time."""
    return _FOUND_OCTETS.sub(_shortened_octets, octets) if b"@" in octets else octets


def _shortened(found: re.Match[str]) -> str:
    return "@..." if found[1] else found[0]


def _shortened_octets(found: re.Match[bytes]) -> bytes:
    return b"@..." if found[1] else found[0]
