"""A made archive in which every kind of web page has something to show, and where those pages are."""

from __future__ import annotations

from typing import Final

from tests.mail import mail

__all__ = ["LISTS", "NAME", "OTHER", "PAGES", "REFUSED"]

NAME: Final = "lists.made"
OTHER: Final = "lists.other"

_QUOTES: Final = (
    "On Monday B wrote:\n> On Sunday C wrote:\n> > On Saturday D wrote:\n> > > It rains.\n> > Still?\n> Yes.\n\n"
    "So it does. See https://example.org/weather?day=1&hour=2 and <patch2@x.example>.\n\n"
    + "".join(f"> line {n} of a long quotation that nobody reads again\n" for n in range(40))
    + "\nIndeed.\n\n-- \nA <a@x.example>\nhttp://example.org/\n"
)
_PATCH: Final = """Teach the thing to count.

Signed-off-by: A <a@x.example>
---
 Documentation/a-file-with-a-long-name-in-a-folder-with-a-long-name/and-another-one.rst |  2 ++
 thing.c                                                                                 | 10 +++++-----
 2 files changed, 7 insertions(+), 5 deletions(-)

diff --git a/thing.c b/thing.c
index 1234567..89abcde 100644
--- a/thing.c
+++ b/thing.c
@@ -1,6 +1,6 @@ static int count(struct thing *thing)
 \tint n;
-\tfor (n = 0; n < 10; n++)
+\tfor (n = 0; n <= 10; n++)
 \t\tthing->count += n;
\x20
 \treturn 0;
 }
--\x20
2.40.1
"""
_PARTS: Final = """--==
Content-Type: text/plain; charset=utf-8

A picture, a page and a patch are attached.
--==
Content-Type: image/png; name="a picture.png"
Content-Disposition: attachment; filename="a picture.png"
Content-Transfer-Encoding: base64

iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==
--==
Content-Type: text/html; name=page.html
Content-Disposition: attachment; filename=page.html

<p onclick="alert(1)">A page <b>of its own</b></p>
--==
Content-Type: text/x-diff; name=fix.patch
Content-Disposition: attachment; filename=fix.patch

--- a/x
+++ b/x
@@ -1 +1 @@
-one
+two
--==--
"""
_HTML: Final = (
    "<html><head><style>p { color: red }</style></head><body><h1>News</h1><p>All is <b>well</b>, says "
    '<a href="https://example.org/">this</a>.</p><ul><li>one<li>two</ul><blockquote>quoted</blockquote></body></html>\n'
)
_MIME: Final = "MIME-Version: 1.0"


def _on(day: int, hour: int = 12, month: str = "Jan", year: int = 2004) -> str:
    return f"{day:02} {month} {year} {hour:02}:30:00 +0200"


_BULK: Final = [
    mail(
        f"talk{n}",
        answers=f"talk{(n - 1) // 2}" if n else None,
        subject=("Re: " if n else "") + "A talk that goes on and on",
        date=_on(1 + n // 2, n % 24, "Mar"),
        body=f"> {n - 1}\n\n{n}\n",
    )
    for n in range(40)
]

LISTS: Final = {
    NAME: [
        mail("first", subject="It rains", date=_on(5), body="It rains.\n"),
        mail("quotes", answers="first", subject="Re: It rains", date=_on(5, 13), body=_QUOTES),
        mail(
            "deeper",
            answers="quotes",
            subject="Re: It rains",
            date=_on(6),
            body="> Indeed.\n\nNo.\n",
        ),
        mail(
            "later",
            answers="first",
            subject="Re: It rains",
            date=_on(3, month="Feb"),
            body="Not any more.\n",
        ),
        mail(
            "patch",
            "To: list@lists.example",
            subject="[PATCH 1/2] thing: count",
            date=_on(7),
            body=_PATCH,
        ),
        mail(
            "patch2",
            answers="patch",
            subject="[PATCH v2 1/2] thing: count",
            date=_on(8),
            body=_PATCH,
        ),
        mail(
            "parts",
            _MIME,
            'Content-Type: multipart/mixed; boundary="=="',
            subject="Parts",
            date=_on(9),
            body=_PARTS,
        ),
        mail(
            "html",
            _MIME,
            "Content-Type: text/html; charset=utf-8",
            subject="News",
            date=_on(10),
            body=_HTML,
        ),
        mail(
            "flowed",
            _MIME,
            "Content-Type: text/plain; format=flowed; delsp=yes",
            subject="Flowing",
            date=_on(11),
            body="This flows  \nto the next line.\n>> So does  \n>> this.\n",
        ),
        mail(
            "octets",
            _MIME,
            "Content-Type: text/plain; charset=utf-8",
            "Content-Transfer-Encoding: 8bit",
            subject="=?utf-8?q?Gr=C3=BC=C3=9Fe?= =?utf-8?b?5pel5pys6Kqe?=",
            date=_on(12),
            body="Grüße, Žluťoučký kůň, 日本語, עברית\n" + "x" * 3000 + "\n",
        ),
        mail("a/b+c&d", subject="", date=_on(13), body=""),
        mail("x" * 120, subject="w" * 200, date=_on(14), body="A long name.\n"),
        mail("shared", subject="To both", date=_on(15), body="Once in each.\n"),
        mail(
            "many",
            "To: " + ",\n ".join(f"Somebody {n} <a{n}@x.example>" for n in range(60)),
            "Cc: b@x.example",
            subject="Many",
            date=_on(16),
        ),
        *_BULK,
    ],
    OTHER: [mail("shared", subject="To both", date=_on(15), body="Once in each.\n")],
}
"""The lists' mails."""

_HOME: Final = f"/{NAME}/"

PAGES: Final = {
    "lists": "/",
    "list": _HOME,
    "year": f"{_HOME}2004/",
    "month": f"{_HOME}2004/01/",
    "long month": f"{_HOME}2004/03/",
    "day": f"{_HOME}2004/01/05/",
    "recent": f"{_HOME}recent",
    "threads": f"{_HOME}threads",
    "charts": f"{_HOME}charts",
    "help": "/help",
    "message": f"{_HOME}m/quotes@x.example",
    "message by its place": f"{_HOME}2004/01/05/1",
    "patch": f"{_HOME}m/patch@x.example",
    "message with attachments": f"{_HOME}m/parts@x.example",
    "message of HTML": f"{_HOME}m/html@x.example",
    "flowed message": f"{_HOME}m/flowed@x.example",
    "message in many scripts": f"{_HOME}m/octets@x.example",
    "message without subject": f"{_HOME}m/a%2Fb+c&d@x.example",
    "message with a long name": f"{_HOME}m/{'x' * 120}@x.example",
    "message to many": f"{_HOME}m/many@x.example",
    "message on two lists": f"{_HOME}m/shared@x.example",
    "message of a long thread": f"{_HOME}m/talk9@x.example",
    "thread": f"{_HOME}m/first@x.example/thread",
    "long thread": f"{_HOME}m/talk0@x.example/thread",
    "new since": f"{_HOME}m/talk0@x.example/thread?since=40",
    "flat thread": f"{_HOME}m/first@x.example/flat",
    "search": f"{_HOME}search?q=rains",
    "search for nothing": f"{_HOME}search",
    "search that finds nothing": f"{_HOME}search?q=zebra",
    "search that finds much": f"{_HOME}search?q=talk&sort=best",
    "search of all": "/search?q=both",
}
"""Every kind of web page, by what it is."""

REFUSED: Final = {
    "no page": "/no/such/page/here",
    "no mail in the month": f"{_HOME}2003/12/",
    "no list": "/lists.none/",
    "no message": f"{_HOME}m/none@x.example",
}
"""Web pages that say that there is none."""
