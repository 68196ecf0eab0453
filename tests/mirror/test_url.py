from __future__ import annotations

import pytest

from gateway.mirror.url import MAX_URL, PeerUrl, parse_url
from storage.errors import SourceError


@pytest.mark.parametrize(
    ("url", "parts"),
    [
        ("nntp://news.example/a.b", PeerUrl("nntp", "news.example", 119, "a.b")),
        ("NNTPS://News.Example", PeerUrl("nntps", "news.example", 563, "")),
        ("imap://[::1]:1143/Archive/x", PeerUrl("imap", "::1", 1143, "Archive/x")),
        (
            "imaps://ann%40x.example:p%2Fw%3A@mail.example/Gr%C3%BC%C3%9Fe%20an",
            PeerUrl("imaps", "mail.example", 993, "Grüße an", "ann@x.example", "p/w:"),
        ),
        ("nntp://ann@news.example/a", PeerUrl("nntp", "news.example", 119, "a", "ann")),
    ],
)
def test_parts(url: str, parts: PeerUrl) -> None:
    assert parse_url(url) == parts
    assert parse_url(url).tls == parts.scheme.endswith("s")


@pytest.mark.parametrize(
    ("url", "shown"),
    [
        ("nntp://u:secret@h:119/a.b", "nntp://u@h/a.b"),
        ("nntps://h:119/", "nntps://h:119/"),
        ("imap://[::1]/x y", "imap://[::1]/x%20y"),
        ("imap://a%40b:secret@h/x/y", "imap://a%40b@h/x/y"),
    ],
)
def test_what_is_shown_names_the_same_and_has_no_password(url: str, shown: str) -> None:
    parsed = parse_url(url)
    assert parsed.shown == shown
    again = parse_url(shown)
    assert (again.host, again.port, again.path) == (parsed.host, parsed.port, parsed.path)
    assert "secret" not in repr(parsed)


@pytest.mark.parametrize(
    ("url", "why"),
    [
        ("", "must begin with"),
        ("http://h/secret", "must begin with"),
        ("h/group", "must begin with"),
        ("nntp:///group", "names no host"),
        ("nntp://u:secret@h:0/a", "port 0"),
        ("nntp://u:secret@h:x/a", "Port could not"),
        ("nntp://u:secret/secret@h/a", "Port could not be cast to integer value)"),
        ("nntp://u:secret?secret@h/a", "Port could not"),
        ("nntp://u:secret@a..b/a", "its host is no name"),
        ("imap://u:secret@h\ud800/a", "its host is no name"),
        ("nntp://u:secret@h:99999/a", "Port out of range"),
        ("nntp://u:secret@[::1/a", "Invalid IPv6"),
        ("nntp://u:secret@h/a%0d%0aQUIT", "control characters"),
        ("nntp://u%0a:secret@h/a", "control characters"),
        ("nntp://u:secret@h/a?b", "%3F"),
        ("nntp://u:secret@h/a#b", "%23"),
        ("nntp://h/" + "a" * MAX_URL, "too long"),
    ],
)
def test_what_is_no_url_is_named_without_its_password(url: str, why: str) -> None:
    with pytest.raises(SourceError) as raised:
        parse_url(url)
    text = str(raised.value)
    assert why in text
    assert ":secret" not in text
    assert "'secret" not in text
    assert text.isprintable()
