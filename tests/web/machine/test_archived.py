"""Addresses in other archives that tell a Message-ID."""

from __future__ import annotations

import time
from urllib.parse import quote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.web.machine.archived import MAX_URL, archived_id
from storage.message.ids import is_sound

TOLD = [
    "https://lore.kernel.org/linux-man/{}/",
    "https://lore.kernel.org/linux-man/{}",
    "https://lore.kernel.org/linux-man/{}/T/",
    "https://lore.kernel.org/linux-man/{}/T/#u",
    "https://lore.kernel.org/linux-man/{}/t/#m0123",
    "https://lore.kernel.org/linux-man/{}/raw",
    "https://lore.kernel.org/linux-man/{}/t.mbox.gz",
    "https://lore.kernel.org/all/{}/",
    "https://lore.kernel.org/r/{}",
    "https://lore.kernel.org/r/{}/",
    "https://lkml.kernel.org/r/{}",
    "http://lkml.kernel.org/r/{}",
    "https://patch.msgid.link/{}",
    "https://public-inbox.org/git/{}/",
    "https://yhbt.net/lore/lkml/{}/",
    "https://example.org/inbox/{}/T/",
    "https://example.org/some/root/{}/raw",
    "https://lists.example.org/lists.hardening/m/{}",
    "https://lists.example.org/archive/lists.hardening/m/{}/thread#m17",
    "https://marc.info/?i={}",
    "https://marc.info/?l=linux-kernel&i={}",
    "http://marc.info/?i=<{}>",
    "http://mid.gmane.org/{}",
    "http://mid.gmane.org/%3C{}%3E",
    "http://mid.mail-archive.com/{}",
    "http://news.gmane.org/find-root.php?message_id=%3C{}%3E",
    "http://news.gmane.org/find-root.php?group=gmane.x&message_id={}",
    "https://www.mail-archive.com/search?l=linux-man@vger.kernel.org&q={}",
    "https://www.mail-archive.com/search?l=mid&q={}",
    "https://lists.debian.org/msgid-search/{}",
    "https://www.postgresql.org/message-id/{}",
    "https://www.postgresql.org/message-id/flat/{}",
    "https://postgr.es/m/{}",
    "http://mail-archives.apache.org/mod_mbox/dev/201001.mbox/%3C{}%3E",
    "http://mail-archives.apache.org/mod_mbox/dev/201001.mbox/raw/%3C{}%3E/2",
    "https://lists.sr.ht/~someone/something/%3C{}%3E",
    "https://lists.sr.ht/~someone/something/patches/{}",
    "https://groups.google.com/d/msgid/syzkaller/{}",
    "https://groups.google.com/groups?selm={}&output=gplain",
    "http://al.howardknight.net/msgid.cgi?ID={}",
    "https://patchwork.kernel.org/project/linux-man/patch/{}/",
    "https://patchwork.kernel.org/project/linux-man/patch/{}/mbox/",
    "HTTPS://LORE.KERNEL.ORG/linux-man/{}/",
    "mid:{}",
    "mid:{}/part@x",
    "news:{}",
    "news://news.example.org/{}",
]

UNTOLD = [
    "",
    "https://lore.kernel.org/",
    "https://lore.kernel.org/linux-man/",
    "https://lore.kernel.org/linux-man/new.atom",
    "https://marc.info/?l=linux-kernel&m=123",
    "https://marc.info/",
    "https://www.mail-archive.com/search?l=mid&q=some+words",
    "http://article.gmane.org/gmane.linux.kernel/1234",
    "https://unpkg.com/package@1.0",
    "https://example.org/people/someone@x.example",
    "https://example.org/people/someone@x.example/T/more",
    "https://example.org/m/%00%0a@x",
    "mailto:a@x.example",
    "ftp://lore.kernel.org/linux-man/a@x.example/",
    "javascript:a@x.example",
    "https://[::1/a@x.example/T/",
    "https://lore.kernel.org/r/" + "a" * 3000 + "@x.example",
    "https://lore.kernel.org/r/" + "a" * 300 + "@x.example",
]  # fmt: skip  # one an address


@pytest.mark.parametrize("form", TOLD)
@pytest.mark.parametrize("own", ["a@x.example", "20240101+b=c.1-2@x.example", "$p%q/r@x"])
def test_an_id_is_told(form: str, own: str) -> None:
    assert archived_id(form.format(quote(own, safe="@+=$"))) == b"<%b>" % own.encode()


@pytest.mark.parametrize("url", UNTOLD)
def test_no_id_is_told(url: str) -> None:
    assert archived_id(url) is None


@given(st.text(max_size=200))
def test_any_text_may_be_looked_at(text: str) -> None:
    for url in (text, f"https://lore.kernel.org/{text}", f"https://marc.info/?i={text}"):
        told = archived_id(url)
        assert told is None or is_sound(told)


@pytest.mark.parametrize("piece", ["/", "/a", "a@", "/a@b/", "&i=", "%3C"])
def test_looking_takes_no_time(piece: str) -> None:
    url = ("https://example.org/" + piece * MAX_URL)[:MAX_URL]
    began = time.perf_counter()
    archived_id(url)
    assert time.perf_counter() - began < 0.2
