"""A web archive without a server: what it answers to a path."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from gateway.access import Access
from gateway.web.answering import Answering
from gateway.web.settings import Settings
from tests.mail import NOW, done

if TYPE_CHECKING:
    from gateway.web.answers import Answer
    from storage.archive import Archive

__all__ = ["ORIGIN", "Asked"]

ORIGIN: Final = "http://x.example"


class Asked:
    """Answers to anybody."""

    def __init__(self, archive: Archive, settings: Settings | None = None) -> None:
        self._answering = Answering(archive, settings or Settings(origin=ORIGIN))

    def answer(self, path: str) -> tuple[Answer, bytes]:
        """Return the answer to a request, and its whole body."""
        return done(self._whole(path))

    def followed(self, path: str) -> tuple[Answer, bytes]:
        """Return the answer to a request, from where it sends if it does."""
        for _ in range(4):
            answer, body = self.answer(path)
            if answer.status not in {301, 302, 303, 307, 308}:
                return answer, body
            path = answer.headers["Location"].removeprefix(ORIGIN).partition("#")[0]
        raise AssertionError(f"{path} goes on and on")

    async def _whole(self, path: str) -> tuple[Answer, bytes]:
        ask = self._answering.ask(path.encode(), ORIGIN)
        answer = await self._answering.answer(ask, Access(), _go_on, NOW)
        if isinstance(answer.body, bytes):
            return answer, answer.body
        return answer, b"".join([piece async for piece in answer.body])


async def _go_on() -> None:
    """Do not pause."""
