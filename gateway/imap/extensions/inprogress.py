"""INPROGRESS: word from a command that takes long. RFC 9585. What gives it is ``gateway.imap.finding.Progress``."""

from __future__ import annotations

from gateway.imap.registry import capability

capability(b"INPROGRESS")
