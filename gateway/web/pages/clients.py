"""Links that open a message, or say how to answer it, in programs other than a browser. RFC 5092, RFC 5538, RFC 6068."""

from __future__ import annotations

import re
from dataclasses import dataclass
from shlex import quote as shell_quoted
from typing import TYPE_CHECKING, Final
from urllib.parse import quote, quote_from_bytes

from storage.message.addresses import MISSING_DOMAIN, MISSING_MAILBOX, addresses
from storage.message.ids import answered, references

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from gateway.web.settings import Settings
    from storage.message.fields import Header
    from storage.model import MailingList

__all__ = ["Reply", "opened_in", "reply"]

MAX_RECIPIENTS: Final = 50
"""Addresses that an answer is sent to: a link with more is none that programs take."""

MAX_REFERENCES: Final = 10
"""Message-IDs of References that an answer takes over, the last ones, beside the first."""

_MAX_TITLE: Final = 500  # characters of a subject
_SAFE: Final = "@!$'()*,;:~"  # of those that RFC 6068 s. 2 and RFC 5538 s. 2.2 allow
_PLAIN_ADDRESS: Final = re.compile(rb"[!#-'*+\-/-9=?A-Z^-~.]++@[0-9A-Za-z.\-]++")


def opened_in(
    settings: Settings, record: MailingList, number: int, message_id: bytes
) -> Sequence[tuple[str, str]]:
    """Return the addresses of a message in other programs, and what to call them."""
    found = []
    if settings.news_url:
        bare = quote_from_bytes(message_id[1:-1], safe=_SAFE)
        found = [
            ("newsreader, by Message-ID", f"news:{bare}"),
            ("newsreader, by number", f"{settings.news_url}/{quote(record.name)}/{number}"),
        ]
    if settings.mail_url:
        place = f"{quote(record.name)};UIDVALIDITY={record.validity}/;UID={number}"
        found.append(("mail program, over IMAP", f"{settings.mail_url}/{place}"))
    return found


@dataclass(frozen=True, slots=True)
class Reply:
    """How to answer a message: a link for mail programs, and the command that sends a patch as an answer, by lines."""

    mailto: str
    command: Sequence[str]


def reply(
    address: str, header: Header, message_id: bytes, subject: str, *, is_veiled: bool
) -> Reply:
    """Return how to answer a message of the list that has this address, or an empty one.

    It goes to who wrote it, with a copy to all whom it went to. Where addresses are shortened it goes to the list alone,
    or to whom the reader knows.
    """
    to, cc = _recipients(address, header, is_veiled=is_veiled)
    answered_to = [
        *(references(header.first(b"references") or b"") or answered(header)),
        message_id,
    ]
    ids = (
        answered_to
        if len(answered_to) <= MAX_REFERENCES
        else answered_to[:1] + answered_to[-MAX_REFERENCES:]
    )
    answer = subject if subject[:3].lower() == "re:" else f"Re: {subject}".rstrip()
    parts = [
        *([("cc", ",".join(cc))] if cc else ()),
        ("subject", answer[:_MAX_TITLE]),
        ("in-reply-to", message_id.decode()),
        ("references", b" ".join(ids).decode()),
    ]
    query = "&".join(
        f"{name}={quote(value, safe=_SAFE, errors='replace')}" for name, value in parts
    )
    options = [
        f"--in-reply-to={message_id.decode()}",
        *(f"--to={each}" for each in to),
        *(f"--cc={each}" for each in cc),
    ]
    command = [
        "git send-email",
        *(f"    {shell_quoted(each)}" for each in options),
        "    YOUR.patch",
    ]
    return Reply(f"mailto:{quote(','.join(to), safe='@,')}?{query}", command)


def _recipients(
    address: str, header: Header, *, is_veiled: bool
) -> tuple[Sequence[str], Sequence[str]]:
    """Return whom an answer goes to, and who gets a copy."""
    if is_veiled:
        return ([address] if address else []), []
    to = _mailboxes([header.first(b"reply-to") or header.first(b"from") or b""])
    cc = _mailboxes([*header.every(b"to"), *header.every(b"cc"), address.encode()])
    known = {each.casefold() for each in to}
    return to, [each for each in cc if each.casefold() not in known]


def _mailboxes(values: Iterable[bytes]) -> Sequence[str]:
    """Return the addresses in some fields, each once; those that a command or a link might take for something else are not."""
    found: dict[str, str] = {}
    for value in values:
        for each in addresses(value):
            if each.mailbox in {None, MISSING_MAILBOX} or each.host in {None, MISSING_DOMAIN}:
                continue
            octets = b"%b@%b" % (each.mailbox, each.host)
            if _PLAIN_ADDRESS.fullmatch(octets):
                found.setdefault(octets.decode().casefold(), octets.decode())
    return list(found.values())[:MAX_RECIPIENTS]
