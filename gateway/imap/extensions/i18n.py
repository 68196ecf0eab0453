"""I18NLEVEL=1: texts are compared by i;unicode-casemap. RFC 5255 s. 4.3. What does it is ``storage.message.text.fold``."""

from __future__ import annotations

from gateway.imap.registry import capability

capability(b"I18NLEVEL=1")
