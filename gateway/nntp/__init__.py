"""NNTP: lists as newsgroups, read-only but for peers that feed them (RFC 3977, 2980, 4642, 4643, 4644, 6048, 8054).

Theory of operation. A ``Session`` splits input into lines and looks the keyword up in ``registry.COMMANDS``. A command
is an async generator of octets: it parses its arguments, decides, and yields its response in pieces. It raises
``NntpError`` to refuse, which it may do only before its first piece; a fault after that ends the connection, because
inside a block a client would take a status line for text. Every extension is a module in ``commands`` that adds rows
to the tables of ``registry``, with its capability lines; no other file names it.

An article from a peer comes as a ``block.Block`` behind its command. The ``sink.Sink``, one for all sessions, says whether
it is wanted and has it stored; meanwhile the session reads on, and what answers the commands behind it stands in ``late.Late``.
"""

from importlib import import_module
from pkgutil import iter_modules

from gateway.nntp import commands
from gateway.nntp.session import Session
from gateway.nntp.settings import Settings

__all__ = ["Session", "Settings"]

for _module in iter_modules(commands.__path__):
    import_module(f"{commands.__name__}.{_module.name}")
