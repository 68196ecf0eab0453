"""Mail made to keep a reader's neighbours waiting is read in many short steps, whatever it consists of."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import pytest

from gateway.web.body import fetching, obfuscated_octets, obfuscating, parse, parsing
from gateway.web.body.diffs import stat
from storage.message.structure import structure, structuring
from tests.web.body.seen import driven, message

if TYPE_CHECKING:
    from collections.abc import Mapping

_NESTED: Final = b"Content-Type: multipart/mixed; boundary=b0\r\n\r\n" + b"".join(
    b"--b%d\r\nContent-Type: multipart/mixed; boundary=b%d\r\n\r\n" % (at, at + 1)
    for at in range(2000)
)
_MANY: Final = (
    b"Content-Type: multipart/alternative; boundary=b\r\n\r\n" + b"--b\r\n\r\nx\r\n" * 2000
)
_IN_VAIN: Final = _NESTED[: _NESTED.index(b"--b2\r")] + b"\r\n--" * 10_000
_QUOTED: Final = message(
    " \n" * 300_000, "Content-Type: text/x-x; name=x", "Content-Transfer-Encoding: quoted-printable"
)

HOSTILE: Final[Mapping[str, bytes]] = {
    "parts within parts": _NESTED,
    "many parts": _MANY,
    "what looks like delimiters": _IN_VAIN,
    "what is encoded": _QUOTED,
    "quotations": message("> a\n>> b\n" * 10_000),
    "files": message("diff --git a b\n\n" + "Index: \n" * 20_000),
    "references": message("&a" * 50_000, "Content-Type: text/html"),
}


@pytest.mark.parametrize("octets", HOSTILE.values(), ids=HOSTILE)
def test_it_is_shown_in_steps(octets: bytes) -> None:
    count, parsed = driven(parsing(octets, obfuscate=True))
    assert count >= 6
    assert parsed == parse(octets, obfuscate=True) or parsed.attachments


@pytest.mark.parametrize("octets", [_NESTED, _MANY, _IN_VAIN, _QUOTED])
def test_it_is_handed_out_in_steps(octets: bytes) -> None:
    assert driven(fetching(octets, 1, obfuscate=True))[0] >= 4
    assert len(list(obfuscating(octets))) >= 4


def test_its_structure_is_the_same_step_by_step() -> None:
    for octets in (_NESTED, _MANY, _IN_VAIN):
        count, root = driven(structuring(octets))
        assert count >= 20
        assert len(root.children) == len(structure(octets).children)


def test_long_headers_are_looked_through_in_steps() -> None:
    octets = b"A: b@example.org\r\n" * 5000 + b"\r\nx"
    assert len(list(obfuscating(octets))) > 10
    assert obfuscated_octets(octets) == b"A: b@...mple.org\r\n" * 5000 + b"\r\nx"


def test_a_line_with_many_blanks_is_no_diffstat_at_once() -> None:
    assert stat(" x" + " " * 300 + "| y") is None
    said = stat(" x  y" + " " * 100 + "| 1 +")
    assert said is not None
    assert said.written == "x  y"


def test_boundaries_are_kept_where_they_divide() -> None:
    octets = (
        b'Content-Type: multipart/mixed; boundary="b@bcdef"\r\n\r\n'
        b"--b@bcdef\r\n\r\nask b@bcdef\r\n--b@bcdef--\r\n"
    )
    assert obfuscated_octets(octets) == octets.replace(b"ask b@bcdef", b"ask b@...ef")
