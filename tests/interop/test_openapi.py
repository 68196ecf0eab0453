"""What is there for programs, asked for as its own description says, and as it does not say: by schemathesis."""

from __future__ import annotations

import json
import subprocess
import urllib.request
from typing import TYPE_CHECKING

import pytest

from tests.interop.programs import needs
from tests.interop.websites import serving_web, write_lists
from tests.web.made import LISTS, NAME

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.interop.websites import Website

pytestmark = [pytest.mark.interop, needs("schemathesis")]

# That a search is not understood is no fault of who asks: the grammar is more than a schema can tell.
CONFIG = """
seed = 1
color = false
suppress-health-check = ["all"]
warnings = false
{more}
[generation]
max-examples = 20
database = "none"
[checks.negative_data_rejection]
expected-statuses = ["400", "404", "405", "414"]
[checks.positive_data_acceptance]
expected-statuses = ["200", "301", "400", "404"]
"""
KNOWN = {"name": NAME, "id": "quotes@x.example", "year": "2004", "month": "01"}


@pytest.fixture(scope="module")
def website(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Website]:
    folder = tmp_path_factory.mktemp("openapi")
    config = folder / "listgate.toml"
    config.write_text("[web]\nrequests_per_second = 0\n")
    with serving_web(write_lists(folder, LISTS), "--config", config) as served:
        yield served


def run(folder: Path, website: Website, more: str = "") -> str:
    """Ask for everything; return what the program says."""
    config = folder / "schemathesis.toml"
    config.write_text(CONFIG.format(more=more))
    command = ["schemathesis", "--config-file", str(config), "run", "--checks", "all"]
    told = subprocess.run(
        [*command, website.url("/openapi.json")],
        cwd=folder,
        capture_output=True,
        text=True,
        timeout=500,
        check=False,
    )
    shown = "\n".join(line[:200] for line in told.stdout.splitlines())
    assert told.returncode == 0, shown + told.stderr[-2000:]
    return shown


def test_any_request_is_answered_as_described(website: Website, tmp_path: Path) -> None:
    assert "No issues found" in run(tmp_path, website)


def test_what_is_there_is_as_described(website: Website, tmp_path: Path) -> None:
    known = ", ".join(f'"path.{name}" = "{value}"' for name, value in KNOWN.items())
    known += ', "query.q" = "rains or talk"'
    assert "No issues found" in run(tmp_path, website, f"parameters = {{ {known} }}")


def test_all_that_is_described_is_there(website: Website) -> None:
    with urllib.request.urlopen(website.url("/openapi.json")) as answer:
        paths = json.load(answer)["paths"]
    for path in paths:
        target = path.format(**KNOWN) + ("?q=rains" if "/search." in path else "")
        with urllib.request.urlopen(website.url(target)) as answer:
            content = paths[path]["get"]["responses"]["200"]["content"]
            assert answer.headers.get_content_type() in content
            assert answer.read()
