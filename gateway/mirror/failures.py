"""What goes wrong between here and another server, as one line for the operator: the URL, what happened, the remedy."""

from __future__ import annotations

import ssl
from typing import TYPE_CHECKING, Final

from storage.errors import SourceError

if TYPE_CHECKING:
    from gateway.mirror.url import PeerUrl

__all__ = ["failed", "not_connected"]

MAX_WHY: Final = 500
"""Characters of what a server said that are shown."""


def failed(url: PeerUrl, why: str, remedy: str) -> SourceError:
    """Return an error that names the server, and never the password, though the server may have said it again."""
    if url.password:
        why = why.replace(url.password, "...")
    why = "".join(
        [character if character.isprintable() else " " for character in why[:MAX_WHY]]
    ).strip()
    return SourceError(f"{url.shown}: {why}: {remedy}")


def not_connected(url: PeerUrl, error: OSError) -> SourceError:
    """Return what the system or TLS said when a connection was being made."""
    if isinstance(error, ssl.SSLCertVerificationError):
        why = f"its certificate does not hold ({error.verify_message})"
        return failed(
            url,
            why,
            "name the host as its certificate does; for a CA of your own set SSL_CERT_FILE",
        )
    if isinstance(error, ssl.SSLError):
        return failed(url, f"no TLS ({error.reason or error})", "check port and scheme")
    why = f"cannot connect ({error.strerror or error})"
    return failed(url, why, "check host and port, and whether the server runs")
