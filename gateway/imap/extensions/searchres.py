"""SEARCHRES: ``$`` stands for what the last search with SAVE found. RFC 5182; RFC 9051 s. 6.4.4.1."""

from __future__ import annotations

from gateway.imap.registry import SEARCH_RETURNS, Return, capability

capability(b"SEARCHRES")

SEARCH_RETURNS[b"SAVE"] = lambda _: Return()
