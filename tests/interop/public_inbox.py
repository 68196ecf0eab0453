"""public-inbox's servers, for the inboxes that a home's configuration names."""

from __future__ import annotations

import subprocess
from contextlib import contextmanager
from typing import TYPE_CHECKING

from tests.interop.programs import reachable, unused_port

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.interop.programs import Home

__all__ = ["served"]


@contextmanager
def served(home: Home, program: str) -> Iterator[int]:
    """Run one of public-inbox's servers on a port of its own."""
    port = unused_port()
    env = {"HOME": str(home.folder), "PATH": "/usr/bin:/bin"}
    command = (program, "-W0", "-l", f"127.0.0.1:{port}")
    with (home / "log").open("ab") as log:
        process = subprocess.Popen(command, env=env, stdout=log, stderr=log)
    try:
        assert reachable(port, process), (home / "log").read_text()
        yield port
    finally:
        process.terminate()
        process.wait()
