"""Every kind of web page is well written, and has what those need who do not see it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import pytest
from twisted.internet.task import Clock

from gateway.access import Policy
from gateway.web.asks import Ask
from gateway.web.settings import Settings
from gateway.web.site import Site
from tests.mail import MemoryEngine, done, fill
from tests.web.made import LISTS, PAGES, REFUSED
from tests.web.validity import faults

if TYPE_CHECKING:
    from gateway.web.answers import Answer


@pytest.fixture(scope="module")
def site() -> Site:
    engine = MemoryEngine()
    writer = engine.writer()
    for name, mails in LISTS.items():
        fill(writer, name, mails)
    return Site(engine.archive(), Settings(origin="https://x.example"), Policy(), Clock())  # type: ignore[arg-type]


def answer(site: Site, path: str) -> Answer:
    """Return what a site answers, and follow it to where it sends."""
    for _ in range(3):
        found = done(site.answer(Ask.of(path.encode(), "http://x.example")))
        if found.status not in {301, 302}:
            return found
        path = found.headers["Location"].partition("#")[0]
    raise AssertionError(f"{path} goes on and on")


@pytest.mark.parametrize("kind", PAGES)
def test_page(site: Site, kind: str) -> None:
    found = answer(site, PAGES[kind])
    assert found.status == 200
    assert isinstance(found.body, bytes)
    assert not faults(found.body)


@pytest.mark.parametrize("kind", REFUSED)
def test_refusal(site: Site, kind: str) -> None:
    found = answer(site, REFUSED[kind])
    assert found.status == 404
    assert isinstance(found.body, bytes)
    assert not faults(found.body)


_PAGE: Final = '<!DOCTYPE html><html lang="en"><head><meta charset="utf-8"><title>T</title></head><body><main><h1>T</h1>{}</main></body></html>'


@pytest.mark.parametrize(
    ("markup", "fault"),
    [
        ("<p>text</div>", "Invalid"),
        ("<b><i>text</b></i>", "Invalid"),
        ("<p>a & b &nosuch; c</p>", "Invalid"),
        ("<main></main>", "2 main"),
        ("<h1>Two</h1>", "2 h1"),
        ("<h3>Deep</h3>", "h3 after h1"),
        ("<h2></h2>", "an empty h2"),
        ('<p id="a"></p><p id="a"></p>', "id 'a' 2 times"),
        ('<p id="a b"></p>', "id 'a b' is none"),
        ('<a href="#b">b</a>', "link to #b"),
        ('<p aria-labelledby="b"></p>', "aria-labelledby 'b' leads nowhere"),
        ("<script>x</script>", "a script element"),
        ('<p style="color: red">x</p>', "attribute style"),
        ('<p onclick="x">x</p>', "attribute onclick"),
        ('<input name="q">', "without label"),
        ('<a href="/x"></a>', "an a without text"),
        ("<a>text</a>", "a link to nothing"),
        ('<img src="/x">', "without alt"),
        ("<svg></svg>", "without name"),
        ("<nav></nav><nav></nav>", "2 nav called ''"),
        ("<pre><details></details></pre>", "details in pre"),
        ("<span><div></div></span>", "div in span"),
        ('<a href="/x"><button>x</button></a>', "button in a"),
        ("<ul><p>x</p></ul>", "p in ul"),
        ("<ul></ul>", "an empty ul"),
        ("<table><tbody><tr><td>x</td></tr></tbody></table>", "without th"),
        ("<table><tbody><tr><th>x</th></tr></tbody></table>", "without scope"),
        (
            '<table><tbody><tr><th scope="row">x</th></tr><tr><td>x</td><td>x</td></tr></tbody></table>',
            "rows of [1, 2] cells",
        ),
        ('<time datetime="yesterday">x</time>', "time 'yesterday'"),
    ],
)
def test_the_test_sees_faults(markup: str, fault: str) -> None:
    assert fault in " ".join(faults(_PAGE.format(markup).encode()))


def test_the_test_lets_what_is_right() -> None:
    good = (
        '<form><label for="q">Q</label><input id="q"><label>R <input name="r"></label><input type="hidden" name="s"></form>'
        '<h2 id="a">A</h2><a href="#a">A</a><details><summary><h3>B</h3></summary><p>b</p></details>'
        '<script type="application/ld+json">{}</script><svg><title>Drawn</title></svg><img src="/x" alt="">'
        '<table><tr><th scope="col" colspan="2">x</th></tr><tr><td>x</td><td>x</td></tr></table>'
        '<time datetime="2004-01-05T10:30:00Z">then</time><dl><dt>x</dt><dd>y</dd></dl>'
    )
    assert not faults(_PAGE.format(good).encode())
