"""Who logs in, and for how long that is remembered."""

from __future__ import annotations

import base64

from gateway.access import Reader
from gateway.web import logins
from gateway.web.logins import Logins
from tests.mail import done


class Anybody:
    """Lets in whoever has a password."""

    async def password(self, user: str, password: str) -> Reader | None:
        return Reader(user) if password else None

    async def scram(self, user: str) -> None:
        raise AssertionError(user)


def field(user: str, password: str) -> bytes:
    return b"Basic " + base64.b64encode(f"{user}:{password}".encode())


def test_remembered_for_a_while() -> None:
    known = Logins(Anybody())  # type: ignore[arg-type]  # SCRAM is not spoken here
    assert known.known(field("a", "x"), 0) is None
    assert done(known.check(field("a", "x"), 0)) == Reader("a")
    assert known.known(field("a", "x"), 599) == Reader("a")
    assert known.known(field("a", "x"), 600) is None
    assert known.known(field("a", "y"), 0) is None
    assert done(known.check(field("a", ""), 0)) is None
    assert known.known(field("a", ""), 0) is None


def test_memory_is_bounded() -> None:
    known = Logins(Anybody())  # type: ignore[arg-type]  # SCRAM is not spoken here
    for at in range(logins.MOST_REMEMBERED + 1):
        done(known.check(field("a", str(at + 1)), 0))
    assert known.known(field("a", "1"), 0) is None
    assert known.known(field("a", "2"), 0) == Reader("a")


def test_no_password_is_kept() -> None:
    known = Logins(Anybody())  # type: ignore[arg-type]  # SCRAM is not spoken here
    done(known.check(field("a", "secret"), 0))
    assert b"secret" not in repr(known._known).encode()
    assert field("a", "secret") not in known._known
