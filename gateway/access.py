"""Who may read which list.

A list that a reader may not read is, for that reader, a list that does not exist: in every face, every count, every
Xref and every search. So there is one question to ask, ``Access.readable``, and no error that tells the two apart.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, Protocol

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

    from gateway.scram import ScramCredentials

__all__ = ["ANONYMOUS", "EVERY_LIST", "Access", "Authenticator", "Policy", "Reader"]

EVERY_LIST: Final = "*"
"""Stands for all lists among the names of those that not everybody may read."""


@dataclass(frozen=True, slots=True)
class Reader:
    """Who reads: a user that logged in, or anybody (``user`` is None)."""

    user: str | None = None


ANONYMOUS = Reader()


@dataclass(frozen=True, slots=True)
class Access:
    """What one reader may read: every list that is not hidden from it; ``hidden`` holds case-folded names.

    Equal ones allow the same, so that what was rendered for one reader may be sent to another. With ``login_needed``
    nothing may be read before logging in.
    """

    hidden: frozenset[str] = frozenset()
    login_needed: bool = False

    def readable(self, name: str) -> bool:
        """Tell whether the list called ``name`` may be read, if there is one."""
        return not self.hidden or name.casefold() not in self.hidden


class Policy:
    """Decides what each reader may read.

    ``readers`` maps the name of a restricted list, in any case, to the users that may read it; every other list is
    for anybody, or, with ``login_needed``, for everybody who logged in.
    """

    def __init__(
        self, readers: Mapping[str, Collection[str]] | None = None, *, login_needed: bool = False
    ) -> None:
        self.replace(readers or {}, login_needed=login_needed)

    def replace(self, readers: Mapping[str, Collection[str]], *, login_needed: bool) -> None:
        """Decide by these from now on, also for those who are reading."""
        self._readers = {name.casefold(): frozenset(users) for name, users in readers.items()}
        self._login_needed = login_needed
        self._known: dict[str | None, Access] = {}  # there are as many as users

    def access(self, reader: Reader) -> Access:
        """Return what ``reader`` may read."""
        known = self._known.get(reader.user)
        if known is None:
            hidden = (name for name, users in self._readers.items() if reader.user not in users)
            known = Access(frozenset(hidden), self._login_needed and reader.user is None)
            self._known[reader.user] = known
        return known


class Authenticator(Protocol):
    """Checks credentials."""

    async def password(self, user: str, password: str) -> Reader | None:
        """Return the reader with this name and password, or None."""
        ...

    async def scram(self, user: str) -> ScramCredentials:
        """Return what SCRAM-SHA-256 is to check a user by.

        For a name that nobody has, it looks as for one that somebody has, is the same each time, and no proof fits it.
        """
        ...
