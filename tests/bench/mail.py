"""The lines of mail: what mail programs ask most."""

from __future__ import annotations

import random
import re
from typing import TYPE_CHECKING, Final

from tests.bench.lines import Line, NotOffered, Refused
from tests.bench.wire import Wire

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from tests.bench.lines import Run

__all__ = ["Mail", "lines"]

_SEED: Final = 7
_SOME: Final = 5000
_FIELDS: Final = b"BODY.PEEK[HEADER.FIELDS (From To Cc Subject Date Message-ID References In-Reply-To Content-Type)]"
_DEFLATE: Final = ", DEFLATE"


class Mail(Wire):
    """A mail program's connection, logged in.

    Attributes:
        exists: how many messages the mailbox has, once it is open.
        uid_next: the UID that the next one gets.
    """

    def __init__(self, run: Run, *, examine: bool = True, deflate: bool = False) -> None:
        super().__init__(run)
        self._chance = random.Random()
        self.exists = self.uid_next = 0
        self.line()
        server = run.server
        self.ask(
            b"LOGIN %b %b" % (_quoted(server.user or "anonymous"), _quoted(server.password or "x"))
        )
        if deflate:
            try:
                self.ask(b"COMPRESS DEFLATE")
            except Refused:
                raise NotOffered("COMPRESS") from None
            self.deflate()
        if examine:
            self.examine(server.place)

    def examine(self, mailbox: str) -> None:
        """Open the mailbox, and read what is told of it."""
        tag = self.say(b"EXAMINE " + _quoted(mailbox))
        while not (line := self.line()).startswith(tag):
            if exists := re.fullmatch(rb"\* (\d+) EXISTS", line):
                self.exists = int(exists[1])
            elif uid_next := re.match(rb"\* OK \[UIDNEXT (\d+)\]", line):
                self.uid_next = int(uid_next[1])
        _check(line[len(tag) + 1 :])

    def say(self, command: bytes) -> bytes:
        """Send a command; return its tag, which no message has."""
        tag = b"T%09d" % self._chance.randrange(10**9)
        self.send(b"%b %b\r\n" % (tag, command))
        return tag

    def done(self, tag: bytes) -> None:
        """Throw away what comes until a command is done."""
        self.pretend(b"\r\n")  # its response may be all that comes
        self.past(b"\r\n%b " % tag)
        _check(self.line())

    def ask(self, command: bytes) -> None:
        """Ask, and throw away what is answered."""
        self.done(self.say(command))


def lines(words: Sequence[str]) -> list[Line]:
    """Return the lines of mail; ``words`` are what is sought in subjects and in texts."""
    subject, text = (_quoted(word) for word in words)
    fetched = {
        "FLAGS": b"(UID FLAGS)",
        "ENVELOPE, FLAGS, dates and sizes": b"(UID FLAGS INTERNALDATE RFC822.SIZE ENVELOPE)",
        "BODYSTRUCTURE": b"(UID BODYSTRUCTURE)",
        "nine header fields": b"(UID RFC822.SIZE FLAGS %b)" % _FIELDS,
    }
    sought = {
        "SEARCH SUBJECT": b"UID SEARCH SUBJECT " + subject,
        "SEARCH TEXT": b"UID SEARCH TEXT " + text,
        "SORT (REVERSE DATE)": b"UID SORT (REVERSE DATE) UTF-8 ALL",
        "THREAD REFERENCES": b"UID THREAD REFERENCES UTF-8 ALL",
    }

    def both(deflate: bool) -> list[Line]:
        end = _DEFLATE if deflate else ""
        return [
            *(
                Line(f"FETCH 1:* {what}{end}", _all(items, deflate))
                for what, items in fetched.items()
            ),
            Line(f"FETCH 1:5000 BODY[]{end}", _bodies(deflate), _SOME),
            Line(f"FETCH BODY[], one by one{end}", _one_by_one(deflate), 1000, "command"),
        ]

    return [
        Line("EXAMINE", _examine, 50, "command"),
        Line("connect, LOGIN, EXAMINE", _connections, 50, "connection"),
        *both(deflate=False),
        *(Line(name, _answered(command), 1, "answer") for name, command in sought.items()),
        *(
            Line(f"{name}, first octet", _begun(command), 1, "answer")
            for name, command in sought.items()
        ),
        *both(deflate=True),
    ]


def _check(answer: bytes) -> None:
    if answer.startswith(b"BAD"):
        raise NotOffered(answer.decode("utf-8", "replace"))
    if not answer.startswith(b"OK"):
        raise Refused(answer.decode("utf-8", "replace"))


def _quoted(text: str) -> bytes:
    """Return a string in quotes (RFC 9051 s. 4.3)."""
    return b'"%b"' % re.sub(rb'(["\\])', rb"\\\1", text.encode())


def _examine(run: Run) -> int:
    with Mail(run, examine=False) as mail:
        run.start()
        for _ in range(run.count):
            mail.examine(run.server.place)
        run.stop()
    return run.count


def _connections(run: Run) -> int:
    for _ in range(run.count):
        with Mail(run):
            pass
    run.stop()
    return run.count


def _all(items: bytes, deflate: bool) -> Callable[[Run], int]:
    def work(run: Run) -> int:
        with Mail(run, deflate=deflate) as mail:
            run.start()
            mail.ask(b"UID FETCH 1:* " + items)
            run.stop()
            return mail.exists

    return work


def _bodies(deflate: bool) -> Callable[[Run], int]:
    def work(run: Run) -> int:
        with Mail(run, deflate=deflate) as mail:
            run.start()
            mail.ask(b"FETCH 1:%d (UID BODY.PEEK[])" % min(run.count, mail.exists))
            run.stop()
            return min(run.count, mail.exists)

    return work


def _one_by_one(deflate: bool) -> Callable[[Run], int]:
    def work(run: Run) -> int:
        with Mail(run, deflate=deflate) as mail:
            run.start()
            for number in random.Random(_SEED).choices(range(1, mail.exists + 1), k=run.count):
                mail.ask(b"FETCH %d (UID BODY.PEEK[])" % number)
            run.stop()
        return run.count

    return work


def _answered(command: bytes) -> Callable[[Run], int]:
    def work(run: Run) -> int:
        with Mail(run) as mail:
            run.start()
            mail.ask(command)
            run.stop()
        return 1

    return work


def _begun(command: bytes) -> Callable[[Run], int]:
    def work(run: Run) -> int:
        with Mail(run) as mail:
            run.start()
            tag = mail.say(command)
            mail.peek(1)
            run.stop()
            mail.done(tag)
        return 1

    return work
