"""ESEARCH: what of the result is told. RFC 4731; RFC 9051 s. 6.4.4."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from gateway.imap.registry import SEARCH_RETURNS, Return, capability

if TYPE_CHECKING:
    from collections.abc import Iterator

    from gateway.imap.results import Results

capability(b"ESEARCH")

_FIRST: Final = slice(0, 1)
_LAST: Final = slice(-1, None)


def _min(results: Results) -> Iterator[bytes]:
    for number in results.shown(results.part(_FIRST)):
        yield b" MIN %d" % number


def _max(results: Results) -> Iterator[bytes]:
    for number in results.shown(results.part(_LAST)):
        yield b" MAX %d" % number


def _all(results: Results) -> Iterator[bytes]:
    if results.head:
        yield b" ALL "
        yield from results.sets(results.head)


def _count(results: Results) -> Iterator[bytes]:
    yield b" COUNT %d" % len(results.head)


SEARCH_RETURNS[b"MIN"] = lambda _: Return(_min, _FIRST)
SEARCH_RETURNS[b"MAX"] = lambda _: Return(_max, _LAST)
SEARCH_RETURNS[b"ALL"] = lambda _: Return(_all)
SEARCH_RETURNS[b"COUNT"] = lambda _: Return(_count)
