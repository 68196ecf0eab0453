"""The LMTP face: takes live mail from a mail server on this machine (RFC 2033).

A mail server hands a list's mail over as to a mailbox. Each recipient is answered for by itself once the mail is stored,
so that the mail server keeps what could not be. There is no HELO, no relaying and no checking of senders: who may connect
is the listener's address, or the permissions of its socket.
"""

from gateway.lmtp.recipients import Recipients
from gateway.lmtp.session import Session
from gateway.lmtp.settings import Settings

__all__ = ["Recipients", "Session", "Settings"]
