"""Every web page of the real archives renders, is valid, and links to what is there.

Without more, a sample is asked for: of each kind of page and each list the first ones, and some of all others. Every page
that anything links to, which are more than 120 000, is asked for by

    CRAWL=all pytest -s tests/corpus/test_web_pages.py

which takes minutes, and with ``CRAWL=strict`` a strict parser reads them all, which takes an hour.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Final

from tests.corpus.crawl import Crawl, Kept
from tests.web.asked import Asked

if TYPE_CHECKING:
    from tests.corpus.conftest import Imported

_EXTENT: Final = os.environ.get("CRAWL", "")
_PARSED_ONE_IN: Final = {"all": 50, "strict": 1}
MAX_OCTETS: Final = 8_000_000
"""Of one web page."""


def test_every_page_renders_and_leads_on(imported: Imported) -> None:
    kept = Kept() if _EXTENT else Kept(first=3, one_in=16, searches=5)
    crawl = Crawl(Asked(imported.archive), kept, _PARSED_ONE_IN.get(_EXTENT, 5))
    crawl.run("/")
    print(f"\n{crawl.report()}")  # noqa: T201 - with -s
    assert {path: found[:3] for path, found in crawl.faults.items()} == {}
    assert max(crawl.largest.values())[0] < MAX_OCTETS
    assert crawl.counts.total() > 500
