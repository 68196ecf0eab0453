"""Programs that fetch a whole group and remember where they were: the second time there is nothing to fetch."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest

from tests.interop.news import GROUP
from tests.interop.programs import needs

if TYPE_CHECKING:
    from pathlib import Path

    from tests.interop.news import News
    from tests.interop.programs import Home

pytestmark = pytest.mark.interop


@needs("slrnpull")
def test_slrnpull(news: News, home: Home) -> None:
    home.write("spool/slrnpull.conf", f"{GROUP} 0 0 0\n")
    slrnpull = ("slrnpull", "-d", "spool", "-h", f"127.0.0.1:{news.port}", "--no-post")
    spooled = home.folder.joinpath("spool", "news", *GROUP.split("."))
    home.run(*slrnpull, "--logfile", "log")
    fetched = {int(path.name): path.read_bytes() for path in spooled.glob("[0-9]*")}
    assert fetched == dict(zip(news.articles, news.lf_articles, strict=True))
    assert len((spooled / ".overview").read_bytes().splitlines()) == len(news.articles)
    for path in spooled.glob("[0-9]*"):
        path.unlink()
    home.run(*slrnpull, "--logfile", "log")
    assert list(spooled.glob("[0-9]*")) == []
    assert f"{GROUP}: no new articles available." in (home / "spool/log").read_text()


@needs("suck")
def test_suck(news: News, home: Home) -> None:
    home.write("sucknewsrc", f"{GROUP} 0\n")
    (home / "fetched").mkdir()
    folders = ("-dd", ".", "-dt", ".", "-dm", "fetched")
    suck = ("suck", "127.0.0.1", "-N", str(news.port), *folders, "-c", "-H", "-q")
    home.run(*suck, "-br", "batch")
    assert sorted(_batch(home / "batch")) == sorted(news.lf_articles)
    assert b"No articles\n" in home.run(*suck, "-br", "again")
    assert _batch(home / "again") == []


@needs("pullnews")
def test_pullnews(news: News, home: Home) -> None:
    inn_conf = home.inn_conf()
    marks = home.write("marks", f"127.0.0.1:{news.port}\n\t{GROUP} 0 0\n")

    def pullnews(batch: str) -> str:
        return home.run("pullnews", "-c", marks, "-r", home / batch, INNCONF=inn_conf).decode()

    pullnews("batch")
    assert _batch(home / "batch") == news.lf_articles
    assert f"Our current highest: {max(news.articles)} (nothing to get)" in pullnews("again")
    assert _batch(home / "again") == []


def _batch(path: Path) -> list[bytes]:
    """Return the articles of a batch for rnews, in order; none where no batch was written."""
    batch, articles, at = path.read_bytes() if path.exists() else b"", [], 0
    while line := re.compile(rb"#! rnews (\d+)\n").match(batch, at):
        at = line.end() + int(line[1])
        articles.append(batch[line.end() : at])
    assert at == len(batch)
    return articles
