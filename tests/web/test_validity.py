"""Every kind of web page is well written, and has what those need who do not see it."""

from __future__ import annotations

from typing import Final

import pytest

from tests.mail import MemoryEngine, fill
from tests.web.asked import Asked
from tests.web.made import LISTS, PAGES, REFUSED
from tests.web.validity import faults


@pytest.fixture(scope="module")
def asked() -> Asked:
    engine = MemoryEngine()
    writer = engine.writer()
    for name, mails in LISTS.items():
        fill(writer, name, mails)
    return Asked(engine.archive())


@pytest.mark.parametrize("kind", PAGES)
def test_page(asked: Asked, kind: str) -> None:
    answer, body = asked.followed(PAGES[kind])
    assert answer.status == 200
    assert answer.content_type.startswith("text/html")
    assert not faults(body)


@pytest.mark.parametrize("kind", REFUSED)
def test_refusal(asked: Asked, kind: str) -> None:
    answer, body = asked.followed(REFUSED[kind])
    assert answer.status == 404
    assert not faults(body)


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
