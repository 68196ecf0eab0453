"""The lines of the web: pages that are asked for the first time, and again."""

from __future__ import annotations

import json
import random
from typing import TYPE_CHECKING, Final
from urllib.parse import quote, urlsplit
from urllib.request import urlopen

from tests.bench.lines import Line, NotOffered, Refused, Run, Server
from tests.bench.wire import Wire

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

__all__ = ["FORMS", "Site", "lines", "months", "site"]

_MESSAGES: Final = 100
_THREADS: Final = 50
_MONTHS: Final = 10
_SEARCHES: Final = 20
_AGAIN: Final = 200
_MOVED: Final = (b"301", b"302", b"307", b"308")
_HOPS: Final = 3
_PATIENCE: Final = 60

FORMS: Final[Mapping[str, Mapping[str, str]]] = {
    "listgate": {
        "message": "m/{id}", "thread": "m/{id}/thread", "month": "{year:04}/{month:02}/", "list": "",
        "Atom": "list.atom", "search": "search?q={words}",
    },
    "public-inbox": {
        "message": "{id}/", "thread": "{id}/T/", "month": "?t={year:04}{next:02}01000000", "list": "",
        "Atom": "new.atom", "search": "?q={words}",
    },
}  # fmt: skip  # a table
"""The addresses of each archive's pages below its list's."""


class Site(Wire):
    """A browser's connection, that takes gzip, as they do."""

    def get(self, path: str) -> None:
        """Ask for a page, and throw it away; go where it is."""
        for _ in range(_HOPS):
            moved = self._get(path)
            if moved is None:
                return
            path = moved
        raise Refused(f"{path} leads elsewhere again and again")

    def _get(self, path: str) -> str | None:
        """Ask for a page, and throw it away; return where it is instead, if it has moved."""
        host = f"{self._run.server.host}:{self._run.server.port}"
        self.send(
            f"GET {path} HTTP/1.1\r\nHost: {host}\r\nAccept-Encoding: gzip\r\n\r\n".encode("ascii")
        )
        code = self.line().split(b" ", 2)[1]
        fields = {}
        while line := self.line():
            name, _, value = line.partition(b":")
            fields[name.strip().lower()] = value.strip()
        self._past_body(fields)
        if code in _MOVED:
            where = urlsplit(fields[b"location"].decode("ascii"))
            return where.path + (f"?{where.query}" if where.query else "")
        if code != b"200":
            hint = " (set requests_per_second = 0)" if code == b"429" else ""
            raise Refused(f"{code.decode()}{hint}")
        return None

    def _past_body(self, fields: Mapping[bytes, bytes]) -> None:
        if fields.get(b"transfer-encoding", b"").lower() == b"chunked":
            while size := int(self.line().partition(b";")[0], 16):
                self.skip(size + 2)
            while self.line():
                pass
        else:
            self.skip(int(fields.get(b"content-length", b"0")))


def site(text: str, ids: Sequence[bytes]) -> Server:
    """Return the server that ``NAME=URL`` means, or ``NAME=FORM+URL`` of an archive with other addresses."""
    name, _, url = text.partition("=")
    form, plus, rest = url.partition("+")
    if not plus or form not in FORMS:
        form, rest = "listgate", url
    found = urlsplit(rest)
    return Server(
        name,
        found.hostname or "",
        found.port or 80,
        found.path.rstrip("/") + "/",
        form=form,
        ids=tuple(ids),
    )


def months(server: Server) -> tuple[tuple[int, int], ...]:
    """Return the months in which a listgate's list has messages; its document tells them, its pages stay unasked for."""
    url = f"http://{server.host}:{server.port}{server.place}list.json"
    with urlopen(url, timeout=_PATIENCE) as answer:
        told = json.load(answer)["months"]
    return tuple((int(each["month"][:4]), int(each["month"][5:])) for each in told)


def lines(words: Sequence[str]) -> list[Line]:
    """Return the lines of the web; ``words`` are what is searched for."""
    kinds = {"message": _MESSAGES, "thread": _THREADS, "month": _MONTHS, "search": _SEARCHES}
    return [
        *(
            Line(f"{kind}, {when}", _pages(kind, words, is_again=when == "again"), count, "page")
            for kind, count in kinds.items()
            for when in ("first", "again")
        ),
        *(
            line
            for kind in ("list", "Atom")
            for line in (
                Line(
                    f"{kind}, first", _pages(kind, words, is_again=False), 1, "page", is_once=True
                ),
                Line(f"{kind}, again", _same(kind), _AGAIN, "page"),
            )
        ),
    ]


def _pages(kind: str, words: Sequence[str], *, is_again: bool) -> Callable[[Run], int]:
    """Ask for other pages in each round; where they are asked for again, only that is measured.

    Those asked for again are from the other end, so that the line before has not asked for them.
    """

    def work(run: Run) -> int:
        paths = _paths(run.server, kind, words)
        paths = paths[::-1] if is_again else paths
        first = run.at * run.count
        asked = [paths[at % len(paths)] for at in range(first, first + run.count)]
        with Site(run) as browser:
            for _ in range(1 + is_again):
                run.start()
                for path in asked:
                    browser.get(path)
            run.stop()
        return len(asked)

    return work


def _same(kind: str) -> Callable[[Run], int]:
    def work(run: Run) -> int:
        (path,) = _paths(run.server, kind, ())
        with Site(run) as browser:
            browser.get(path)
            run.start()
            for _ in range(run.count):
                browser.get(path)
            run.stop()
        return run.count

    return work


def _paths(server: Server, kind: str, words: Sequence[str]) -> Sequence[str]:
    """Return the addresses of all pages of a kind, in an order that is none, but the same for all servers."""
    form = FORMS[server.form][kind]
    filled: list[Mapping[str, str | int]]
    if "{id}" in form:
        filled = [{"id": quote(each.strip(b"<>"), safe="@$+=")} for each in server.ids]
    elif "{month" in form or "{next" in form:
        filled = [
            {
                "year": year + (month == 12) * ("next" in form),
                "month": month,
                "next": month % 12 + 1,
            }
            for year, month in server.months
        ]
    elif "{words}" in form:
        filled = [{"words": quote(each)} for each in words]
    else:
        filled = [{}]
    if not filled:
        raise NotOffered(kind)
    paths = [server.place + form.format_map(each) for each in filled]
    random.Random(7).shuffle(paths)
    return paths
