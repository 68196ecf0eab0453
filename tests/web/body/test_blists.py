"""What lists.openwall.net shows of a message, beside what is shown here."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from gateway.web.body import obfuscated, parse
from tests.web.body.seen import message, rendered, tree_of

if TYPE_CHECKING:
    from pathlib import Path


def test_a_page_of_blists_says_the_same(corpus: Path) -> None:
    page = (corpus / "lists.openwall.net-page.txt").read_text("utf-8")
    _, _, rest = page.partition("\nMessage-ID: ")
    head, _, rest = rest.partition("\n\n")
    body = rest.partition("\nPowered by blists")[0]
    assert obfuscated(head.partition("\n")[2]) == head.partition("\n")[2]
    assert obfuscated(body) == body
    html = rendered(parse(message(body), obfuscate=True))
    said = "".join("".join(each.itertext()) for each in tree_of(html).iter("pre"))
    assert said == body


def test_its_addresses_are_shortened_alike(corpus: Path) -> None:
    """The hosts are known by what they are at other addresses."""
    page = (corpus / "lists.openwall.net-page.txt").read_text("utf-8")
    shortened = set(re.findall(r"[\w.-]+@\.\.\.[\w.-]+", page))
    hosts = [
        "ideasonboard.com", "gmail.com", "hansenpartnership.com", "kernel.org", "intel.com", "lists.linux.dev", "vger.kernel.org",
        "nvidia.com",
    ]  # fmt: skip  # a list
    names = {each.partition("@")[0] for each in shortened}
    ours = {obfuscated(f"{name}@{host}") for name in names for host in hosts}
    assert len(shortened) > 8
    assert shortened <= ours
