"""Who answers whom among some messages."""

from __future__ import annotations

import itertools

from hypothesis import given
from hypothesis import strategies as st

from gateway.web.pages.lines import Line
from gateway.web.pages.outline import bare_subject
from gateway.web.pages.trees import MAX_DEPTH, drawn, grouped


def line(number: int, references: bytes = b"", thread: bytes = b"") -> Line:
    own = b"<%d>" % number
    first = thread or references.partition(b" ")[0] or own
    subject = f"s{number}"
    return Line(
        number,
        own,
        references,
        first,
        subject,
        subject,
        "A",
        "",
        "",
        f"/{number}",
        subject,
        "A",
        "t",
    )


def depths(*lines: Line) -> list[list[tuple[int, int]]]:
    return [[(each.number, depth) for depth, each in thread] for thread in grouped(lines)]


def test_answers_stand_below_what_they_answer() -> None:
    assert depths(line(1), line(2, b"<1>"), line(3), line(4, b"<1> <2>"), line(5, b"<1>")) == [
        [(1, 0), (2, 1), (4, 2), (5, 1)],
        [(3, 0)],
    ]


def test_what_is_not_there_is_passed_over() -> None:
    assert depths(line(1), line(3, b"<1> <2>")) == [[(1, 0), (3, 1)]]


def test_those_of_one_thread_stand_together() -> None:
    lines = line(2, b"<1>"), line(5), line(3, b"<9>", b"<1>"), line(4, b"<9> <3>", b"<1>")
    assert depths(*lines) == [
        [(2, 0), (3, 0), (4, 1)],
        [(5, 0)],
    ]


def test_an_answer_may_come_first() -> None:
    assert depths(line(1, b"<2>"), line(3), line(2)) == [[(3, 0)], [(2, 0), (1, 1)]]


def test_loops_end() -> None:
    assert depths(line(1, b"<2>"), line(2, b"<1>"), line(3, b"<3>")) == [
        [(3, 0)],
        [(1, 0), (2, 1)],
    ]


def test_what_is_deep_is_shown_less_deep() -> None:
    found = depths(*(line(n, b"<%d>" % (n - 1)) for n in range(1, 3000)))
    assert [depth for _, depth in found[0]] == [min(n, MAX_DEPTH) for n in range(2999)]


def test_items() -> None:
    (thread,) = grouped([line(1), line(2, b"<1>")])
    assert drawn(thread) == (
        '<li><a href="/1">s1</a> <span class="meta">A, t</span></li>\n'
        '<li class="d1"><a href="/2">s2</a> <span class="meta">A, t</span></li>\n'
    )


@given(st.lists(st.lists(st.integers(1, 12), max_size=4), max_size=12))
def test_each_message_stands_once(references: list[list[int]]) -> None:
    lines = [
        line(number, b" ".join(b"<%d>" % each for each in ids))
        for number, ids in enumerate(references, 1)
    ]
    threads = grouped(lines)
    assert sorted(each.number for thread in threads for _, each in thread) == [
        each.number for each in lines
    ]
    assert all(thread[0][0] == 0 for thread in threads)
    for thread in threads:
        for above, below in itertools.pairwise(thread):
            assert below[0] <= above[0] + 1


def test_a_subject_stands_once() -> None:
    def said(number: int, references: bytes, subject: str) -> Line:
        when = f'<time datetime="d">t{number}</time>, patch'
        return line(number, references)._replace(
            subject=subject, topic=bare_subject(subject), title=subject, by="A &lt;", when=when
        )

    (thread,) = grouped(
        [
            said(1, b"", "S"),
            said(2, b"<1>", "Re: S"),
            said(3, b"<1>", "T"),
            said(4, b"<1> <3>", "S"),
        ]
    )
    first, second, third, fourth = drawn(thread).splitlines()
    assert ">S</a>" in first
    assert second == (
        '<li class="d1"><a href="/2">A &lt;</a> <span class="meta"><time datetime="d">t2</time>, patch</span></li>'
    )
    assert ">T</a>" in third
    assert ">S</a>" in fourth
