"""Programs that fetch, and browsers without graphics, against the web archive: what HTTP they speak, we answer."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest

from tests.interop.programs import needs
from tests.interop.websites import serving_web, write_lists
from tests.web.made import LISTS, NAME

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.interop.programs import Home
    from tests.interop.websites import Website

pytestmark = pytest.mark.interop

PAGE = f"/{NAME}/m/first@x.example"


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Website]:
    with serving_web(write_lists(tmp_path_factory.mktemp("web"), LISTS)) as served:
        yield served


def curl(home: Home, *options: str) -> str:
    return home.run("curl", "-sS", "--max-time", "20", *options).decode()


@needs("curl")
def test_curl_keeps_what_it_has(home: Home, site: Website) -> None:
    url = site.url(PAGE)
    tags, code = str(home / "tags"), "%{http_code} %{size_download}"
    first = curl(home, "--compressed", "--etag-save", tags, "-o", "page", "-w", code, url)
    assert first.startswith("200 ")
    assert "It rains." in (home / "page").read_text()
    again = curl(home, "--compressed", "--etag-compare", tags, "-o", "none", "-w", code, url)
    assert again == "304 0"
    plain = curl(home, "--etag-compare", tags, "-o", "plain", "-w", code, url)
    assert plain.startswith("200 ")
    assert (home / "plain").read_bytes() == (home / "page").read_bytes()


@needs("curl")
@pytest.mark.parametrize(
    ("options", "status"),
    [
        (("--http1.0",), "200"),
        (("--http2",), "200"),
        (("-I",), "200"),
        (("-X", "DELETE"), "405"),
        (("-d", "a=b"), "405"),
        (("-T", "big"), "405"),
        (("-T", "big", "-H", "Transfer-Encoding: chunked", "-H", "Expect:"), "405"),
        (("-H", "Host: <a>"), "400"),
        (("-H", "Host:"), "400"),
        (("-H", "X: " + "y" * 40_000), "431"),
        (("--path-as-is", "--request-target", "/" + "y" * 9000), "414"),
        (("--request-target", "*"), "400"),
        (("--path-as-is", "--request-target", "/../etc/passwd"), "404"),
        (("-r", "0-10"), "200"),
    ],
)
def test_curl_is_told(home: Home, site: Website, options: tuple[str, ...], status: str) -> None:
    (home / "big").write_bytes(bytes(3_000_000))
    said = curl(home, *options, "-o", "out", "-w", "%{http_code}", site.url(PAGE))
    assert said == status


@needs("curl")
def test_curl_asks_through_a_proxy(home: Home, site: Website) -> None:
    said = curl(home, "-x", site.root, f"http://lists.example{PAGE}")
    assert '<link rel="canonical" href="http://lists.example/' in said


@needs("wget")
def test_wget_mirrors(home: Home, site: Website) -> None:
    url = site.url(f"/{NAME}/")
    home.run("wget", "-q", "-r", "-l", "1", "-e", "robots=off", "-P", "mirror", url)
    pages = [*(home / "mirror").rglob("*")]
    assert any("It rains." in page.read_text(errors="replace") for page in pages if page.is_file())


@needs("ab")
def test_ab_keeps_connections(home: Home, site: Website) -> None:
    said = home.run("ab", "-q", "-k", "-n", "500", "-c", "20", site.url(PAGE)).decode()
    assert re.search(r"Complete requests:\s+500\n", said), said
    assert re.search(r"Keep-Alive requests:\s+500\n", said), said
    assert re.search(r"Failed requests:\s+0\n", said), said
    assert "Non-2xx" not in said


@needs("w3m")
def test_w3m_shows_a_message(home: Home, site: Website) -> None:
    said = home.run("w3m", "-dump", "-cols", "80", site.url(PAGE)).decode()
    assert "It rains." in said
    assert "a@x.example" not in said.replace("first@x.example", "")


@needs("lynx")
def test_lynx_shows_a_list(home: Home, site: Website) -> None:
    said = home.run("lynx", "-dump", "-nolist", site.url(f"/{NAME}/")).decode()
    assert "It rains" in said
    assert "2004" in said
