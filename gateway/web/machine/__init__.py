"""What the web archive has for programs: documents, feeds and mailboxes, and the addresses of other archives.

Each module adds its own to the table of ``gateway.web.routes``.
"""

from gateway.web.machine import atom, lists, mbox, messages, openapi, searching

__all__ = ["atom", "lists", "mbox", "messages", "openapi", "searching"]
