"""What the system tells of processes, and a server of listgate in a process of its own."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import time
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final

from tests.cli.programs import ROOT, environment

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

__all__ = ["Ended", "Served", "cpu_seconds", "ran_to_its_end", "resident_octets", "served"]

_TICKS: Final = os.sysconf("SC_CLK_TCK")
_CLOCK_OF_ALL_THREADS: Final = 2
"""What clock_getcpuclockid(3) makes of a process is its number, inverted, and this (CPUCLOCK_SCHED)."""

_FACES: Final = 3
_CONF: Final = """\
[nntp]
listen = ["127.0.0.1:0"]

[imap]
listen = ["127.0.0.1:0"]

[web]
listen = ["127.0.0.1:0"]
requests_per_second = 0

[limits]
connections = 100000
connections_per_address = 100000
"""


def cpu_seconds(process: int) -> float:
    """Return the processor time of a process and of all below it, ended ones included, in seconds.

    Those that run are asked for their clocks, which are utime and stime to the nanosecond; those that have ended are
    known to their parents, in hundredths.
    """
    total = 0.0
    for each in _family(process):
        with suppress(OSError):  # it has just ended
            total += time.clock_gettime(~each << 3 | _CLOCK_OF_ALL_THREADS) + _of_ended(each)
    return total


def resident_octets(process: int) -> int:
    """Return the memory of a process and of all below it, without what it is the system's to keep of files.

    What they share is counted once.
    """
    total = 0
    for each in _family(process):
        try:
            text = Path(f"/proc/{each}/smaps_rollup").read_text("ascii")
        except (FileNotFoundError, ProcessLookupError):  # it has just ended
            continue
        for kind in ("Anon", "Shmem"):
            found = re.search(rf"^Pss_{kind}:\s+(\d+) kB", text, re.MULTILINE)
            total += int(found[1]) * 1024 if found else 0
    return total


def _of_ended(process: int) -> float:
    """Return the processor time of a process's children that have ended: cutime and cstime of proc(5)."""
    text = Path(f"/proc/{process}/stat").read_text("utf-8", "replace")
    return sum(int(each) for each in text.rpartition(")")[2].split()[13:15]) / _TICKS


def _family(process: int) -> Sequence[int]:
    """Return a process and all below it."""
    found = [process]
    for each in found:  # it grows
        for children in Path(f"/proc/{each}/task").glob("*/children"):
            try:
                found += [int(child) for child in children.read_text("ascii").split()]
            except (FileNotFoundError, ProcessLookupError):
                continue
    return found


@dataclass(frozen=True, slots=True)
class Ended:
    """What a program took that has ended; ``peak`` is the largest its memory was, in octets."""

    seconds: float
    cpu: float
    peak: int


def ran_to_its_end(archive: Path, *arguments: str | Path) -> Ended:
    """Run a command of listgate on an archive; the benchmark ends if it fails."""
    began = time.perf_counter()
    process = subprocess.Popen(
        _command(archive, *arguments), cwd=ROOT, env=environment(), stdout=subprocess.DEVNULL
    )
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    seconds = time.perf_counter() - began
    if process.returncode:
        sys.exit(f"listgate {arguments[0]} ended with {process.returncode}")
    return Ended(seconds, usage.ru_utime + usage.ru_stime, usage.ru_maxrss * 1024)


@dataclass(frozen=True, slots=True)
class Served:
    """A server that runs, and the ports it listens on, by scheme."""

    process: int
    ports: Mapping[str, int]


@contextmanager
def served(archive: Path, *options: str) -> Iterator[Served]:
    """Serve an archive with all its faces and no limits on how much one client may ask, as long as this lasts."""
    conf = archive.with_name("bench.toml")
    conf.write_text(_CONF, "ascii")
    command = _command(archive, "--config", conf, "serve", "--workers", "1", *options)
    log = archive.with_name("serve.log")
    with (
        log.open("wb") as errors,
        subprocess.Popen(
            command, cwd=ROOT, env=environment(), stdout=subprocess.PIPE, stderr=errors, text=True
        ) as server,
    ):
        try:
            yield Served(server.pid, _ports(server, log))
        finally:
            server.terminate()


def _ports(server: subprocess.Popen[str], log: Path) -> Mapping[str, int]:
    """Wait for a server to tell where it listens."""
    assert server.stdout is not None
    found: dict[str, int] = {}
    while len(found) < _FACES:
        said = server.stdout.readline()
        if not said:
            sys.exit(f"listgate serve ended: {log.read_text('utf-8', 'replace')}")
        url = re.search(r"(\w+)://127\.0\.0\.1:(\d+)/", said)
        if url is not None:
            found[url[1]] = int(url[2])
    return found


def _command(archive: Path, *arguments: str | Path) -> Sequence[str | Path]:
    return (sys.executable, "-m", "gateway.cli", "--archive", archive, *arguments)
