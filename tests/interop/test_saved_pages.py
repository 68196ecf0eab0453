"""Web archives as wget saves them."""

from __future__ import annotations

import gzip
from typing import TYPE_CHECKING

import pytest

from storage.sources import expand
from tests.interop.programs import needs
from tests.mirror.websites import website
from tests.sources.mboxes import settle, taken_raws
from tests.sources.pipermails import article, undone
from tests.sources.test_blists import EXPECTED, parents, thread

if TYPE_CHECKING:
    from tests.interop.programs import Home
    from tests.mirror.websites import Website

pytestmark = pytest.mark.interop

WGET = ("wget", "--quiet", "--recursive", "--no-parent", "--level=inf", "--no-config")


def blists(site: Website, *, attachments: bool) -> None:
    """Publish a list's pages, and the indexes that lead to them."""
    below: dict[str, set[str]] = {}
    for path, octets in thread().items():
        site.files[f"/l/{path}"] = octets
        folder, _, number = path.rpartition("/")
        if attachments:
            link = b'<a href="%b/1">x.png</a></pre>' % number.encode()
            site.files[f"/l/{path}"] = octets.replace(b"</pre>", link)
            site.files[f"/l/{path}/1"] = b"\x89PNG"
        year, month, day = folder.split("/")
        below.setdefault("/l/", set()).add(f"{year}/")
        below.setdefault(f"/l/{year}/", set()).add(f"{month}/")
        below.setdefault(f"/l/{year}/{month}/", set()).add(f"{day}/")
        below.setdefault(f"/l/{folder}/", set()).add(number)
    for path, names in below.items():
        links = "".join(f'<li><a href="{name}">x</a>' for name in sorted(names))
        site.files[path] = f"<html>{links}".encode()


@needs("wget")
@pytest.mark.parametrize(
    ("options", "attachments"),
    [
        ((), False),
        (("--convert-links",), False),
        (("--adjust-extension",), True),
        (("--adjust-extension", "--convert-links"), True),
    ],
)
def test_pages_of_blists(home: Home, options: tuple[str, ...], attachments: bool) -> None:
    """Without --adjust-extension wget itself puts a folder in the place of a page that has attachments."""
    with website() as site:
        blists(site, attachments=attachments)
        home.run(*WGET, *options, f"{site.url}/l/")
    (source,) = expand(str(home.folder))
    assert parents(source) == EXPECTED


@needs("wget")
def test_pipermail(home: Home) -> None:
    with website() as site:
        site.files |= {
            "/pipermail/oss/": b'<html><a href="2004-May.txt">[ Text ]</a><a href="2004-April.txt.gz">'
            b'[ Gzip\'d Text ]</a><a href="2004-April/thread.html">[ Thread ]</a>',
            "/pipermail/oss/2004-April/thread.html": b'<html><a href="000001.html">x</a>',
            "/pipermail/oss/2004-April/000001.html": b"<html>A page",
            "/pipermail/oss/2004-April.txt.gz": gzip.compress(article(1)),
            "/pipermail/oss/2004-May.txt": article(2),
        }
        home.run(*WGET, f"{site.url}/pipermail/oss/")
    for path in home.folder.rglob("*.txt*"):
        settle(path)
    (source,) = expand(str(home.folder))
    assert taken_raws(source) == [undone(1), undone(2)]
    name = source.suggested_name()
    assert name is not None
    assert name.endswith(".pipermail.oss")
