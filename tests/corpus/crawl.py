"""A crawler of a web archive, without sockets: what every page links to is asked for, until there is nothing new."""

from __future__ import annotations

import html
import re
import time
from collections import Counter, defaultdict, deque
from dataclasses import dataclass, field
from hashlib import blake2b
from typing import TYPE_CHECKING, Final
from urllib.parse import urldefrag, urljoin, urlsplit

from tests.web.asked import ORIGIN
from tests.web.validity import faults

if TYPE_CHECKING:
    from collections.abc import Iterator

    from gateway.web.answers import Answer
    from tests.web.asked import Asked

__all__ = ["Crawl", "Kept"]

_LINK: Final = re.compile(rb'<[a-z][^<>]*?\s(?:href|src|action)="([^"]*)"')
_ID: Final = re.compile(rb'<[a-z][^<>]*?\sid="([^"]*)"')
_KINDS: Final = (
    (re.compile(r"/m/[^/]+"), "/m/ID"),
    (re.compile(r"/\d\d\d\d/"), "/YYYY/"),
    (re.compile(r"(?<=/YYYY/)\d\d/"), "MM/"),
    (re.compile(r"(?<=/YYYY/MM/)\d\d/"), "DD/"),
    (re.compile(r"/\d+\b"), "/N"),
    (re.compile(r"\?.*"), "?"),
)


@dataclass(slots=True)
class Kept:
    """Which of the pages of one kind of one list are asked for: all, or some first ones and one of so many."""

    first: int = 0
    one_in: int = 1
    searches: int = 50
    _seen: Counter[str] = field(default_factory=Counter)

    def takes(self, path: str, kind: str) -> bool:
        """Tell whether a page is asked for."""
        self._seen[kind] += 1
        if kind.endswith("?"):
            return self._seen[kind] <= self.searches
        if self._seen[kind] <= self.first or kind.endswith(("/YYYY/", "/YYYY/MM/")):
            return True  # what leads to all others
        return blake2b(path.encode(), digest_size=4).digest()[-1] % self.one_in == 0


@dataclass(slots=True)
class Crawl:
    """What was found so far: faults by page, and by kind of page how many, how large and how slow they are."""

    asked: Asked
    kept: Kept = field(default_factory=Kept)
    parsed_one_in: int = 1
    """One of so many pages of a kind is read by a strict parser, which takes its time."""
    faults: dict[str, list[str]] = field(default_factory=lambda: defaultdict(list))
    counts: Counter[str] = field(default_factory=Counter)
    parsed: Counter[str] = field(default_factory=Counter)
    octets: Counter[str] = field(default_factory=Counter)
    seconds: dict[str, float] = field(default_factory=lambda: defaultdict(float))
    slowest: dict[str, tuple[float, str]] = field(default_factory=dict)
    largest: dict[str, tuple[int, str]] = field(default_factory=dict)
    _linked: dict[str, str] = field(default_factory=dict)
    _anchors: dict[str, set[bytes]] = field(default_factory=dict)
    _wanted: dict[str, dict[str, str]] = field(default_factory=lambda: defaultdict(dict))
    _judged: set[bytes] = field(default_factory=set)
    _moved: dict[str, str] = field(default_factory=dict)

    def run(self, *starts: str) -> None:
        """Ask for pages, and for all that they link to."""
        waiting = deque(starts)
        self._linked.update((start, "") for start in starts)
        while waiting:
            path = waiting.popleft()
            for found in self._visit(path):
                if found not in self._linked:
                    self._linked[found] = path
                    if self.kept.takes(found, kind_of(found)):
                        waiting.append(found)
        self._check_anchors()

    def report(self) -> str:
        """Return a table: kind of page, how many, mean and greatest size, mean and greatest time."""
        kinds: dict[str, list[str]] = defaultdict(list)
        for kind in self.counts:
            kinds[kind.partition("/")[2].partition("/")[2] if kind.count("/") > 1 else kind].append(
                kind
            )
        lines = [
            f"{'kind':34} {'pages':>7} {'parsed':>7} {'kB':>8} {'most kB':>8} {'ms':>8} {'most ms':>8}"
        ]
        for name, together in sorted(kinds.items()):
            count = sum(self.counts[kind] for kind in together)
            octets = sum(self.octets[kind] for kind in together)
            seconds = sum(self.seconds[kind] for kind in together)
            slowest, where = max(self.slowest[kind] for kind in together)
            largest = max(self.largest[kind] for kind in together)[0]
            parsed = sum(self.parsed[kind] for kind in together)
            lines.append(
                f"{name or '(list)':34} {count:7} {parsed:7} {octets / count / 1e3:8.1f} {largest / 1e3:8.1f} "
                f"{1e3 * seconds / count:8.2f} {1e3 * slowest:8.1f} {where[:90]}"
            )
        return "\n".join(lines)

    def _visit(self, path: str) -> Iterator[str]:
        began = time.perf_counter()
        answer, body = self.asked.answer(path)
        taken = time.perf_counter() - began
        kind = kind_of(path)
        self.counts[kind] += 1
        self.octets[kind] += len(body)
        self.seconds[kind] += taken
        self.slowest[kind] = max(self.slowest.get(kind, (0.0, "")), (taken, path))
        self.largest[kind] = max(self.largest.get(kind, (0, "")), (len(body), path))
        if answer.status in {301, 302}:
            yield from self._redirected(path, answer)
        elif answer.status != 200:
            self.faults[path].append(f"{answer.status}, linked from {self._linked[path]}")
        elif answer.content_type.startswith("text/html"):
            if self.counts[kind] % self.parsed_one_in == 0 or self.counts[kind] == 1:
                self.parsed[kind] += 1
                self._judge(path, body)
            yield from self._links(path, body)

    def _judge(self, path: str, body: bytes) -> None:
        digest = blake2b(body, digest_size=16).digest()
        if digest in self._judged:  # a message has two addresses
            return
        self._judged.add(digest)
        found = faults(body)
        if found:
            self.faults[path] += found

    def _redirected(self, path: str, answer: Answer) -> Iterator[str]:
        to = answer.headers["Location"]
        self._moved[path] = to
        found = self._ours(path, to)
        if found is not None:
            yield found

    def _links(self, path: str, body: bytes) -> Iterator[str]:
        self._anchors[path] = set(_ID.findall(body))
        for link in set(_LINK.findall(body)):
            found = self._ours(path, html.unescape(link.decode()))
            if found is not None:
                yield found

    def _ours(self, path: str, link: str) -> str | None:
        """Return the path of a link that stays here."""
        url = urljoin(ORIGIN + path, link)
        if not url.startswith(ORIGIN + "/"):
            return None
        bare, fragment = urldefrag(url)
        found = bare.removeprefix(ORIGIN)
        if fragment:
            self._wanted[found].setdefault(fragment, path)
        return found

    def _check_anchors(self) -> None:
        for path, fragments in self._wanted.items():
            there = self._anchors.get(urldefrag(self._moved.get(path, path))[0])
            for fragment, where in fragments.items():
                if there is not None and html.escape(fragment).encode() not in there:
                    self.faults[path].append(f"no #{fragment}, to which {where} links")


def kind_of(path: str) -> str:
    """Return what is common to the paths of pages of one kind of one list."""
    kind = urlsplit(path).path + ("?" if "?" in path else "")
    for pattern, to in _KINDS:
        kind = pattern.sub(to, kind, count=1)
    return kind
