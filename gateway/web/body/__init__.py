"""Messages as web pages show them: their text as HTML, their attachments, addresses obfuscated or not.

``parse`` (or ``parsing``, step by step) takes a message in its served form and tells what it says, and which messages it
mentions; whoever has looked these up has ``render`` make the HTML of it. ``attachment`` (or ``fetching``) returns what is
handed out of a message on its own. ``obfuscated`` and ``obfuscated_octets`` (or ``obfuscating``) are what every place
uses that addresses appear in.
"""

from __future__ import annotations

from gateway.web.body.attachments import Attachment, Download
from gateway.web.body.obfuscation import obfuscated
from gateway.web.body.octets import obfuscated_octets, obfuscating
from gateway.web.body.parts import attachment, fetching
from gateway.web.body.rendering import Parsed, parse, parsing, render

__all__ = [
    "Attachment",
    "Download",
    "Parsed",
    "attachment",
    "fetching",
    "obfuscated",
    "obfuscated_octets",
    "obfuscating",
    "parse",
    "parsing",
    "render",
]
