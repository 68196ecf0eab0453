"""Peers: what lists are pulled from and fed to, and how that goes.

A *mirror* is a list that is pulled from another server; a *feed* pushes lists to one. *Health* is what became of the
last run of either, a *refusal* what a peer will never take.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["DEFAULT_EVERY", "Feed", "Health", "Mirror", "Refusal", "shown_url"]

DEFAULT_EVERY: Final = 60
"""Seconds from the beginning of one run to that of the next, where nobody says otherwise."""

_WEB: Final = ("http", "https", "git+http", "git+https")
"""Schemes whose user may be a token, as secret as a password."""


@dataclass(frozen=True, slots=True)
class Mirror:
    """A list that is pulled from a URL, which may hold a password.

    ``every`` counts seconds. ``window`` is how many requests may be under way at once; 0 leaves that to the source.
    ``quiet`` are the hours, in local time, in which nothing is pulled, as ``08:00-18:00``; empty for none. ``added``
    is when it was added or last changed.
    """

    name: str
    url: str
    every: int = DEFAULT_EVERY
    window: int = 0
    quiet: str = ""
    added: int = 0


@dataclass(frozen=True, slots=True)
class Feed:
    """What a peer is pushed: the lists that the wildmat ``lists`` names; the rest is as in ``Mirror``.

    ``path`` is the peer's path identity: what its Path names is not offered. ``groups`` gives the newsgroup of a list
    that is called otherwise there. ``injection_date`` tells that a message without Injection-Date gets one.
    """

    peer: str
    url: str
    lists: str = "*"
    window: int = 0
    injection_date: bool = True
    path: str = ""
    groups: Mapping[str, str] = field(default_factory=dict)
    every: int = DEFAULT_EVERY
    quiet: str = ""
    added: int = 0


@dataclass(frozen=True, slots=True)
class Health:
    """How a mirror or a feed is.

    ``attempted`` is when its last run began, ``succeeded`` when the last one that reached its end did (0 for never);
    ``error`` is why the last one did not, in one line without passwords, and ``failures`` how many did not since.
    ``lag`` counts the messages that one side has and the other has not, None where that cannot be told. ``messages``
    and ``octets`` are what the last run that moved any moved, in ``seconds``; ``total`` is the messages of all runs.
    ``due`` is when the next run is.
    """

    attempted: int = 0
    succeeded: int = 0
    error: str = ""
    failures: int = 0
    lag: int | None = None
    messages: int = 0
    octets: int = 0
    seconds: float = 0.0
    total: int = 0
    due: int = 0


@dataclass(frozen=True, slots=True)
class Refusal:
    """A message that a peer refused for good, with the response in the peer's words."""

    peer: str
    name: str
    number: int
    message_id: bytes
    response: str
    at: int


def shown_url(url: str) -> str:
    """Return a URL without its password, as it may be shown, logged, and used for its identity.

    A user stays, but not one of the web's, who may be a token. What is no URL comes back as it is, but for a password
    with ``/``, ``?`` or ``#`` in it, which should be written otherwise there.
    """
    scheme, found, rest = url.partition("://")
    if not found:
        return url
    end = min((at for at in map(rest.find, "/?#") if at >= 0), default=len(rest))
    port = rest[:end].rpartition("]")[2].partition(":")[2]
    if "@" not in rest[:end] and "@" in rest[end:] and port and not port.isdigit():
        end = len(rest)
    userinfo, at, host = rest[:end].rpartition("@")
    user = "" if scheme.lower() in _WEB else userinfo.partition(":")[0]
    return f"{scheme}://{user}{at if user else ''}{host}{rest[end:]}"
