"""What the site answers where there is nothing: other archives' addresses lead on, programs get documents, people pages."""

from __future__ import annotations

import json

import pytest

from gateway.web.machine.schemas import SCHEMAS
from tests.mail import mail
from tests.web.asked import Asked
from tests.web.machine.schema import faults
from tests.web.machine.world import World


@pytest.fixture(scope="module")
def site() -> Asked:
    world = World({"lists.hardening": [mail("one"), mail("two")]})
    world.hide("lists.hardening", 2)
    return Asked(world.archive)


@pytest.mark.parametrize(
    ("target", "to"),
    [
        ("/hardening/one@x.example/raw", "/lists.hardening/m/one@x.example/raw"),
        ("/hardening/list.json", "/lists.hardening/list.json"),
        ("/hardening/2004/01/01/1", "/lists.hardening/2004/01/01/1"),
        ("/pipermail/hardening/2004-January.txt.gz", "/lists.hardening/2004/01/month.mbox.gz"),
    ],
)
def test_an_address_of_another_archive_leads_to_what_is_there(
    site: Asked, target: str, to: str
) -> None:
    answer, _ = site.answer(target)
    assert (answer.status, answer.headers["Location"]) == (301, to)
    assert site.answer(to)[0].status == 200


@pytest.mark.parametrize(
    ("target", "status"),
    [
        ("/none/list.json", 404),
        ("/lists.hardening/m/none@x.example/message.json", 404),
        ("/lists.hardening/m/two@x.example/thread.json", 410),
        ("/lists.hardening/search.json", 400),
        ("/lists.hardening/0000/01/month.json", 404),
        ("/nothing/of/this/kind.json", 404),
    ],
)
def test_a_program_is_refused_by_a_document(site: Asked, target: str, status: int) -> None:
    answer, body = site.answer(target)
    assert (answer.status, answer.content_type) == (status, "application/problem+json")
    problem = json.loads(body)
    assert problem["status"] == status
    assert faults(problem, SCHEMAS["Problem"], SCHEMAS) == []


def test_a_person_is_refused_by_a_page_that_points_to_the_search(site: Asked) -> None:
    answer, body = site.answer("/lists.hardening/m/none@x.example/thread.atom")
    assert (answer.status, answer.content_type) == (404, "text/html; charset=utf-8")
    assert b'<a href="/lists.hardening/search">a search in lists.hardening</a>' in body
    assert b'<a href="/search">a search</a>' in site.answer("/nothing")[1]
    assert b"a search</a>" not in site.answer("/lists.hardening/search.atom")[1]
