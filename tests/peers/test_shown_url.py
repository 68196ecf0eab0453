"""What is shown of a URL: all but its password."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from storage.peers import shown_url

SECRET = st.text(
    st.characters(min_codepoint=33, max_codepoint=126, exclude_characters="/?#"), min_size=8
)


@pytest.mark.parametrize(
    ("url", "shown"),
    [
        ("nntp://news.example/a.b", "nntp://news.example/a.b"),
        ("nntp://me:secret@news.example:119/a.b", "nntp://me@news.example:119/a.b"),
        ("nntps://me:se@cret@[::1]:563/a.b", "nntps://me@[::1]:563/a.b"),
        ("imap://me@mail.example/a", "imap://me@mail.example/a"),
        ("imaps://:secret@mail.example", "imaps://mail.example"),
        ("https://token@host/a.git", "https://host/a.git"),
        ("HTTPS://me:secret@host?x=a@b", "HTTPS://host?x=a@b"),
        ("git+https://me:secret@host/a@b.git", "git+https://host/a@b.git"),
        ("ssh://git@host/a", "ssh://git@host/a"),
        ("nntp://me:se/cr?e#t@host:1/a", "nntp://me@host:1/a"),
        ("https://me:se/cr@host/a", "https://host/a"),
        ("imap://host:143/me@x", "imap://host:143/me@x"),
        ("imap://[::1]:143/me@x", "imap://[::1]:143/me@x"),
        ("imap://[::1]/me@x", "imap://[::1]/me@x"),
        ("https://host/list@example/x.mbox.gz", "https://host/list@example/x.mbox.gz"),
        ("/srv/a.git", "/srv/a.git"),
        ("git@host:a.git", "git@host:a.git"),
        ("", ""),
    ],
)
def test_it_is_without_its_password(url: str, shown: str) -> None:
    assert shown_url(url) == shown
    assert shown_url(shown) == shown


@given(st.sampled_from(["nntp", "imaps", "https", "git+https", "ssh"]), SECRET)
def test_no_password_is_shown(scheme: str, secret: str) -> None:
    assert secret not in shown_url(f"{scheme}://me:{secret}@host/me").replace("me@host", "host")


@given(st.text())
def test_no_text_is_too_odd(url: str) -> None:
    once = shown_url(url)
    assert shown_url(once) == once
