"""The commands of LMTP: each takes the session and its argument, and returns a reply or raises ``LmtpError``."""

from gateway.lmtp.commands import greeting, mail

__all__ = ["COMMANDS"]

COMMANDS = {**greeting.COMMANDS, **mail.COMMANDS}
"""What each command does, by its name."""
