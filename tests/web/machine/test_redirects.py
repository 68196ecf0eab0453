"""The addresses of other archives lead to ours."""

from __future__ import annotations

import asyncio
import base64
import time
from hashlib import sha1
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.web.answers import Refusal, not_found
from gateway.web.asks import Ask
from gateway.web.machine.redirects import forwarded
from gateway.web.machine.redirects.forms import MAX_PATH
from gateway.web.machine.redirects.public_inbox import searched
from gateway.web.machine.refusals import elsewhere
from storage.errors import NoSuchMessage
from tests.mail import mail
from tests.web.machine.world import World

if TYPE_CHECKING:
    from storage.model import Entry

NAME = "lists.hardening"
HOME = f"/{NAME}/"
FIRST = f"{HOME}m/first@x.example"


def hashed(own: str) -> str:
    return base64.b32encode(sha1(f"{own}@x.example".encode()).digest()).decode()


WORLD = World(
    {
        NAME: [
            mail("first", date="Thu, 28 Jul 2022 20:02:11 +0300"),
            mail("second", date="Fri, 29 Jul 2022 20:02:11 +0300", answers="first"),
            mail("third", date="Mon, 1 Aug 2022 12:00:00 +0000"),
            mail("a/b+c", date="Mon, 1 Aug 2022 12:00:00 +0000"),
            mail("hidden", date="Mon, 1 Aug 2022 12:00:00 +0000"),
        ],
        "lists.other": [mail("first"), mail("only")],
        "one.twice": [],
        "two.twice": [],
        "lists.secret": [mail("secret"), mail("only")],
    },
    addresses={NAME: "kernel-hardening@lists.example", "lists.secret": "hush@lists.example"},
    hidden=frozenset({"lists.secret"}),
)
WORLD.hide(NAME, 5)

LEADS = [
    # Mailman 2
    ("/pipermail/hardening/", HOME),
    ("/pipermail/kernel-hardening", HOME),
    (f"/pipermail/{NAME}/index.html", HOME),
    ("/mailman/private/kernel-hardening/", HOME),
    ("/mailman/listinfo/kernel-hardening", HOME),
    ("/cgi-bin/mailman/listinfo/hardening/", HOME),
    ("/pipermail/hardening/2022-July/", f"{HOME}2022/07/"),
    ("/pipermail/hardening/2022-July/thread.html", f"{HOME}2022/07/"),
    ("/pipermail/hardening/2022-July/date.html", f"{HOME}2022/07/"),
    ("/pipermail/hardening/2022-July/subject.html", f"{HOME}2022/07/"),
    ("/pipermail/hardening/2022-July/author.html", f"{HOME}2022/07/"),
    ("/pipermail/hardening/2022-July.txt", f"{HOME}2022/07/month.mbox.gz"),
    ("/pipermail/hardening/2022-July.txt.gz", f"{HOME}2022/07/month.mbox.gz"),
    ("/pipermail/hardening/2022q3/thread.html", f"{HOME}2022/07/"),
    ("/pipermail/hardening/Week-of-Mon-20220722/date.html", f"{HOME}2022/07/"),
    ("/pipermail/hardening/20220722/date.html", f"{HOME}2022/07/"),
    ("/pipermail/hardening/2022/date.html", f"{HOME}2022/"),
    ("/pipermail/hardening/2022-July/000000.html", FIRST),
    ("/pipermail/hardening/2022-July/000001.html", f"{HOME}m/second@x.example"),
    ("/pipermail/hardening/2022-July/000002.html", f"{HOME}m/second@x.example"),
    ("/pipermail/hardening/2022-August/000002.html", f"{HOME}m/third@x.example"),
    ("/pipermail/hardening/2022-August/000004.html", f"{HOME}m/a%2Fb+c@x.example"),
    ("/pipermail/hardening/2022-May/000001.html", f"{HOME}2022/05/"),
    ("/pipermail/hardening/2022-July/999999999.html", f"{HOME}2022/07/"),
    ("/pipermail/hardening/attachments/20220728/0a1b/attachment.bin", f"{HOME}2022/07/28/"),
    # HyperKitty
    ("/hyperkitty/list/kernel-hardening@lists.example/", HOME),
    ("/archives/list/kernel-hardening@lists.example/", HOME),
    ("/mailman3/hyperkitty/list/kernel-hardening@lists.example/latest", HOME),
    ("/mailman3/lists/list/hardening@elsewhere.example/", HOME),
    ("/hyperkitty/list/hardening@x/feed/", f"{HOME}list.atom"),
    ("/hyperkitty/list/hardening@x/2022/7/", f"{HOME}2022/07/"),
    ("/hyperkitty/list/hardening@x/2022/12/", f"{HOME}2022/12/"),
    ("/hyperkitty/list/hardening@x/2022/7/8/", f"{HOME}2022/07/08/"),
    (f"/hyperkitty/list/hardening@x/message/{hashed('first')}/", FIRST),
    (f"/hyperkitty/api/list/hardening@x/email/{hashed('first')}/", FIRST),
    (f"/hyperkitty/list/hardening@x/thread/{hashed('first')}/", f"{FIRST}/thread"),
    (f"/archives/list/hardening@x/thread/{hashed('first')}/?sort=date", f"{FIRST}/thread"),
    (f"/archives/list/hardening@x/message/{hashed('first')}/attachment/2/a.txt", FIRST),
    (
        f"/archives/list/hardening@x/export/x.mbox.gz?thread={hashed('first')}",
        f"{FIRST}/thread.mbox.gz",
    ),
    (
        "/archives/list/hardening@x/export/x.mbox.gz?start=2022-07-01&end=2022-08-01",
        f"{HOME}2022/07/month.mbox.gz",
    ),
    ("/hyperkitty/search?q=a+b&mlist=kernel-hardening@lists.example", f"{HOME}search?q=a+b"),
    ("/archives/search?q=a", "/search?q=a"),
    # public-inbox
    ("/hardening/first@x.example/", FIRST),
    (f"/{NAME}/first@x.example", FIRST),
    (f"/{NAME}/first%40x.example/", FIRST),
    (f"/{NAME}/a%2Fb+c@x.example/", f"{HOME}m/a%2Fb+c@x.example"),
    (f"/{NAME}/first@x.example/T/", f"{FIRST}/flat"),
    (f"/{NAME}/first@x.example/T", f"{FIRST}/flat"),
    (f"/{NAME}/first@x.example/t/", f"{FIRST}/thread"),
    (f"/{NAME}/first@x.example/raw", f"{FIRST}/raw"),
    (f"/{NAME}/first@x.example/t.mbox.gz", f"{FIRST}/thread.mbox.gz"),
    (f"/{NAME}/first@x.example/t.atom", f"{FIRST}/thread.atom"),
    ("/lore/hardening/first@x.example/", FIRST),
    ("/unknown/first@x.example/raw", f"{FIRST}/raw"),
    ("/lists.other/first@x.example/", "/lists.other/m/first@x.example"),
    (f"/{NAME}/only@x.example/", "/lists.other/m/only@x.example"),
    ("/all/first@x.example/", FIRST),
    ("/r/first@x.example", FIRST),
    ("/r/first@x.example/", FIRST),
    (f"/{NAME}/new.atom", f"{HOME}list.atom"),
    (f"/{NAME}/new.html", f"{HOME}recent"),
    (f"/{NAME}/topics_new.html", f"{HOME}threads"),
    ("/all/new.atom", "/lists.atom"),
    ("/all/", "/"),
    ("/all/?q=from:a", "/search?q=from%3Aa"),
    # short names
    ("/hardening", HOME),
    ("/hardening/", HOME),
    ("/lists/hardening/", HOME),
    (f"/lists/{NAME}/2022/07/28/1", f"{HOME}2022/07/28/1"),
    ("/hardening/2022/07/28/1", f"{HOME}2022/07/28/1"),
    ("/HARDENING/2022/07/28/1/2", f"{HOME}2022/07/28/1/2"),
    ("/kernel-hardening@lists.example/2022/07/", f"{HOME}2022/07/"),
    ("/hardening/m/a%2Fb+c@x.example", f"{HOME}m/a%2Fb+c@x.example"),
    ("/hardening/search?sort=best&q=a%20b", f"{HOME}search?q=a+b&sort=best"),
    ("/hardening/%ff%0d%0a", f"{HOME}%FF%0D%0A"),
    # others
    ("/mid/first@x.example", FIRST),
    ("/first@x.example", FIRST),
    ("/%3Cfirst@x.example%3E", FIRST),
    ("/msgid-search/first@x.example", FIRST),
    ("/message-id/first@x.example", FIRST),
    ("/message-id/flat/first@x.example", f"{FIRST}/flat"),
    ("/message-id/raw/first@x.example", f"{FIRST}/raw"),
    ("/m/flat/first@x.example", f"{FIRST}/flat"),
    ("/d/msgid/hardening/first@x.example", FIRST),
    ("/mod_mbox/hardening/202207.mbox/%3Cfirst@x.example%3E", FIRST),
    ("/mod_mbox/hardening/202207.mbox/raw/%3Cfirst@x.example%3E", f"{FIRST}/raw"),
    ("/mod_mbox/hardening/202207.mbox/thread", f"{HOME}2022/07/"),
    ("/mod_mbox/hardening/", HOME),
    ("/~someone/hardening/%3Cfirst@x.example%3E", FIRST),
    ("/~someone/hardening/%3Cfirst@x.example%3E/raw", f"{FIRST}/raw"),
    ("/find-root.php?message_id=%3Cfirst@x.example%3E", FIRST),
    ("/g/hardening", HOME),
    ("/arch/browse/hardening/", HOME),
    ("/kernel-hardening@lists.example/maillist.html", HOME),
]

NOWHERE = [
    "/",
    HOME,
    f"/{NAME}",
    f"{HOME}2021/01/",
    "/favicon.ico",
    "/twice/",
    "/pipermail/",
    "/pipermail/unknown/",
    "/pipermail/unknown/2022-July/000001.html",
    "/pipermail/unknown/2022/",
    "/pipermail/unknown/attachments/20220728/a",
    "/pipermail/hardening/attachments/20229999/a",
    "/pipermail/hardening/2022-Juli/",
    "/pipermail/hardening/2022-Juli/000001.html",
    "/hyperkitty/list/unknown@x/",
    "/hyperkitty/list/unknown@x/feed/",
    "/hyperkitty/list/unknown@x/2022/7/",
    "/hyperkitty/list/unknown@x/2022/7/1/",
    f"/hyperkitty/list/unknown@x/message/{hashed('first')}/",
    f"/hyperkitty/list/unknown@x/export/x.mbox.gz?thread={hashed('first')}",
    f"/hyperkitty/list/hardening@x/message/{hashed('nobody')}/",
    f"/hyperkitty/list/hardening@x/message/{hashed('hidden')}/",
    f"/hyperkitty/list/hardening@x/message/{'A' * 31}/",
    f"/archives/list/hardening@x/export/x.mbox.gz?thread={'A' * 31}",
    f"/archives/list/hardening@x/export/x.mbox.gz?thread={'A' * 40}",
    "/archives/list/hardening@x/export/x.mbox.gz?thread=%C3%A4",
    "/archives/list/hardening@x/export/x.mbox.gz?start=2022-07-02&end=2022-08-01",
    "/archives/list/hardening@x/export/x.mbox.gz?start=2022-07-01&end=2023-07-01",
    "/archives/list/hardening@x/export/x.mbox.gz",
    "/nobody@x.example",
    "/r/nobody@x.example",
    "/r/%C3%A4@x.example",
    "/r/none",
    f"/{NAME}/hidden@x.example/",
    "/unknown/new.atom",
    "/unknown/new.html",
    "/all/new.html",
    "/mod_mbox/unknown/202207.mbox/thread",
    "/mod_mbox/unknown/",
    "/find-root.php",
    f"/{'a' * MAX_PATH}@x.example",
]

SECRET = [
    "/lists.secret/",
    "/secret/",
    "/secret",
    "/hush/",
    "/hush@lists.example/",
    "/pipermail/hush/",
    "/pipermail/secret/2004-January/000000.html",
    "/hyperkitty/list/hush@lists.example/",
    f"/hyperkitty/list/hush@lists.example/message/{hashed('secret')}/",
    "/secret/secret@x.example/",
    "/all/secret@x.example/",
    "/r/secret@x.example",
    "/lists.secret/secret@x.example/raw",
    "/lists.secret/new.atom",
    "/lists/secret/2004/01/01/1",
]


def lead(target: str) -> str | None:
    return asyncio.run(forwarded(WORLD.reading, Ask.of(target.encode())))


@pytest.mark.parametrize(("target", "to"), LEADS)
def test_an_address_leads_here(target: str, to: str) -> None:
    assert lead(target) == to


@pytest.mark.parametrize("target", NOWHERE)
def test_an_address_leads_nowhere(target: str) -> None:
    assert lead(target) is None


@pytest.mark.parametrize("target", SECRET)
def test_what_may_not_be_read_is_not_given_away(target: str) -> None:
    assert lead(target) is None


def test_a_copy_in_a_list_that_may_be_read_is_found() -> None:
    assert lead("/lists.secret/only@x.example/") == "/lists.other/m/only@x.example"


def test_a_hash_whose_message_goes_meanwhile_leads_nowhere() -> None:
    world = World({"a": [mail("one")]})
    archive = world.archive

    async def gone(name: str, number: int) -> Entry:
        raise NoSuchMessage(name)

    archive.entry = gone  # type: ignore[method-assign]
    ask = Ask.of(f"/hyperkitty/list/a@x/message/{hashed('one')}/".encode())
    assert asyncio.run(forwarded(world.reading, ask)) is None


def test_addresses_below_a_root_lead_below_it() -> None:
    reading = WORLD.below("/archive").reading
    to = asyncio.run(forwarded(reading, Ask.of(b"/hardening/2022/07/")))
    assert to == f"/archive{HOME}2022/07/"


@pytest.mark.parametrize(
    ("query", "to"),
    [
        ("?q=from:a", "search?q=from%3Aa"),
        ("?q=a+b&x=A", "search.atom?q=a+b"),
        ("?q=a&x=m", "search.mbox.gz?q=a"),
        ("?q=", "search"),
    ],
)
def test_a_list_is_asked_to_search_as_there(query: str, to: str) -> None:
    assert searched(WORLD.reading, Ask.of(f"{HOME}{query}".encode()), NAME) == f"{HOME}{to}"
    answer = WORLD.get(f"{HOME}{query}")
    assert (answer.status, answer.headers["Location"]) == (302, f"{HOME}{to}")


def test_a_list_that_is_not_asked_to_search_is_shown() -> None:
    assert searched(WORLD.reading, Ask.of(HOME.encode()), NAME) is None
    assert WORLD.get(HOME).status == 200


def test_only_what_is_not_found_leads_elsewhere() -> None:
    ask = Ask.of(b"/hardening/")
    found = asyncio.run(elsewhere(WORLD.reading, ask, not_found()))
    assert found is not None
    assert (found.status, found.headers["Location"]) == (301, HOME)
    assert asyncio.run(elsewhere(WORLD.reading, ask, Refusal(503, "Later."))) is None
    assert asyncio.run(elsewhere(WORLD.reading, Ask.of(b"/nobody/"), not_found())) is None


@given(st.binary(max_size=60))
def test_any_path_may_be_asked_for(path: bytes) -> None:
    for before in (b"/", b"/pipermail/hardening/", b"/hyperkitty/list/hardening@x/", b"/all/"):
        to = asyncio.run(forwarded(WORLD.reading, Ask.of(before + path)))
        assert to is None or (to.startswith("/") and to.isascii() and to.isprintable())


@pytest.mark.parametrize("piece", ["@", "/", "@/", "%40", "a", "/list/", "%"])
def test_a_long_path_takes_no_time(piece: str) -> None:
    ask = Ask.of(("/" + piece * MAX_PATH)[:MAX_PATH].encode())
    began = time.perf_counter()
    asyncio.run(forwarded(WORLD.reading, ask))
    assert time.perf_counter() - began < 0.2
