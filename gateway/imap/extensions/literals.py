"""LITERAL+: literals that do not wait for the server. RFC 7888. How they are taken stands in ``gateway.imap.framing``."""

from __future__ import annotations

from gateway.imap.registry import capability

capability(b"LITERAL+")
