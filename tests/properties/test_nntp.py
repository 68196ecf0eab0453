"""Whatever a client sends: the answers do not depend on packets, are well formed, and never an internal fault."""

from __future__ import annotations

import contextlib
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.nntp import Settings
from gateway.nntp.registry import COMMANDS, LIST_VARIANTS
from gateway.nntp.responses import NntpError, dot_stuffed
from gateway.nntp.selection import article_range
from gateway.nntp.wildmat import MATCHED_CHARACTERS, newsgroup_wildmat, text_wildmat
from tests.mail import MemoryEngine
from tests.nntp.world import HOST, Client, Users, build, session

ARCHIVE = build(MemoryEngine())

WORDS = st.one_of(
    st.sampled_from(
        b"1 2 1- 2-4 5-1 0 99999999999999999 <one@x.example> <shared@x.example> <nosuch@x> lists.alpha lists.* *,!a Subject "
        b":bytes To xref 20200101 000000 GMT READER DEFLATE USER PASS SASL PLAIN ann = * [a-z]* ?".split()
    ),
    st.binary(max_size=12),
    st.sampled_from(sorted(LIST_VARIANTS)),
)
COMMAND = st.one_of(
    st.tuples(st.sampled_from(sorted(COMMANDS)), st.lists(WORDS, max_size=4)).map(
        lambda parts: b" ".join([parts[0], *parts[1]]) + b"\r\n"
    ),
    st.binary(max_size=40),
    st.just(b"GROUP lists.alpha\r\n"),
    st.just(b"Z" * 600 + b"\r\n"),
)


def client() -> Client:
    return Client(
        session(ARCHIVE, Settings(HOST, tls_available=True, plaintext_login=True), users=Users())
    )


@given(st.lists(COMMAND, max_size=12), st.lists(st.integers(1, 30), max_size=60))
def test_answers_do_not_depend_on_packet_boundaries(commands: list[bytes], cuts: list[int]) -> None:
    sent = b"".join(commands)
    whole, pieces = client().send(sent), client()
    answers = []
    for cut in cuts:
        answers.append(pieces.send(sent[:cut]))
        sent = sent[cut:]
    answers.append(pieces.send(sent))
    assert b"".join(answers) == whole


@given(st.lists(COMMAND, max_size=12))
def test_every_answer_is_well_formed_and_none_an_internal_fault(commands: list[bytes]) -> None:
    talking = client()
    for command in commands:
        answer = talking.send(command)
        for status in statuses(answer):
            assert re.fullmatch(rb"[1-5][0-9][0-9] [ -~]{1,506}", status)
            assert not status.startswith(b"403")
        if talking.session.upgrade is not None:
            talking.session.upgraded(talking.session.upgrade)


MULTI = (b"100", b"101", b"215", b"220", b"221", b"222", b"224", b"225", b"230", b"231", b"282")


def statuses(answer: bytes) -> list[bytes]:
    """Return the status lines of some responses; 211 is told from a LISTGROUP by what follows."""
    found, lines = [], answer.split(b"\r\n")
    assert lines.pop() == b""
    lines.reverse()
    while lines:
        found.append(lines.pop())
        listed = found[-1].startswith(b"211") and lines and re.fullmatch(rb"[0-9]+|\.", lines[-1])
        if found[-1].startswith(MULTI) or listed:
            while lines.pop() != b".":
                pass
    return found


@given(st.integers(0, 30), st.integers(0, 30))
def test_ranges(first: int, last: int) -> None:
    assert article_range(b"%d-%d" % (first, last)) == (first, last)
    assert article_range(b"%d" % first) == (first, first)
    start, end = article_range(b"%d-" % first)
    assert start == first
    assert end > 2**31


@given(st.text("0123456789- ", max_size=22).map(str.encode))
def test_only_ranges_are_ranges(text: bytes) -> None:
    if re.fullmatch(rb"\d{1,16}(-(\d{1,16})?)?", text):
        article_range(text)
    else:
        with pytest.raises(NntpError, match="501"):
            article_range(text)


@given(st.lists(st.sampled_from([b".", b"..", b"a", b"", b".a", b"a."])))
def test_dot_stuffing_can_be_undone(texts: list[bytes]) -> None:
    block = b"".join(text + b"\r\n" for text in texts)
    lines = dot_stuffed(block).split(b"\r\n")[:-1]
    assert b"." not in lines
    assert [line.removeprefix(b".") if line.startswith(b"..") else line for line in lines] == texts


def naive(pattern: str, text: str) -> bool:
    """Match a pattern of ``*``, ``?`` and other characters, by trying everything."""
    if not pattern:
        return not text
    if pattern[0] == "*":
        return any(naive(pattern[1:], text[at:]) for at in range(len(text) + 1))
    return bool(text) and pattern[0] in {"?", text[0]} and naive(pattern[1:], text[1:])


PATTERN = st.text("ab*?é.+^", min_size=1, max_size=9)
NAME = st.text("abé.+^", max_size=9)


@given(PATTERN, NAME)
def test_a_pattern_matches_as_a_naive_one(pattern: str, name: str) -> None:
    assert newsgroup_wildmat(pattern.encode())(name) == naive(pattern, name)
    assert text_wildmat(pattern.encode())(name.encode()) == naive(pattern, name)


@given(st.lists(st.tuples(st.booleans(), PATTERN), min_size=1, max_size=4), NAME)
def test_the_rightmost_pattern_that_matches_decides(
    alternatives: list[tuple[bool, str]], name: str
) -> None:
    wildmat = ",".join(("!" if excluded else "") + pattern for excluded, pattern in alternatives)
    verdicts = [not excluded for excluded, pattern in alternatives if naive(pattern, name)]
    assert newsgroup_wildmat(wildmat.encode())(name) == (verdicts[-1] if verdicts else False)


@pytest.mark.parametrize(
    ("pattern", "matching", "others"),
    [
        ("[abc]", "abc", "d]["),
        ("[a-c]", "abc", "d-"),
        ("[^a-c]", "d-^", "abc"),
        ("[]a]", "]a", "[b"),
        ("[^]a]", "[b", "]a"),
        ("[a-]", "a-", "b"),
        ("[-a]", "a-", "b"),
        ("[c-a]", "", "abc-"),
        ("[^c-a]", "abc-", ""),
        ("[.\\]", ".\\", "a"),
        ("[a^]", "a^", "b"),
        ("[,]", ",", "a"),
        ("\\*", "*", "a\\"),
        ("\\[", "[", "a"),
        ("\\,", ",", "a"),
        ("[*?]", "*?", "a"),
    ],
)
def test_sets_and_escapes(pattern: str, matching: str, others: str) -> None:
    for matches in (
        newsgroup_wildmat(pattern.encode()),
        lambda name: text_wildmat(pattern.encode())(name.encode()),
    ):
        assert [name for name in matching + others if matches(name)] == list(matching)


@pytest.mark.parametrize("wildmat", ["[", "[a", "[]", "[^]", "a\\", "a,", ",a", "a,!", "!", "a,,b"])
def test_what_is_no_wildmat_is_refused(wildmat: str) -> None:
    with pytest.raises(NntpError, match="501"):
        newsgroup_wildmat(wildmat.encode())


@given(st.text(max_size=20), st.text(max_size=20))
def test_any_wildmat_is_matched_or_refused(wildmat: str, name: str) -> None:
    encoded = wildmat.encode("utf-8", "ignore")
    with contextlib.suppress(NntpError):
        newsgroup_wildmat(encoded)(name)
    with contextlib.suppress(NntpError):
        text_wildmat(encoded)(name.encode("utf-8", "ignore"))


def test_a_field_that_is_not_utf_8_is_matched() -> None:
    assert text_wildmat(b"J?rg*")(b"J\xf6rg Meyer")
    assert text_wildmat(b"J?rg*")("Jörg".encode())


def test_hostile_patterns_take_linear_time() -> None:
    assert not text_wildmat(b"*a" * 250 + b"b")(b"a" * MATCHED_CHARACTERS)
    assert not text_wildmat(b"*" + b"a?" * 200 + b"b*c")(b"a" * MATCHED_CHARACTERS)


def test_only_the_beginning_of_a_giant_field_is_looked_at() -> None:
    giant = b"x" * (MATCHED_CHARACTERS - 3) + b"end" + b"y" * 10_000_000
    assert text_wildmat(b"*end*")(giant)
    assert not text_wildmat(b"*y")(giant)
