"""Mailboxes whose boundaries are hard to tell, or whose messages are many and hang together."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from tests.edge_cases.base import Case, head

if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import Unpack

    from tests.edge_cases.base import Expect

__all__ = ["mboxes"]

_SEPARATOR: Final = b"From a@example.org Tue Jan  2 10:00:00 2024\n"
_BODY: Final = b"line\nFrom the start\n>From quoted\n>>From twice\n"
_QUOTED: Final = b"line\n>From the start\n>>From quoted\n>>>From twice\n"
_QUOTED_ONCE: Final = b"line\n>From the start\n>From quoted\n>>From twice\n"
_LONG: Final = 3000


def mboxes() -> Iterator[Case]:
    """Yield mailboxes."""
    yield from _quoting()
    yield from _spacing()
    yield from _separators()
    yield from _forests()


def _mbox(name: str, why: str, data: bytes, **expect: Unpack[Expect]) -> Case:
    return Case(f"mbox/{name}.mbox", why, data, expect)


def _message(at: int, body: bytes = b"x\n", extra: bytes = b"") -> bytes:
    return head(b"m%d" % at, b"m%d" % at) + extra + b"\n" + body


def _mail(at: int, body: bytes = b"x\n", extra: bytes = b"") -> bytes:
    """Return a whole record: separator, message, empty line."""
    return _SEPARATOR + _message(at, body, extra) + b"\n"


def _length(octets: int) -> bytes:
    return b"Content-Length: %d\n" % octets


def _quoting() -> Iterator[Case]:
    yield _mbox("mboxrd", "mboxrd quoting", _mail(1, _QUOTED) + _mail(2), messages=2)
    yield _mbox("mboxo", "mboxo quoting (ambiguous)", _mail(1, _QUOTED_ONCE) + _mail(2), messages=2)
    yield _mbox(
        "mboxcl2",
        "Content-Length, no quoting",
        _mail(1, _BODY, _length(len(_BODY))) + _mail(2, b"x\n", _length(2)),
        messages=2,
    )
    yield _mbox(
        "mboxcl-wrong",
        "Content-Length lies",
        _mail(1, b"x\n", _length(99999)) + _mail(2),
        messages=2,
    )
    yield _mbox(
        "unquoted-from",
        "unquoted 'From ' in body after a blank line, not a separator",
        _mail(1, b"para\n\nFrom my point of view this is text.\n") + _mail(2),
        messages=2,
    )


def _spacing() -> Iterator[Case]:
    yield _mbox(
        "no-blank-before",
        "separator without blank line before",
        _SEPARATOR + _message(1) + _SEPARATOR + _message(2),
        messages=2,
    )
    yield _mbox("leading-blank", "blank lines first", b"\n\n" + _mail(1), messages=1)
    yield _mbox("crlf", "CRLF mbox", (_mail(1) + _mail(2)).replace(b"\n", b"\r\n"), messages=2)
    yield _mbox("empty", "zero bytes", b"", messages=0)
    yield _mbox(
        "garbage-first",
        "junk before the first separator",
        b"junk junk\nmore\n" + _mail(1),
        messages=1,
    )
    yield _mbox(
        "truncated",
        "cut in the middle of a header",
        (_mail(1) + _SEPARATOR + _message(2))[:-60],
        messages=2,
    )


def _separators() -> Iterator[Case]:
    yield _mbox(
        "from-ellipsis",
        "Google Groups style 'From ...'",
        b"From ...\n" + _message(1) + b"\nFrom ...\n" + _message(2) + b"\n",
        messages=2,
    )
    yield _mbox(
        "from-minus-number",
        "Google Takeout 'From -1234567890'",
        b"From -6424061923458912345\n%b\nFrom -6424061923458912346\n%b\n"
        % (_message(1), _message(2)),
        messages=2,
    )
    yield _mbox(
        "from-pipermail",
        "pipermail 'user at host' obfuscation",
        b"From ann at example.org  Tue Jan  2 10:00:00 2024\nFrom: ann at example.org (Ann Author)\n"
        b"Date: Tue, 2 Jan 2024 10:00:00 +0000\nSubject: [list-a] x\nMessage-ID: <pm@edge.example>\n\nx\n\n",
        messages=1,
    )
    yield _mbox(
        "from-no-date",
        "separator without date",
        b"From a@example.org\n" + _message(1) + b"\n",
        messages=1,
    )
    yield _mbox(
        "from-tz",
        "separator with time zone and remote from",
        b"From a@example.org Tue Jan  2 10:00:00 CET 2024 remote from b\n" + _message(1) + b"\n",
        messages=1,
    )
    yield _mbox(
        "from-mailer-daemon",
        "dovecot/uw-imap internal first message",
        b"From MAILER-DAEMON Tue Jan  2 10:00:00 2024\nDate: 02 Jan 2024 10:00:00 +0000\n"
        b"From: Mail System Internal Data <MAILER-DAEMON@x>\n"
        b"Subject: DON'T DELETE THIS MESSAGE -- FOLDER INTERNAL DATA\nMessage-ID: <1@x>\n"
        b"X-IMAP: 1704189600 0000000002\nStatus: RO\n\n"
        b"This text is part of the internal format of your mail folder.\n\n" + _mail(1),
        messages=1,
    )
    yield _mbox(
        "nul-padding",
        "block of NULs between messages (crashed disk)",
        _mail(1) + b"\0" * 4096 + b"\n" + _mail(2),
        messages=2,
    )


def _forests() -> Iterator[Case]:
    chain = [_answer(b"c", at, at - 1) for at in range(_LONG)]
    yield _mbox(
        "chain-3000",
        "one thread 3000 deep",
        b"".join(chain),
        messages=_LONG,
        threads=1,
    )
    yield _mbox(
        "chain-3000-reversed",
        "same, children first",
        b"".join(reversed(chain)),
        messages=_LONG,
        threads=1,
    )
    star = [_SEPARATOR + head(b"star", b"s0") + b"\nx\n\n"] + [
        _SEPARATOR + head(b"Re: star", b"s%d" % at) + b"References: <s0@edge.example>\n\nx\n\n"
        for at in range(1, _LONG)
    ]
    yield _mbox(
        "star-3000", "one root with 2999 replies", b"".join(star), messages=_LONG, threads=1
    )
    same = [_SEPARATOR + head(b"n%d" % at, b"same") + b"\nbody %d\n\n" % at for at in range(500)]
    yield _mbox(
        "same-mid-500",
        "500 messages with one Message-ID",
        b"".join(same),
        no_message_lost=True,
    )


def _answer(thread: bytes, at: int, parent: int) -> bytes:
    """Return one link of a chain, which names its root and its parent."""
    fields = (
        b"In-Reply-To: <%b%d@edge.example>\nReferences: <%b0@edge.example> <%b%d@edge.example>\n"
    )
    return (
        _SEPARATOR
        + head(b"Re: chain", b"%b%d" % (thread, at))
        + (fields % (thread, parent, thread, thread, parent) if at else b"")
        + b"\nx\n\n"
    )
