"""Pages in the manner of blists, made of messages: what it shows of them, and how it links them."""

from __future__ import annotations

import html
import re
from dataclasses import dataclass, field
from datetime import UTC, datetime
from email import message_from_bytes
from email.header import decode_header, make_header
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence
    from email.message import Message

_SITE = """<!DOCTYPE html>
<html>
<head>

<title>{list_name}{subject}</title>
<style type="text/css">.cal_brief {{ text-align: center; }}</style>
</head>
<body>
<a href="/">lists.openwall.net</a> <a href="https://lists.openwall.net/">lists</a>
"""
_FOOT = (
    '</pre>\n<p><a href="https://www.openwall.com/blists/">Powered by blists</a>'
    ' - <a href="https://lists.openwall.net">more mailing lists</a>\n</body>\n</html>\n'
)
_ADDRESS = re.compile(
    r"(?<=[A-Za-z0-9!#$%&'*+/=?^_`{|}~.-])@[A-Za-z0-9!#$%&'*+/=?^_`{|}~.-]{3}(?=[A-Za-z0-9!#$%&'*+/=?^_`{|}~.-])"
)
_ID = re.compile(r"<[^<>\s]+>")


@dataclass(slots=True)
class Mail:
    """A message on its way to be a page."""

    raw: bytes
    received: int
    parsed: Message = field(init=False)
    key: tuple[int, int, int, int] = (0, 0, 0, 0)
    previous: Mail | None = None
    following: Mail | None = None

    def __post_init__(self) -> None:
        self.parsed = message_from_bytes(self.raw)

    def field(self, name: str) -> str:
        return str(self.parsed.get(name) or "")

    @property
    def ids(self) -> list[str]:
        """The ids by which its thread is looked for, the surest first."""
        answered = _ID.findall(self.field("In-Reply-To"))[-1:]
        return answered + _ID.findall(self.field("References"))[:-4:-1]


def pages(
    mails: Sequence[tuple[bytes, int]], list_name: str = "list", *, with_id: bool = True
) -> dict[str, bytes]:
    """Return the pages of a list's messages and when each came, by path."""
    chained = _chained([Mail(raw, received) for raw, received in mails])
    made = {}
    for at, mail in enumerate(chained):
        before = chained[at - 1] if at else None
        after = chained[at + 1] if at + 1 < len(chained) else None
        made[_path(mail)] = page(mail, before, after, list_name, with_id=with_id)
    return made


def page(
    mail: Mail,
    before: Mail | None = None,
    after: Mail | None = None,
    list_name: str = "list",
    *,
    with_id: bool = True,
) -> bytes:
    """Return one page."""
    subject = _decoded(mail.field("Subject")).replace(f"[{list_name}] ", "")
    links = [
        f'<a href="{_link(mail, other)}">[{label}]</a> '
        for label, other in (
            ("&lt;prev", before),
            ("next&gt;", after),
            ("&lt;thread-prev", mail.previous),
            ("thread-next&gt;", mail.following),
        )
        if other is not None
    ]
    shown = []
    for name in ("Message-ID", "Date", "From", "To", "Cc", "Subject"):
        value = subject if name == "Subject" else _decoded(mail.field(name))
        if name == "Message-ID" and value and with_id:
            shown.append(f"Message-ID: {_escaped(value)}")
        elif value and name != "Message-ID":
            shown.append(f"{name}: {_obfuscated(value)}")
    return "".join(
        (
            _SITE.format(list_name=list_name, subject=f" - {html.escape(subject)}"),
            *links,
            '<a href=".">[day]</a> <a href="..">[month]</a> <a href="../..">[year]</a> <a href="../../..">[list]</a>\n',
            '<pre style="white-space: pre-wrap">\n',
            "\n".join(shown) + "\n",
            *_parts(mail.parsed),
            _FOOT,
        )
    ).encode("utf-8", "replace")


def _chained(mails: list[Mail]) -> list[Mail]:
    """Number the messages by their days, and append each to the chain of what it answers."""
    by_id: dict[str, Mail] = {}
    days: dict[tuple[int, int, int], int] = {}
    for mail in mails:
        came = datetime.fromtimestamp(mail.received, tz=UTC)
        day = came.year, came.month, came.day
        days[day] = days.get(day, 0) + 1
        mail.key = (*day, days[day])
        parent = next((by_id[each] for each in mail.ids if each in by_id), None)
        if parent is not None:
            while parent.following is not None:
                parent = parent.following
            mail.previous, parent.following = parent, mail
        own = mail.field("Message-ID").strip()
        by_id.setdefault(own, mail)
    return sorted(mails, key=lambda mail: mail.key)


def _path(mail: Mail) -> str:
    return "{:04}/{:02}/{:02}/{}".format(*mail.key)


def _link(mail: Mail, other: Mail) -> str:
    return str(other.key[3]) if other.key[:3] == mail.key[:3] else "../../../" + _path(other)


def _decoded(value: str) -> str:
    try:
        return str(make_header(decode_header(value)))
    except (ValueError, LookupError, UnicodeError):
        return value


def _escaped(text: str) -> str:
    text = text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
    return "".join(c if c >= " " or c in "\n\t" else "." for c in text.replace("\r", ""))


def _obfuscated(text: str) -> str:
    return _escaped(_ADDRESS.sub("@...", text)).replace("@...", "&#64;...")


def _parts(message: Message) -> list[str]:
    """Return what is shown of a message's text parts, and of the others that they are there."""
    shown = []
    for part in message.walk():
        if part.is_multipart():
            continue
        kind = part.get_content_type()
        if part.get_filename():
            shown.append(
                '\n<span style="font-family: times;"><strong>View attachment "</strong><a href="1/1">'
                f'{_escaped(part.get_filename() or "")}</a><strong>" of type "</strong>{kind}<strong>"'
                " (9 bytes)</strong></span>\n"
            )
        elif kind.startswith("text/") and kind != "text/html":
            octets = part.get_payload(decode=True)
            assert isinstance(octets, bytes)
            try:
                text = octets.decode(part.get_content_charset("utf-8"), "replace")
            except LookupError:
                text = octets.decode("utf-8", "replace")
            shown.append("\n" + _obfuscated(text))
        else:
            shown.append(
                '\n<span style="font-family: times;"><strong>Content of type "</strong>'
                f'{kind}<strong>" skipped</strong></span>\n'
            )
    return shown
