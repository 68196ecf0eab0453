"""A full disk: one line that names the remedy, nothing lost, and the same command completes it later."""

from __future__ import annotations

import resource
import shutil
import subprocess
from typing import TYPE_CHECKING

import pytest

from tests.cli.programs import PATIENCE, command, environment
from tests.crash.states import COUNT, NAME, held, own, write_mbox

if TYPE_CHECKING:
    from pathlib import Path

    from tests.cli.conftest import Listgate

REMEDY = "; free some space and run the same command again\n"


@pytest.fixture(scope="module")
def octets(tmp_path_factory: pytest.TempPathFactory) -> str:
    """The path of an mbox."""
    return write_mbox(tmp_path_factory.mktemp("full") / "mbox", octets=1500)


@pytest.mark.parametrize("limit", [100_000, 2_000_000, 3_000_000])
def test_a_file_that_may_not_grow(
    listgate: Listgate, tmp_path: Path, octets: str, limit: int
) -> None:
    """As a quota has it. At first the tables do not fit, then the log of a batch, then the messages."""
    ended = subprocess.run(
        command("import", NAME, octets),
        cwd=tmp_path,
        env=_without_coverage(),
        capture_output=True,
        timeout=PATIENCE,
        check=False,
        preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (limit, limit)),
    )
    assert ended.returncode == 1
    errors = ended.stderr.decode()
    assert errors.startswith("listgate: listgate-archive/archive.sqlite3: ")
    assert errors.endswith(REMEDY)
    assert len(errors.splitlines()) == 1
    before = held(tmp_path / "listgate-archive")
    assert listgate("check").code == 0
    assert listgate("import", NAME, octets).table[1][2] == str(COUNT - len(before))
    after = held(tmp_path / "listgate-archive")
    assert after == {number: own(number) for number in range(1, COUNT + 1)}
    assert listgate("check").code == 0


def _without_coverage() -> dict[str, str]:
    """Return an environment in which nothing else is written to a file."""
    return {key: value for key, value in environment().items() if "COVERAGE" not in key}


SCRIPT = """
mount -t tmpfs -o size=3m none disk || exit 77
"$@" import l "$MBOX" ; echo "import: $?"
"$@" lists ; echo "lists: $?"
mount -o remount,size=64m disk || exit 77
"$@" check ; echo "check: $?"
"$@" import l "$MBOX" ; echo "import: $?"
"$@" check ; echo "check: $?"
"""


@pytest.mark.skipif(shutil.which("unshare") is None, reason="needs unshare of util-linux")
def test_a_disk_that_is_full(tmp_path: Path, octets: str) -> None:
    (tmp_path / "disk").mkdir()
    ended = subprocess.run(
        ["unshare", "--mount", "--map-root-user", "sh", "-c", SCRIPT, "sh", *command()],
        cwd=tmp_path,
        env=environment() | {"MBOX": octets, "LISTGATE_ARCHIVE": "disk/archive"},
        capture_output=True,
        timeout=PATIENCE,
        check=False,
    )
    if ended.returncode in {1, 77}:
        pytest.skip(f"no disk can be mounted here: {ended.stderr.decode()}")
    lines = ended.stdout.decode().splitlines()
    outcomes = [line for line in lines if line.startswith(("import: ", "lists: ", "check: "))]
    assert outcomes == ["import: 1", "lists: 0", "check: 0", "import: 0", "check: 0"]
    errors = ended.stderr.decode()
    assert errors.startswith("listgate: disk/archive/archive.sqlite3: ")
    assert errors.endswith(REMEDY)
    assert len(errors.splitlines()) == 1
    assert lines[-2] == f"{COUNT} messages checked, 0 faults found, 0 left"
