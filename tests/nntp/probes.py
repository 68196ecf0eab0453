"""Articles with one thing odd each, and whether INN 2.7.1's innd takes them (measured, without a cutoff)."""

from __future__ import annotations

from dataclasses import dataclass, field
from email.utils import formatdate
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["GROUP", "NOW", "Probe", "article", "probes"]

NOW: Final = 1_750_000_000
GROUP: Final = b"lists.probe"
DAY: Final = 86_400


@dataclass(frozen=True, slots=True)
class Probe:
    """An article as it goes over the wire, dots undone; ``offered`` is the id it is announced with, where it is another."""

    label: str
    octets: bytes
    taken: bool = True
    offered: bytes | None = field(default=None)


def article(
    *extra: bytes, body: bytes = b"hello\r\n", without: bytes = b"", **changed: bytes
) -> bytes:
    """Return a sound article with extra lines in its header, or changed fields (``Message_ID=b"<a@b>"``)."""
    fields = {
        b"Path": b"probe.example!not-for-mail",
        b"Newsgroups": GROUP,
        b"From": b"A B <a@example.org>",
        b"Subject": b"probe",
        b"Date": date(0),
        b"Message-ID": b"<probe@example.org>",
    }
    fields.update({name.replace("_", "-").encode(): value for name, value in changed.items()})
    fields.pop(without, None)
    lines = [b"%b: %b" % item for item in fields.items()]
    return b"\r\n".join([*lines, *extra, b"", body])


def date(after: int) -> bytes:
    """Return a date so many seconds after the present."""
    return formatdate(NOW + after).encode()


def probes() -> Iterator[Probe]:
    """Yield the probes; the labels are unique."""
    yield from _mandatory()
    yield from _lines()
    yield from _ids()
    yield from _dates()
    yield from _people_and_subjects()
    yield from _repeated()
    yield from _bodies()
    yield from _news()


def _mandatory() -> Iterator[Probe]:
    yield Probe("plain", article())
    for name in (b"Path", b"Newsgroups", b"From", b"Subject", b"Date", b"Message-ID"):
        yield Probe(f"no {name.decode()}", article(without=name), taken=False)
    yield Probe("empty Subject", article(Subject=b""), taken=False)
    yield Probe("Subject of blanks", article(Subject=b"   "))


def _lines() -> Iterator[Probe]:
    yield Probe("empty field", article(b"X-Foo: "))
    yield Probe("empty Cc", article(b"Cc: "))
    yield Probe("no space behind the colon", article(b"X-Foo:bar"), taken=False)
    yield Probe("nothing on the first line", article(b"X-Foo:\r\n value"), taken=False)
    yield Probe("separator of an mbox", article(b">From foo@bar Thu Jan 1"), taken=False)
    yield Probe("no colon", article(b"this is not a header"), taken=False)
    yield Probe("folded line of a blank", article(b"X-F: a\r\n \r\n b"))
    yield Probe("name with a space", article(b"X Y: z"), taken=False)
    yield Probe("space before the colon", article(b"X-Y : z"), taken=False)
    yield Probe("TAB behind the colon", article(b"X-T:\tv"))
    yield Probe("line of 1200 octets", article(b"X-Long: " + b"y" * 1200))
    yield Probe("30 KB folded", article(b"X-Big: " + b"\r\n ".join([b"z" * 70] * 430)))
    yield Probe("300 fields", article(*(b"X-H%d: v" % n for n in range(300))))
    yield Probe("no body", article()[: -len(b"\r\nhello\r\n")], taken=False)
    yield Probe("no header", b"\r\nhello\r\n", taken=False)
    yield Probe("NUL in the header", article(Subject=b"a\0b"), taken=False)


def _ids() -> Iterator[Probe]:
    for label, own in (
        ("without @", b"<abc>"),
        ("with a space", b"<a b@x.org>"),
        ("without brackets", b"p@x.org"),
        ("with two dots", b"<a..b@x.org>"),
        ("with a dot at the end of the left", b"<ab.@x.org>"),
        ("with a dot at its start", b"<.ab@x.org>"),
        ("with a quoted left", b'<"a b"@x.org>'),
        ("with two @", b"<a@b@x.org>"),
        ("8-bit", "<é@x.org>".encode()),
        ("of 260 octets", b"<" + b"a" * 230 + b"@" + b"x" * 23 + b".org>"),
        ("with a comment", b"<c@x.org> (added by x)"),
    ):
        yield Probe(f"Message-ID {label}", article(Message_ID=own), taken=False)
    yield Probe("Message-ID with an address literal", article(Message_ID=b"<ab@[1.2.3.4]>"))
    yield Probe("Message-ID with odd atoms", article(Message_ID=b"<a$%+=/_@x_y.org>"))


def _dates() -> Iterator[Probe]:
    for label, written in (
        ("of 1998", b"Thu, 01 Jan 1998 00:00:00 GMT"),
        ("with a year of two digits", b"Thu, 01 Jan 98 00:00:00 GMT"),
        ("in EDT", b"Thu, 01 Jan 2004 00:00:00 EDT"),
        ("in CEST", b"Thu, 01 Jul 2004 00:00:00 CEST"),
        ("with a comment", b"Thu, 01 Jan 2004 00:00:00 -0800 (PST)"),
        ("with a wrong weekday", b"Mon, 01 Jan 2004 00:00:00 +0000"),
        ("of 1970", b"Thu, 01 Jan 1970 00:00:00 +0000"),
        ("without seconds", b"Thu, 01 Jan 2004 00:00 +0000"),
        ("folded", b"Thu, 01 Jan 2004\r\n 00:00:00 +0000"),
    ):
        yield Probe(f"Date {label}", article(Date=written))
    yield Probe("Date in two days", article(Date=date(2 * DAY)), taken=False)
    yield Probe("Date garbage", article(Date=b"yesterday"), taken=False)
    yield Probe("Date of asctime", article(Date=b"Thu Jan  1 00:00:00 2004"), taken=False)
    old = b"Thu, 01 Jan 1998 00:00:00 GMT"
    yield Probe("Injection-Date old, Date now", article(b"Injection-Date: " + old))
    yield Probe("Injection-Date now, Date old", article(b"Injection-Date: " + date(0), Date=old))


def _people_and_subjects() -> Iterator[Probe]:
    yield Probe("From without an address", article(From=b"Just A Name"))
    yield Probe("From in UTF-8", article(From="Jürgen <j@x.org>".encode()))
    yield Probe("From in Latin 1", article(From=b"J\xfcrgen <j@x.org>"))
    yield Probe("From a group", article(From=b"undisclosed:;"))
    yield Probe("From of two", article(From=b"a@x.org, b@x.org"))
    yield Probe("Subject in UTF-8", article(Subject="Grüße".encode()))
    yield Probe("Subject folded", article(Subject=b"a\r\n b"))
    yield Probe("Subject of 2000 octets", article(Subject=b"x" * 2000))


def _repeated() -> Iterator[Probe]:
    yield Probe("two Subjects", article(b"Subject: again"), taken=False)
    yield Probe("two Message-IDs", article(b"Message-ID: <dup@x.org>"), taken=False)
    yield Probe("three Received", article(b"Received: a", b"Received: b", b"Received: c"))
    yield Probe("two To", article(b"To: a@b.c", b"To: d@e.f"))
    yield Probe("two References", article(b"References: <a@b.c>", b"References: <d@e.f>"))
    ids = [b"<%040d@example.org>" % n for n in range(60)]
    for label, written in (
        ("with words", b"see your message of Tuesday <a@b.c> (x)"),
        ("without brackets", b"abc"),
        ("of 3 KB", b"\r\n ".join(ids)),
        ("of 3 KB on a line", b" ".join(ids)),
    ):
        yield Probe(f"References {label}", article(b"References: " + written))


def _bodies() -> Iterator[Probe]:
    yield Probe("NUL in the body", article(body=b"a\0b\r\n"), taken=False)
    yield Probe("LF on its own in the body", article(body=b"a\nb\r\n"))
    yield Probe("CR on its own in the body", article(body=b"a\rb\r\n"))
    yield Probe("line of 3000 octets in the body", article(body=b"q" * 3000 + b"\r\n"))
    yield Probe("Latin 1 in the body", article(body=b"\xe9\xff\r\n"))
    yield Probe("empty body", article(body=b""))
    yield Probe("body of 1.2 MB", article(body=(b"x" * 76 + b"\r\n") * 16_000))
    yield Probe("dots", article(body=b".leading\r\n..\r\n"))
    yield Probe("mail's fields", article(b"To: l@x.org", b"DKIM-Signature: v=1;\r\n\tb=def"))


def _news() -> Iterator[Probe]:
    for line in (
        b"Lines: 999",
        b"Lines: abc",
        b"Xref: other.example a.b:5",
        b"Control: cancel <zz@x.org>",
        b"Approved: x@y.z",
        b"Distribution: local",
        b"Supersedes: <zz@x.org>",
        b"Expires: Fri, 01 Jan 1999 00:00:00 GMT",
    ):
        yield Probe(line.decode(), article(line))
    yield Probe("no known group", article(Newsgroups=b"no.such.group"), taken=False)
    for label, between in (("", b","), (", a space", b", "), (", folded", b",\r\n ")):
        named = GROUP + between + b"no.such.group"
        yield Probe(f"a known and an unknown group{label}", article(Newsgroups=named))
    yield Probe("Path with the receiver", article(Path=b"a!inn.example.net!b!not-for-mail"))
    yield Probe("Path with spaces", article(Path=b"a b!c"))
    yield Probe("Path without a server", article(Path=b"not-for-mail"))
