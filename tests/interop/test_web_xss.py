"""Mail that wants to run a script, on every kind of web page in Chromium: none runs, though the policy against it be off."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final
from urllib.parse import quote

import pytest

from tests.interop.browser import CHROMIUM
from tests.interop.programs import needs
from tests.interop.websites import serving_web, write_lists
from tests.web.xss import MARK, mails

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from tests.interop.browser import Browser, Tab
    from tests.interop.websites import Website

pytestmark = [pytest.mark.interop, needs(CHROMIUM)]

NAME: Final = "lists.evil"
LISTINGS: Final = (
    "",
    "recent",
    "threads",
    "charts",
    "2004/",
    "2004/01/",
    "2004/01/05/",
    "search?q=script",
    "search?q=%3Cscript%3Ealert(1)%3C/script%3E",
)
_ATTACHMENT: Final = re.compile(r"/m/[^/]+/\d+$")

_FOUND: Final = """(() => {
  const all = [...document.querySelectorAll('*')];
  return {
    ran: window.ran ?? null, title: document.title, type: document.contentType,
    active: all.filter(e => e.matches('script:not([type="application/ld+json"]), iframe, object, embed, base, style')
      || [...e.attributes].some(a => /^(on|style$|srcdoc$)/.test(a.name))).map(e => e.outerHTML.slice(0, 200)),
    links: all.map(e => e.getAttribute('href') || e.getAttribute('action') || e.getAttribute('src') || '').filter(each => each),
    broken: all.filter(e => e.matches('script')).filter(e => { try { JSON.parse(e.text); } catch { return true; } }).length,
  };
})()"""
_SCHEMES: Final = re.compile(
    r"(?:/(?!/)|#|\?|(?:https?|ftp|mailto|news|nntp|imap):(?!\s*script))", re.IGNORECASE
)


@pytest.fixture(scope="module")
def website(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Website]:
    folder = tmp_path_factory.mktemp("xss")
    config = folder / "listgate.toml"
    config.write_text("[web]\nrequests_per_second = 0\n")
    with serving_web(write_lists(folder, {NAME: list(mails())}), "--config", config) as served:
        yield served


def seen(tab: Tab, url: str) -> list[str]:
    """Visit a page; assert that it is harmless, and return where it leads."""
    tab.go(url)
    found = tab.run(_FOUND)
    assert found["ran"] is None, url
    assert found["title"] != MARK, url
    assert not tab.dialogs, url
    assert not found["active"], url
    assert not found["broken"], url
    assert not [each for each in found["links"] if not _SCHEMES.match(each)], url
    return [each for each in found["links"] if each.startswith(f"/{NAME}/")]


def test_no_script_runs_on_any_page_though_the_policy_be_off(
    browser: Browser, website: Website
) -> None:
    tab = browser.tab()
    tab.call("Page.setBypassCSP", enabled=True)
    links = {each for last in LISTINGS for each in seen(tab, website.url(f"/{NAME}/{last}"))}
    paths = messages(links)
    assert len(paths) > 300
    for at, path in enumerate(paths):
        seen(tab, website.url(path))
        if at % 4 == 0:
            seen(tab, website.url(f"{path}/thread"))
            seen(tab, website.url(f"{path}/flat"))
    assert [each for each in tab.requested if not each.startswith(website.root)] == []
    tab.close()


def test_no_attachment_and_no_raw_message_runs_a_script(browser: Browser, website: Website) -> None:
    tab = browser.tab()
    attachments: set[str] = set()
    for path in messages(seen(tab, website.url(f"/{NAME}/2004/01/")))[::3]:
        leads_to = seen(tab, website.url(path))
        attachments.update(each for each in leads_to if _ATTACHMENT.search(each))
        opened(tab, website.url(f"{path}/raw"))
    assert len(attachments) > 100
    for path in sorted(attachments):
        opened(tab, website.url(path))
    assert [each for each in tab.requested if not each.startswith(website.root)] == []
    tab.close()


def messages(links: Iterable[str]) -> list[str]:
    """Return those that lead to messages."""
    return sorted({each for each in links if re.fullmatch(rf"/{NAME}/m/[^/]+", each)})


def opened(tab: Tab, url: str) -> None:
    """Open what is no page of ours; assert that it is not taken for one that may do anything."""
    tab.go(url)
    found = tab.run("[window.ran === undefined, document.contentType, document.title]")
    assert found[0], url
    assert found[1] in {"text/html", "text/plain", "image/png", "image/gif", "image/jpeg"}, url
    assert found[1] != "text/html" or tab.url != url, (
        url
    )  # the page from which something was taken away
    assert found[2] != MARK, url
    assert not tab.dialogs, url


@pytest.mark.parametrize(
    "markup",
    [
        "<script>window.ran = 1</script>",
        "<img src=x onerror=alert(1)>",
        f"<title>{MARK}</title>",
        "<a href=javascript:alert(1)>x</a>",
        "<p style=color:red>x</p>",
        '<script type="application/ld+json">{"a": </script>',
    ],
)
def test_the_test_sees_what_must_not_be(browser: Browser, markup: str) -> None:
    tab = browser.tab()
    with pytest.raises(AssertionError):
        seen(tab, f"data:text/html,{quote(markup)}")
    tab.close()
