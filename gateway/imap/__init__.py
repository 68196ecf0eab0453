"""IMAP: lists as mailboxes that nobody changes (RFC 9051, RFC 3501), with flags of each user's own.

Theory of operation. A ``Session`` cuts input into commands (``framing``), reads a command's name, and looks it up in
``registry.COMMANDS``. A command is an async generator of octets: it reads its arguments with a ``grammar.Parser``,
decides, and yields its untagged responses, each piece whole. It raises ``No`` or ``Bad`` to refuse. The session ends it
with what changed in the selected mailbox (``updates``) and the tagged response.

A mailbox's UIDs are the list's numbers. Its sequence numbers are arithmetic over a snapshot of the list (``view``).
FETCH reads the rows of renditions a page at a time and joins them by one form a message (``rows``).

Every extension is a module in ``commands`` or ``extensions`` that adds rows to the tables of ``registry``: commands,
items, keys, options, capabilities. What truly cuts across stands in the core: VANISHED (``updates``), UTF-8 in strings
(``grammar``), COMPRESS and STARTTLS (``gateway.wire.Upgrade``).
"""

from importlib import import_module
from pkgutil import iter_modules

from gateway.imap import commands, extensions
from gateway.imap.session import Session
from gateway.imap.settings import Settings

__all__ = ["Session", "Settings"]

for _package in (commands, extensions):
    for _module in iter_modules(_package.__path__):
        import_module(f"{_package.__name__}.{_module.name}")
