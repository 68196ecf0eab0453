"""Whatever a message is: its documents are valid, its feeds well-formed, its mailboxes read back, its addresses shortened."""

from __future__ import annotations

import base64
import json
from typing import TYPE_CHECKING
from urllib.parse import quote_from_bytes

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from gateway.web.machine.schemas import SCHEMAS
from tests.edge_cases import cases
from tests.mail import done, mail
from tests.web.machine.feeds import checked
from tests.web.machine.schema import faults
from tests.web.machine.test_mailboxes import ended, read
from tests.web.machine.world import SHORT, World

if TYPE_CHECKING:
    from pathlib import Path

CASES = [case.data for case in cases() if case.file.startswith("eml/")]


def checked_message(world: World, name: str, number: int) -> None:
    """Assert that all that is told of a message is as it should be."""
    entry = done(world.archive.entry(name, number))
    url = f"/{name}/m/{quote_from_bytes(entry.message_id[1:-1], safe='@')}"
    for target, schema in (("message.json", "OneMessage"), ("thread.json", "Thread")):
        value = json.loads(world.octets(f"{url}/{target}"))
        assert faults(value, SCHEMAS[schema], SCHEMAS) == []
    checked(world.octets(f"{url}/thread.atom"))


@pytest.mark.parametrize("is_short", [False, True])
def test_every_edge_case(tmp_path: Path, *, is_short: bool) -> None:
    world = World({"a": CASES}, SHORT) if is_short else World({"a": CASES})
    record = world.archive.mailing_list("a")
    assert record.count > 100
    numbers = [number for run in record.present(1, record.high) for number in run]
    for number in numbers:
        checked_message(world, "a", number)
    checked(world.octets("/a/list.atom"))
    checked(world.octets("/lists.atom"))
    for target, schema in (("list.json", "OneList"), ("search.json?q=a", "Search")):
        assert faults(world.json(f"/a/{target}"), SCHEMAS[schema], SCHEMAS) == []
    months = world.json("/a/list.json")["months"]
    found = []
    for month in months:
        assert faults(world.json(month["document"]), SCHEMAS["Month"], SCHEMAS) == []
        found += read(world.mbox(month["mailbox"]), tmp_path)
    assert len(found) == record.count
    if is_short:
        assert b"\r" not in b"".join(found)
    else:
        raws = [ended(done(world.archive.raw("a", number))) for number in numbers]
        assert sorted(found) == sorted(raws)


LINES = st.lists(
    st.sampled_from(
        [
            "From ",
            ">From x",
            "a@secret.example",
            "=?utf-8?q?a?=",
            "\x00\x01\x7f",
            "--=",
            "",
            "<b>&amp;]]>",
        ]
    )
    | st.text(max_size=20),
    max_size=8,
)


@settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(LINES, st.text(max_size=40), st.binary(max_size=60))
def test_any_message(tmp_path: Path, lines: list[str], subject: str, octets: bytes) -> None:
    body = "\n".join(lines).encode("utf-8", "replace") + octets
    raw = b"Subject: %b\n" % subject.encode("utf-8", "replace").replace(b"\n", b"\n ") + body
    world = World({"a": [mail("one"), raw, mail("two") + body]})
    record = world.archive.mailing_list("a")
    for run in record.present(1, record.high):
        for number in run:
            checked_message(world, "a", number)
    checked(world.octets("/a/list.atom"))
    found = [
        each
        for month in world.json("/a/list.json")["months"]
        for each in read(world.mbox(month["mailbox"]), tmp_path)
    ]
    numbers = [number for run in record.present(1, record.high) for number in run]
    assert sorted(found) == sorted(
        ended(done(world.archive.raw("a", number))) for number in numbers
    )


OWN = "someone@secret.example"
ENCODED = base64.encodebytes(f"Write to {OWN} again.\n".encode()).decode()
TELLING = [
    mail(
        "all",
        f"To: {OWN}, =?utf-8?b?{base64.b64encode(OWN.encode()).decode()}?= <{OWN}>",
        f"Cc: =?utf-8?q?{OWN.replace('@', '=40')}?= <other@x.example>",
        f"Reply-To: {OWN}",
        f"{OWN}: a field that is called so",
        f"X-Original-To: {OWN}",
        f"In-Reply-To: Message from {OWN} of <2004@x.example>",
        subject=f"Write to {OWN}",
        body=f"{OWN}\n> {OWN}\nmailto:{OWN}\n<{OWN}>\n-- \n{OWN}\n",
    ).replace(b"A <a@x.example>", f'"{OWN}" <{OWN}>'.encode()),
    mail("bare", subject=OWN).replace(b"A <a@x.example>", OWN.encode()),
    mail(
        "encoded",
        "MIME-Version: 1.0",
        "Content-Type: text/plain; charset=utf-8",
        "Content-Transfer-Encoding: base64",
        body=ENCODED,
    ),
    mail(
        "parts",
        "MIME-Version: 1.0",
        'Content-Type: multipart/mixed; boundary="=="',
        body=f"--==\n\nHere is {OWN}.\n--==\nContent-Type: text/html\n"
        f'Content-Disposition: attachment; filename="{OWN}.html"\n\n<a href="mailto:{OWN}">{OWN}</a>\n--==--\n',
    ),
]


KINDS = ("json", "atom", "mbox.gz")


def test_no_address_is_given_away_anywhere() -> None:
    lists = {"a": TELLING}
    target = "/a/search.json?q=write"
    assert OWN in World(lists).octets(target).decode()
    world = World(lists, SHORT)
    owns = ("all", "bare", "encoded", "parts")
    months = "2004/01/month"
    targets = [
        *("/lists.json", "/manifest.json", "/lists.atom", "/openapi.json"),
        *("/a/list.json", "/a/list.atom", f"/a/{months}.json", f"/a/{months}.mbox.gz"),
        *(f"/a/search.{kind}?q=write" for kind in KINDS),
        *(f"/search.{kind}?q=here" for kind in KINDS),
        *(f"/a/m/{own}@x.example/thread.{kind}" for own in owns for kind in KINDS),
        *(f"/a/m/{own}@x.example/message.json" for own in owns),
    ]
    for target in targets:
        octets = world.mbox(target) if ".gz" in target else world.octets(target)
        assert b"secret.example" not in octets, target
        for encoded in (ENCODED, base64.b64encode(OWN.encode()).decode(), OWN.replace("@", "=40")):
            assert encoded.encode() not in octets, target
