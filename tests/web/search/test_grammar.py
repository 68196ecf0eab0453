"""What is typed: any text is a tree or a sentence, and trees have a text."""

from __future__ import annotations

import datetime as dt
import time
from contextlib import suppress

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from gateway.web.search.grammar import MAX_DEPTH, MAX_QUERY, MAX_TERMS, QueryFault, parse
from gateway.web.search.tree import (
    And,
    Dated,
    Feature,
    Has,
    Listed,
    Named,
    Not,
    Or,
    Sized,
    Term,
    Tree,
    Where,
    leaves,
    render,
)
from storage.message.phrase import words_of
from tests.web.search.trees import LAST_DAY, TREES

W = Where


def day(text: str) -> int:
    return (dt.date.fromisoformat(text) - dt.date(1970, 1, 1)).days


def term(text: str, where: Where = W.ANYWHERE) -> Term:
    return Term(text, where)


def phrase(text: str, where: Where = W.ANYWHERE) -> Term:
    return Term(text, where, is_whole=True)


A, B, C, D = map(term, "abcd")

READ: list[tuple[str, Tree]] = [
    ("stack", term("stack")),
    ("a b", And((A, B))),
    ("  a\t b\n", And((A, B))),
    ("a and b AND c", And((A, B, C))),
    ("a or b", Or((A, B))),
    ("a OR b | c", Or((A, B, C))),
    ("a|b", Or((A, B))),
    ("a b or c d", And((A, Or((B, C)), D))),
    ("(a b) or (c d)", Or((And((A, B)), And((C, D))))),
    ("(a (b))", And((A, B))),
    ("((a or b) or c)", Or((A, B, C))),
    ("a (b or c", And((A, Or((B, C))))),
    ("a) b", And((A, B))),
    ("-a", Not(A)),
    ("NOT a not b", And((Not(A), term("not"), B))),
    ("-(a b)", Not(And((A, B)))),
    ("-(-a)", A),
    ("NOT -a", A),
    ("a or -b", Or((A, Not(B)))),
    ("a-b", term("a-b")),
    ("--help", term("help")),
    ("a - b", And((A, B))),
    ("a -", A),
    ('-"a b"', Not(phrase("a b"))),
    ("-from:a", Not(term("a", W.FROM))),
    ("-*a", Not(Term("a", is_inner=True))),
    ("-<a@b>", Not(Named(b"<a@b>"))),
    ("or a or", A),
    ("| a | | b", Or((A, B))),
    ("a () b", And((A, B))),
    ("-() a", A),
    ('-"…" a', A),
    ("a or -- b", Or((A, B))),
    ('a or "-" b', And((A, B))),
    ('"a b"', phrase("a b")),
    ('"a\n  b', phrase("a b")),
    ("“a b”", phrase("a b")),
    ("„a b“ «c»", And((phrase("a b"), phrase("c")))),
    ('a"b"', And((A, phrase("b")))),
    ('""a', A),
    ("*a", Term("a", is_inner=True)),
    ("**a*", Term("a", is_inner=True)),
    ('*"a b"', Term("a b", is_whole=True, is_inner=True)),
    ("a*", A),
    ("c++", phrase("c")),
    ("foo,", phrase("foo")),
    ("#include <a.h>", And((term("include"), phrase("a.h")))),
    ("foo(bar)", And((term("foo"), term("bar")))),
    ("foo()", term("foo")),
    ("drivers/net", term("drivers/net")),
    ("http://x.example/a", term("http://x.example/a")),
    ("std::string", term("std::string")),
    ("+a", A),
    ("from:ann", term("ann", W.FROM)),
    ("FROM:ann f:ann author:ann", And((term("ann", W.FROM),) * 3)),
    ("from: ann", term("ann", W.FROM)),
    ('from:"Ann B"', phrase("Ann B", W.FROM)),
    ("from:a@b.example", term("a@b.example", W.FROM)),
    ("from:<a@b.example>", phrase("a@b.example", W.FROM)),
    ("from:or", term("or", W.FROM)),
    ("from:(a or b) c", And((Or((term("a", W.FROM), term("b", W.FROM))), C))),
    ("s:(a b:c (d))", And((term("a", W.SUBJECT), term("c", W.BODY), term("d", W.SUBJECT)))),
    ("subject:[PATCH", term("PATCH", W.SUBJECT)),
    ("s:a to:a t:a tc:a", And((term("a", W.SUBJECT), *((term("a", W.TO),) * 3)))),
    ("cc:a c:a a:a who:a", And((*((term("a", W.CC),) * 2), *((term("a", W.WHO),) * 2)))),
    ("b:a body:a nq:a bs:a", And((*((term("a", W.BODY),) * 3), A))),
    ("from:… a", A),
    ("date:2024", Dated(day("2024-01-01"), day("2025-01-01"))),
    ("date:2024-02", Dated(day("2024-02-01"), day("2024-03-01"))),
    ("date:202412", Dated(day("2024-12-01"), day("2025-01-01"))),
    ("date:2024-02-29", Dated(day("2024-02-29"), day("2024-03-01"))),
    ("date:2024/02/29 d:2024.02.29", And((Dated(day("2024-02-29"), day("2024-03-01")),) * 2)),
    ("d:20240229", Dated(day("2024-02-29"), day("2024-03-01"))),
    ("d:20240101..20240131", Dated(day("2024-01-01"), day("2024-02-01"))),
    ("d:2024..", Dated(day("2024-01-01"), None)),
    ("d:..2024", Dated(None, day("2025-01-01"))),
    ("dt:2024..2025 rt:2024..2025", And((Dated(day("2024-01-01"), day("2026-01-01")),) * 2)),
    ("date:9999", Dated(day("9999-01-01"), LAST_DAY + 1)),
    ("date:..9999", Dated(day("0001-01-01"), LAST_DAY + 1)),
    ("before:2024-07", Dated(None, day("2024-07-01"))),
    ("after:2024-07 since:2024-07", And((Dated(day("2024-07-01"), None),) * 2)),
    ('after:"2024-07"', Dated(day("2024-07-01"), None)),
    ("has:patch has:Attachments", And((Has(Feature.PATCH), Has(Feature.ATTACHMENT)))),
    ("larger:5", Sized(5, is_larger=True)),
    ("larger:5k smaller:2MiB", And((Sized(5120, is_larger=True), Sized(2 << 20, is_larger=False)))),
    ("list:Lists.A l:x.* list:*", And((Listed("lists.a"), Listed("x.*"), Listed("*")))),
    ("id:a@b", Named(b"<a@b>")),
    ("m:<a@b> mid:a@b", And((Named(b"<a@b>"), Named(b"<a@b>")))),
    ("(id:a@b)", Named(b"<a@b>")),
    ("id:<a@(b)>", Named(b"<a@(b)>")),
    ('id:"a @ b"', Named(b"<a@b>")),
    ("<20240728.1@x.example>", Named(b"<20240728.1@x.example>")),
    ("<a b@c>", And((A, phrase("b@c")))),
    ("a\0b\ud800", And((A, B))),
    ("㏂", term("㏂")),
    ("\u1680a\u3000b\u2003\x85 c\u1680", And((A, B, C))),
    ('"\u1680" a', A),
]  # fmt: skip  # a table


@pytest.mark.parametrize(("text", "tree"), READ)
def test_what_is_typed(text: str, tree: Tree) -> None:
    assert parse(text) == tree


@pytest.mark.parametrize(
    ("text", "part"),
    [
        ("", "no letter"),
        ("  ", "no letter"),
        ("-> … ()", "no letter"),
        ('""', "no letter"),
        ("from:", "Behind “from:”"),
        ("from: )", "Behind “from:”"),
        ("before:", "Behind “before:”"),
        ("list:)", "Behind “list:”"),
        ("id:", "Behind “id:”"),
        ("id:<>", "Message-ID"),
        ('id:"a<"', "Message-ID"),
        ("id:" + "x" * 501, "Message-ID"),
        ("date:x", "“x” is no date"),
        ("date:..", "no date"),
        ("date:2024-13", "no date"),
        ("date:2024-02-30", "no date"),
        ("date:0000", "no date"),
        ("date:20240", "no date"),
        ("date:2024-0228", "no date"),
        ("date:٢٠٢٤", "no date"),
        ("date:2024..2023", "ends before it begins"),
        ("before:2024..2025", "no date"),
        ("larger:big", "no size"),
        ("larger:1234567890123", "no size"),
        ("list:a/b", "no name of a list"),
        ("list:" + "a" * 201, "no name of a list"),
        ("has:wings", "has:patch"),
        ("x" * (MAX_QUERY + 1), str(MAX_QUERY)),
        ("x " * (MAX_TERMS + 1), str(MAX_TERMS)),
        ("(" * (MAX_DEPTH + 1) + "x", str(MAX_DEPTH)),
    ],
)  # fmt: skip  # a table
def test_what_is_not_understood_is_said(text: str, part: str) -> None:
    with pytest.raises(QueryFault, match=part.replace("(", "[(]")):
        parse(text)


def test_the_bounds_themselves_are_within() -> None:
    assert parse("x" * MAX_QUERY) == term("x" * MAX_QUERY)
    assert len(list(leaves(parse("x " * MAX_TERMS)))) == MAX_TERMS
    assert parse("(" * MAX_DEPTH + "x") == term("x")
    assert parse("larger:999999999999") == Sized(999_999_999_999, is_larger=True)


@settings(max_examples=400)
@given(TREES)
@example(Term("or"))
@example(Term("from:x"))
@example(Term("from:x", is_inner=True))
@example(Dated(None, 0))
def test_the_text_of_a_tree_is_read_as_that_tree(tree: Tree) -> None:
    text = render(tree)
    try:
        read = parse(text)
    except QueryFault:
        assert len(text) > MAX_QUERY or text.count("(") > MAX_DEPTH
    else:
        assert read == tree


PIECES = st.sampled_from([
    "a", "or", "NOT", "-", "(", ")", "|", '"', "*", "<", ">", "@", " ", ":", "from:", "s:", "date:", "d:", "id:", "list:", "has:",
    "patch", "larger:", "2024", "-07", "..", "“", "”", "\0", "\ud800", "é", "内", "ß", "\u0301", "㏂", "½", "\u2028", "\u1680", "\u3000", "\xa0", "+", "<a@b>",
])  # fmt: skip  # a list of pieces


@settings(max_examples=1000)
@given(st.lists(PIECES, max_size=14).map("".join) | st.text(max_size=40))
def test_no_text_is_an_error_and_what_is_read_has_that_text(text: str) -> None:
    try:
        tree = parse(text)
    except QueryFault:
        return  # a sentence, as tested above
    assert parse(render(tree)) == tree
    for leaf in leaves(tree):
        assert not isinstance(leaf, Term) or words_of(leaf.text)


@pytest.mark.parametrize(
    "piece", ["(", "a ", '"', "-", "*", "<", "|", "a:", "from:", "…", "<a@", "or ", "-(", "a\u0301"]
)
def test_reading_takes_no_more_than_linear_time(piece: str) -> None:
    began = time.process_time()
    for _ in range(5):
        with suppress(QueryFault):
            parse((piece * MAX_QUERY)[:MAX_QUERY])
    assert time.process_time() - began < 1  # some 20 ms
