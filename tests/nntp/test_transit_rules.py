from __future__ import annotations

import pytest

from gateway.nntp.transit_rules import (
    DAY,
    STOCK_CUTOFF,
    STOCK_OCTETS,
    is_transit_id,
    newsgroups,
    path_identities,
    refusal,
)
from tests.nntp.probes import GROUP, NOW, Probe, article, date, probes


@pytest.mark.parametrize("probe", list(probes()), ids=lambda probe: probe.label)
def test_verdicts_are_those_of_innd(probe: Probe) -> None:
    why = refusal(probe.octets, now=NOW, carried=lambda name: name == GROUP)
    assert (why is None) == probe.taken, why


def test_an_article_is_the_one_that_was_offered() -> None:
    assert refusal(article(), now=NOW, offered=b"<probe@example.org>") is None
    why = refusal(article(), now=NOW, offered=b"<other@example.org>")
    assert why == "another Message-ID than the one offered (RFC 4644 s. 2.5)"


@pytest.mark.parametrize(
    ("line", "why"),
    [
        (b"X-A: b\nX-C: d", "a CR or LF on its own in the header (RFC 3977 s. 3.6)"),
        (b"X-A: b\rX-C: d", "a CR or LF on its own in the header (RFC 3977 s. 3.6)"),
        (b": no name", "a header field with a name that is none (RFC 5536 s. 2.2)"),
        (b"X-\xe9: v", "a header field with a name that is none (RFC 5536 s. 2.2)"),
        (b"word\r\n X: v", "a header field with a name that is none (RFC 5536 s. 2.2)"),
        (b"Injection-Date: soon", "an Injection-Date that is none (RFC 5536 s. 3.2.7)"),
    ],
)
def test_a_header_that_could_be_read_in_two_ways(line: bytes, why: str) -> None:
    assert refusal(article(line), now=NOW) == why


def test_an_empty_field_before_the_true_one_does_not_count_but_one_after_it_does() -> None:
    empty_first = b"Subject: \r\n" + article()
    assert refusal(empty_first, now=NOW) is None
    assert refusal(article(b"Subject: "), now=NOW) == "more than one Subject (RFC 5536 s. 3.1)"


def test_age_is_that_of_the_injection() -> None:
    old = article(Date=date(-STOCK_CUTOFF - 1))
    assert refusal(old, now=NOW) is None
    assert refusal(old, now=NOW, cutoff=STOCK_CUTOFF) == ("older than the cutoff (RFC 5537 s. 3.6)")
    assert refusal(article(Date=date(-STOCK_CUTOFF)), now=NOW, cutoff=STOCK_CUTOFF) is None
    injected = article(b"Injection-Date: " + date(0), Date=date(-9000 * DAY))
    assert refusal(injected, now=NOW, cutoff=STOCK_CUTOFF) is None
    late = article(b"Injection-Date: " + date(-11 * DAY), Date=date(0))
    assert refusal(late, now=NOW, cutoff=STOCK_CUTOFF) is not None
    assert refusal(article(Date=date(DAY)), now=NOW) is None
    assert refusal(article(Date=date(DAY + 1)), now=NOW) is not None


def test_size_is_that_on_the_wire() -> None:
    whole = article(body=b".\r\n..\r\na.\r\n")
    octets = len(whole) + 2 + len(b".\r\n")
    assert refusal(whole, now=NOW, max_octets=octets) is None
    assert refusal(whole, now=NOW, max_octets=octets - 1) is not None
    large = article(body=b"x" * STOCK_OCTETS + b"\r\n")
    assert refusal(large, now=NOW, max_octets=STOCK_OCTETS) is not None


@pytest.mark.parametrize(
    ("path", "identities"),
    [
        (b"a!b!not-for-mail", [b"a", b"b"]),
        (b"A.Example!.POSTED!not-for-mail", [b"a.example"]),
        (b"a!!b!.MISMATCH.10.0.0.1!c!.posted.x!d!tail", [b"a", b"b", b"c"]),
        (b"a!\r\n b! c !x", [b"a", b"b", b"c"]),
        (b"not-for-mail", []),
        (b"", []),
    ],
)
def test_path(path: bytes, identities: list[bytes]) -> None:
    assert path_identities(path) == identities


def test_an_article_that_was_here_does_not_come_again() -> None:
    been = article(Path=b"peer.example!News.Example!other!.POSTED!not-for-mail")
    assert refusal(been, now=NOW) is None
    why = refusal(been, now=NOW, identity=b"news.example")
    assert why == "it came through here already (RFC 5537 s. 3.6)"
    posted_by_name = article(Path=b"peer.example!.POSTED!news.example!not-for-mail")
    assert refusal(posted_by_name, now=NOW, identity=b"news.example") is None
    assert refusal(article(Path=b"!"), now=NOW) == "a Path without a name (RFC 5536 s. 3.1.5)"


@pytest.mark.parametrize("value", [b",", b"  ", b"a:b"])
def test_newsgroups_that_name_none(value: bytes) -> None:
    why = refusal(article(Newsgroups=value), now=NOW)
    assert why == "a Newsgroups that names none (RFC 5536 s. 3.1.4)"


def test_newsgroups() -> None:
    assert newsgroups(b"a.b, c.d,\r\n e.f,,g") == [b"a.b", b"c.d", b"e.f", b"g"]


def test_ids_that_readers_get_and_news_servers_do_not_take() -> None:
    assert is_transit_id(b"<" + b"a" * 244 + b"@b.c>")
    assert not is_transit_id(b"<" + b"a" * 245 + b"@b.c>")
    assert not is_transit_id(b"<a@b>\n")
    assert not is_transit_id(b"<a@[b>")
