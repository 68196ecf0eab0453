from __future__ import annotations

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.web.body.hypertext import MAX_NESTED, STEP, plain_steps


def plain(html: str) -> str:
    *steps, said = plain_steps(html)
    assert said is not None
    assert not any(steps)
    return said


@pytest.mark.parametrize(
    ("html", "said"),
    [
        ("", ""),
        ("  \n ", ""),
        ("a", "a\n"),
        ("a <b>b</b>c\n\n  d", "a bc d\n"),
        ("a<b> b </b> c", "a b c\n"),
        ("<p>a</p><p>b</p>", "a\n\nb\n"),
        ("<p>a<p>b<div>c</div><div>d</div>", "a\n\nb\nc\nd\n"),
        ("<h1>a</h1>b", "a\n\nb\n"),
        ("a<br>b<br><br>c", "a\nb\n\nc\n"),
        ("<div><div><div>a</div></div></div>", "a\n"),
        ("a</hr>b", "a\n\nb\n"),
        ("a<hr>b", "a\n\n--------------------\n\nb\n"),
        # What is not said.
        ("<head><title>t</title><style>p{}</style></head><body>a<script>alert('</b>')</script>b", "ab\n"),
        ("a<script>b", "a\n"),
        ("a<STYLE>b</Style >c", "ac\n"),
        ("a<!-- b -- > c -->d<!-- e", "ad\n"),
        ("a<!DOCTYPE b>c<?xml d?>e</f>g", "aceg\n"),
        ("a<svg><text>b</text></svg>c", "ac\n"),
        # What is no tag.
        ("a < b > c <3", "a < b > c <3\n"),
        ("a <", "a <\n"),
        ("a <b", "a\n"),
        # Character references, once.
        ("&lt;b&gt; &amp;lt; &eacute;&nbsp;&#x263a;", "<b> &lt; é\xa0☺\n"),
        # Lists.
        ("<ul><li>a<li>b</ul>c", "* a\n* b\n\nc\n"),
        ("a<ol><li>b</li><li>c<ul><li>d</li></ul></li></ol>", "a\n\n1. b\n2. c\n  * d\n"),
        ("<li>a</ul></ol>b", "* a\n\nb\n"),
        # Tables.
        ("<table><tr><td>a<td>b<tr><th>c</th><td></td><td>d</table>", "a  b\nc    d\n"),
        # Quotations.
        ("a<blockquote>b<br>c<blockquote>d</blockquote></blockquote>e", "a\n\n> b\n> c\n>\n> > d\n\ne\n"),
        ("<blockquote><p>a</p><p>b</p></blockquote>", "> a\n>\n> b\n"),
        ("</blockquote>a", "a\n"),
        # Preformatted text.
        ("<pre>a\n  b\r\n\n c</pre>d", "a\n  b\n\n c\nd\n"),
        ("<blockquote><pre>a\nb</pre></blockquote>", "> a\n> b\n"),
        ("</pre>a  b", "a b\n"),
        # Images.
        ("<img src=x alt='a cat'>b <img src=y><img alt=\"\">", "[a cat]b\n"),
        # Links.
        ("<a href='http://a.example/'>this</a>!", "this [http://a.example/]!\n"),
        ("<a href=http://a.example/>http://a.example</a>!", "http://a.example!\n"),
        ('<a href="https://a.example">a.example/</a>', "a.example/\n"),
        ("<a href='mailto:a@b.example'>a@b.example</a> <a href='MAILTO:a@b.example'>Ann</a>", "a@b.example Ann [MAILTO:a@b.example]\n"),
        ("<a href='http://a.example/?a&amp;b'>x</a>", "x [http://a.example/?a&b]\n"),
        ("<a href='http://a.example/'>one<a href='http://b.example/'>two", "one [http://a.example/]two [http://b.example/]\n"),
        ("<a href='http://a.example/'><img src=x></a>a", "a\n"),
        ("<a href='javascript:alert(1)'>x</a> <a name=y>y</a> <a href=\"data:text/html,x\">z</a>", "x y z\n"),
        ("<a href='http://a.example/\nb c'>x</a>", "x [http://a.example/bc]\n"),
        ("<a title=\"a>b href='http://no.example/'\" href='http://a.example/'>x</a>", "x [http://a.example/]\n"),
        ("<a data-href='http://no.example/'>x</a>", "x\n"),
        # Broken.
        ("<p class=x' >a</p>", "a\n"),
        ('<p class="x>a', ""),
        ("<p class=>a</p>", "a\n"),
        ("<o:p>a</o:p>", "a\n"),
    ],
)  # fmt: skip  # a table
def test_it_says_what_a_browser_shows(html: str, said: str) -> None:
    assert plain(html) == said


def test_it_nests_as_deep_as_can_be_shown() -> None:
    assert plain("<blockquote>" * 1000 + "a") == "> " * MAX_NESTED + "a\n"
    assert plain("<ul>" * 1000 + "<li>a") == "  " * (MAX_NESTED - 1) + "* a\n"


def test_others_may_do_something_meanwhile() -> None:
    assert len(list(plain_steps("<b>" * STEP))) > 3
    assert len(list(plain_steps("&a" * 2 * STEP))) > 3
    assert len(list(plain_steps(f"<a {'b ' * 1000}>" * 30))) > 3
    assert len(list(plain_steps("<" * STEP))) > 3


def test_text_is_cut_nowhere_within_a_reference() -> None:
    html = "a" * 4090 + "&amp;" * 2000 + "<" * 5 + "&lt;" * 2000
    assert plain(html) == "a" * 4090 + "&" * 2000 + "<" * 2005 + "\n"


@given(st.text(alphabet="<>/!-=\"'& apbre#;\n") | st.lists(st.sampled_from([
    "<blockquote>", "</blockquote>", "<pre>", "</pre>", "<ul>", "<ol>", "</ol>", "<li>", "<p>", "<br>", "<td>", "<a href='http://x.example'>", "</a>", "x", " ", "\n", "<!--", "-->", "<script>", "</script>",
])).map("".join))  # fmt: skip  # a list
def test_anything_is_read(html: str) -> None:
    said = plain(html)
    assert said == "" or (said.endswith("\n") and said.strip("\n> ") != "")


@pytest.mark.parametrize(
    "unit",
    ["<", "<a", "<!--", "<a href=", "<a href='", '<a x="', "<b>", "</", "<script>", "<script", "<blockquote>", "<p>", "<td>", "<li>", "<ul>", "<ul><li>", "<a href='http://x'>", "&lt;", "<!", "<pre>\n", " <b", "<b =", "<img alt=x>", "a ", "<a href='http://x'>y"],
)  # fmt: skip  # a list
def test_time_is_linear(unit: str) -> None:
    html = unit * (1_000_000 // len(unit))
    before = time.process_time()
    plain(html)
    assert time.process_time() - before < 4
