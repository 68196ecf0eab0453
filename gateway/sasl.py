"""SASL mechanisms without I/O: messages in, credentials out.

PLAIN (RFC 4616) with SASLprep (RFC 4013), and ANONYMOUS (RFC 4505); SCRAM is in ``gateway.scram``. Who the credentials
belong to is not decided here.
"""

from __future__ import annotations

import stringprep
import unicodedata
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

__all__ = ["Credentials", "MalformedMessage", "anonymous", "plain", "prepare"]

_MESSAGE_OCTETS: Final = 3 * 255 + 2
"""Three fields of at most 255 octets and their separators (RFC 4616 s. 2)."""

_TRACE_CHARACTERS: Final = 255
"""RFC 4505 s. 2, token."""

_PROHIBITED_IN_TRACES: Final[tuple[Callable[[str], bool], ...]] = (
    stringprep.in_table_c21_c22,
    stringprep.in_table_c3,
    stringprep.in_table_c4,
    stringprep.in_table_c5,
    stringprep.in_table_c6,
    stringprep.in_table_c8,
    stringprep.in_table_c9,
)
_PROHIBITED: Final = (
    *_PROHIBITED_IN_TRACES,
    stringprep.in_table_c12,
    stringprep.in_table_c7,
    stringprep.in_table_a1,
)


class MalformedMessage(ValueError):
    """The peer's message does not follow the mechanism's syntax, or holds characters it may not."""


@dataclass(frozen=True, slots=True)
class Credentials:
    """What a peer claims: the user it is, its password, and the user it wants to act as (empty: the same)."""

    user: str
    password: str = field(repr=False)
    acting_as: str = ""


def plain(message: bytes) -> Credentials:
    """Read a PLAIN message: ``[authzid] NUL authcid NUL passwd``. RFC 4616 s. 2.

    Raises:
        MalformedMessage: it is not one.
    """
    if len(message) > _MESSAGE_OCTETS:
        raise MalformedMessage("the message is too long")
    parts = message.split(b"\0")
    if len(parts) != 3:
        raise MalformedMessage("the message does not have three fields")
    try:
        acting_as, user, password = (part.decode() for part in parts)
    except UnicodeDecodeError:
        raise MalformedMessage("the message is not UTF-8") from None
    user, password = prepare(user), prepare(password)
    if not user or not password:
        raise MalformedMessage("the user or the password is empty")
    return Credentials(user, password, prepare(acting_as))


def anonymous(message: bytes) -> str:
    """Read an ANONYMOUS message: what somebody wants to leave as a trace, perhaps nothing. RFC 4505 s. 2, 3.

    Raises:
        MalformedMessage: it is not one.
    """
    try:
        trace = message.decode()
    except UnicodeDecodeError:
        raise MalformedMessage("the message is not UTF-8") from None
    if len(trace) > _TRACE_CHARACTERS:
        raise MalformedMessage("the message is too long")
    _check(trace, _PROHIBITED_IN_TRACES)
    return trace


def prepare(text: str) -> str:
    """Return ``text`` as names and passwords are compared: SASLprep, unassigned code points refused. RFC 4013 s. 2.

    Raises:
        MalformedMessage: it holds a character that neither names nor passwords may hold.
    """
    if text.isascii() and text.isprintable():
        return text
    mapped = "".join(
        " " if stringprep.in_table_c12(character) else character
        for character in text
        if not stringprep.in_table_b1(character)
    )
    normal = unicodedata.normalize("NFKC", mapped)
    _check(normal, _PROHIBITED)
    return normal


def _check(text: str, tables: Sequence[Callable[[str], bool]]) -> None:
    """Let a text pass that a stringprep profile allows. RFC 3454 s. 5, 6.

    Raises:
        MalformedMessage: it does not.
    """
    if any(prohibited(character) for character in text for prohibited in tables):
        raise MalformedMessage("the text holds a prohibited character")
    if any(map(stringprep.in_table_d1, text)) and not _is_right_to_left(text):
        raise MalformedMessage("the text mixes writing directions")


def _is_right_to_left(text: str) -> bool:
    """Tell whether a text with right-to-left characters is one throughout. RFC 3454 s. 6."""
    return (
        stringprep.in_table_d1(text[0])
        and stringprep.in_table_d1(text[-1])
        and not any(map(stringprep.in_table_d2, text))
    )
