"""STATUS=SIZE. RFC 8438. The item stands with STATUS, since IMAP4rev2 has it as well."""

from __future__ import annotations

from gateway.imap.registry import capability

capability(b"STATUS=SIZE")
