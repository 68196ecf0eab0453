"""A made archive, and what its machine-readable side answers, without HTTP."""

from __future__ import annotations

import asyncio
import gzip
import json
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from gateway.access import Access
from gateway.web import machine, pages  # noqa: F401 - they fill the table of routes
from gateway.web.answers import Answer, Refusal
from gateway.web.asks import Ask
from gateway.web.reading import Reading
from gateway.web.routes import routed
from gateway.web.settings import Settings
from gateway.web.urls import Urls
from tests.mail import MemoryEngine, fill

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from storage.archive import Archive

ORIGIN = "https://lists.example"
OPEN = Settings(obfuscate=False)
SHORT = Settings(obfuscate=True)


@dataclass(slots=True)
class World:
    """Lists, and a reader of them."""

    mails: Mapping[str, Sequence[bytes]]
    settings: Settings = OPEN
    addresses: Mapping[str, str] = field(default_factory=dict)
    hidden: frozenset[str] = frozenset()
    engine: MemoryEngine = field(default_factory=MemoryEngine)
    reading: Reading = field(init=False)

    def __post_init__(self) -> None:
        for name, mails in self.mails.items():
            fill(self.engine.writer(), name, mails)
        with self.engine.writer().batch() as batch:
            for name, address in self.addresses.items():
                batch.describe(name, address=address)
        self.reading = Reading(self.archive, self.settings, access=Access(self.hidden))

    @property
    def archive(self) -> Archive:
        return self.engine.archive()

    def hide(self, name: str, *numbers: int) -> None:
        with self.engine.writer().batch() as batch:
            batch.hide(name, numbers)
        self.engine.archive()

    def below(self, root: str) -> World:
        """Return the same lists below a path."""
        other = replace(self, mails={}, addresses={})
        other.reading = replace(self.reading, urls=Urls(root))
        return other

    def get(self, target: str, origin: str = ORIGIN) -> Answer:
        """Return the answer to a request; raises Refusal."""
        ask = Ask.of(target.encode(), origin)
        reading = replace(self.reading, archive=self.archive)

        async def answer() -> Answer:
            function, captured = routed(ask)
            found = await function(reading, ask, **captured)
            if isinstance(found.body, bytes):
                return found
            return replace(found, body=b"".join([piece async for piece in found.body]))

        return asyncio.run(answer())

    def octets(self, target: str, origin: str = ORIGIN) -> bytes:
        body = self.get(target, origin).body
        assert isinstance(body, bytes)
        return body

    def json(self, target: str) -> Any:
        return json.loads(self.octets(target))

    def mbox(self, target: str) -> bytes:
        return gzip.decompress(self.octets(target))

    def refusal(self, target: str) -> Refusal:
        try:
            self.get(target)
        except Refusal as refusal:
            return refusal
        raise AssertionError(f"{target} was answered")
