"""The page that explains: how to search, what the addresses mean, how to read by other means."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NamedTuple
from urllib.parse import urlsplit

from gateway.web.answers import EVERY_LIST
from gateway.web.routes import route
from gateway.web.templates import page

if TYPE_CHECKING:
    from gateway.web.answers import Answer
    from gateway.web.asks import Ask
    from gateway.web.reading import Reading

NO_LIST: Final = "LIST"
"""The list of the examples where there is none."""

_PORTS: Final = {"nntp": 119, "nntps": 563, "news": 119, "imap": 143, "imaps": 993}


class Server(NamedTuple):
    """Where another face is reached; ``place`` is host and port in one, as many programs take it."""

    url: str
    host: str
    port: int
    place: str
    is_secure: bool


@route("/help")
async def explained(reading: Reading, ask: Ask) -> Answer:
    """Explain the archive to its readers."""
    records = reading.lists()
    settings = reading.settings
    return page(
        "help.html",
        reading,
        ask,
        "Help",
        lists=frozenset({EVERY_LIST}),
        example=records[0].name if records else NO_LIST,
        base=ask.origin + reading.urls.root,
        news=_server(settings.news_url),
        mail=_server(settings.mail_url),
        is_veiled=settings.obfuscate or any(settings.obfuscated.values()),
    )


def _server(url: str) -> Server | None:
    """Return the host and port of an address; None where there is none."""
    if not url:
        return None
    parts = urlsplit(url)
    port = parts.port or _PORTS[parts.scheme]
    host = parts.hostname or ""
    place = f"[{host}]:{port}" if ":" in host else f"{host}:{port}"
    return Server(url, host, port, place, parts.scheme in {"nntps", "imaps"})
