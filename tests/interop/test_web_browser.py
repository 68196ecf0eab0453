"""The web archive in Chromium: clicked through, by keyboard alone, on phones, in the dark, and under axe-core's eyes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import pytest

from tests.interop.browser import CHROMIUM
from tests.interop.programs import needs
from tests.interop.websites import axe, serving_web, violations, write_lists
from tests.web.made import LISTS, NAME, PAGES, REFUSED

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.interop.browser import Browser, Tab
    from tests.interop.websites import Website

pytestmark = [pytest.mark.interop, needs(CHROMIUM)]

EVERY_PAGE: Final = {**PAGES, **REFUSED}
WIDTHS: Final = (320, 360, 768, 1280)


@pytest.fixture(scope="module")
def website(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Website]:
    with serving_web(write_lists(tmp_path_factory.mktemp("web"), LISTS)) as served:
        yield served


@pytest.fixture
def tab(browser: Browser) -> Iterator[Tab]:
    opened = browser.tab()
    yield opened
    opened.close()


def assert_quiet(tab: Tab, website: Website) -> None:
    """Assert that no page complained, and that nothing was asked of anybody else."""
    tab.look_back()
    refused = [website.url(path) for path in REFUSED.values()]
    assert not [
        each for each in tab.complaints if not each.endswith(tuple(f"({url})" for url in refused))
    ]
    assert [each for each in tab.requested if not each.startswith(website.root)] == []


def test_from_the_lists_to_a_raw_message_by_clicking(tab: Tab, website: Website) -> None:
    tab.go(website.url("/"))
    tab.click(f"main a[href='/{NAME}/']")
    assert tab.url == website.url(PAGES["list"])
    tab.click("main a[href$='/2004/01/']")
    assert tab.url == website.url(PAGES["month"])
    tab.click("main a[href$='/m/quotes@x.example']")
    assert tab.url == website.url(PAGES["message"])
    assert "So it does." in tab.text
    tab.click("main a[href*='/m/first@x.example/thread']")
    assert tab.url.partition("#")[0] == website.url(PAGES["thread"])
    assert "Not any more." in tab.text  # of another month
    tab.press("#q")
    tab.write("rains subject:it")
    tab.click("[role=search] button")
    assert tab.url.partition("?")[0] == website.url(f"/{NAME}/search")
    tab.click("main a[href$='/m/first@x.example']")
    tab.click("main a[href$='/m/first@x.example/raw']")
    assert "Message-ID: <first@x.example>" in tab.text
    assert tab.run("document.contentType") == "text/plain"
    assert_quiet(tab, website)


def test_next_and_previous_are_what_blists_has(tab: Tab, website: Website) -> None:
    tab.go(website.url(f"/{NAME}/2004/01/05/1"))
    shown: list[str] = []
    while tab.run("!!document.querySelector('main a[rel~=next]')") and len(shown) < 4:
        shown.append(
            tab.run("document.querySelector('main').innerText.match(/<(.*)@x.example>/)[1]")
        )
        tab.click("main a[rel~=next]")
    assert shown == ["first", "quotes", "deeper", "later"]
    tab.click("main a[rel~=prev]")
    assert "<later@x.example>" in tab.text
    assert_quiet(tab, website)


def focused(tab: Tab) -> str:
    return str(tab.run("document.activeElement.id || document.activeElement.textContent.trim()"))


def tab_to(tab: Tab, what: str) -> None:
    """Press Tab until something has the focus."""
    seen = []
    for _ in range(300):
        tab.key("Tab")
        seen.append(focused(tab))
        if seen[-1] == what:
            visible = "(() => { const s = getComputedStyle(document.activeElement); return s.outlineStyle; })()"
            assert tab.run(visible) != "none", f"{what}: nobody sees that it has the focus"
            return
    raise AssertionError(f"{what} is not reached by Tab: {seen}")


def test_by_keyboard_alone(tab: Tab, website: Website) -> None:
    tab.go(website.url(PAGES["list"]))
    tab.key("Tab")
    assert focused(tab) == "Skip to content"
    assert tab.run("document.activeElement.getBoundingClientRect().left") >= 0
    tab.key("Enter")
    assert tab.url.endswith("#main")
    tab.key("Tab")
    assert tab.run("document.activeElement.closest('main') !== null")
    tab.go(website.url(PAGES["list"]))
    tab_to(tab, "q")
    tab.write("subject:rains")
    tab.act(lambda: tab.key("Enter"))
    assert "/search?q=subject%3Arains" in tab.url
    tab_to(tab, "It rains")
    tab.act(lambda: tab.key("Enter"))
    assert tab.url == website.url(f"/{NAME}/m/first@x.example")
    tab_to(tab, NAME)
    tab.act(lambda: tab.key("Enter"))
    assert tab.url == website.url(PAGES["list"])
    assert_quiet(tab, website)


@pytest.mark.parametrize("kind", EVERY_PAGE)
def test_no_page_is_wider_than_the_screen(tab: Tab, website: Website, kind: str) -> None:
    tab.go(website.url(EVERY_PAGE[kind]))
    for width in WIDTHS:
        tab.see(width)
        seen = tab.run("[document.scrollingElement.scrollWidth, innerWidth, document.title]")
        assert seen[:2] == [width, width], f"{kind} is wider than {width}: {widest(tab)}"
    assert_quiet(tab, website)


def widest(tab: Tab) -> object:
    """Return what stands out of the page."""
    return tab.run(
        "[...document.querySelectorAll('body *')].filter(e => e.getBoundingClientRect().right > innerWidth + 1)"
        ".map(e => e.outerHTML.slice(0, 90)).slice(0, 5)"
    )


@pytest.mark.parametrize("kind", EVERY_PAGE)
def test_nothing_is_kept_from_phones(tab: Tab, website: Website, kind: str) -> None:
    """But the sums of a year, which its own page has."""
    tab.see(360)
    tab.go(website.url(EVERY_PAGE[kind]))
    kept = tab.run(
        "[...document.querySelectorAll('main *, header *, footer *')].filter(e => getComputedStyle(e).display === 'none'"
        " && !e.matches('.months *, svg *, script, pre:empty')).map(e => e.outerHTML.slice(0, 90))"
    )
    assert kept == []


@pytest.mark.parametrize("kind", EVERY_PAGE)
def test_axe_has_nothing_against_a_page(tab: Tab, website: Website, kind: str) -> None:
    program = axe()
    for width, dark in ((1280, False), (1280, True), (360, False)):
        tab.see(width, dark=dark)
        tab.go(website.url(EVERY_PAGE[kind]))
        tab.run("document.querySelectorAll('details').forEach(each => each.open = true)")
        assert violations(tab, program) == [], (
            f"{kind}, {width} wide, {'dark' if dark else 'light'}"
        )
    assert_quiet(tab, website)


def test_what_is_small_can_still_be_hit(tab: Tab, website: Website) -> None:
    """Links and buttons that do not stand in a text are at least 24 CSS pixels high (WCAG 2.2, 2.5.8)."""
    tab.see(360)
    tab.go(website.url(PAGES["message"]))
    low = tab.run(
        "[...document.querySelectorAll('header a, header button, header input, footer a')]"
        ".filter(e => e.getBoundingClientRect().height < 24).map(e => e.outerHTML)"
    )
    assert low == []


def test_a_dark_page_for_who_likes_it_dark(tab: Tab, website: Website) -> None:
    colours = "(() => { const s = getComputedStyle(document.body); return [s.backgroundColor, s.color]; })()"
    tab.go(website.url(PAGES["message"]))
    light = [_brightness(each) for each in tab.run(colours)]
    tab.see(1280, dark=True)
    dark = [_brightness(each) for each in tab.run(colours)]
    assert light[0] - light[1] > 180
    assert dark[1] - dark[0] > 150


def _brightness(colour: str) -> float:
    values = [float(each) for each in colour[colour.index("(") + 1 : -1].split(",")[:3]]
    return sum(values) / 3


def test_a_page_is_readable_without_its_stylesheet_and_scripts_are_not_needed(
    tab: Tab, website: Website
) -> None:
    tab.call("Emulation.setScriptExecutionDisabled", value=True)
    tab.call("Network.setBlockedURLs", urls=["*.css"])
    tab.go(website.url(PAGES["thread"]))
    assert "Not any more." in tab.text
