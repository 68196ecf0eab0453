"""What a message and a command cost in lists of several sizes, and what it takes to import them.

All sizes are served at the same time, each by a process of its own, and take turns line by line.
"""

from __future__ import annotations

import tempfile
from contextlib import ExitStack
from dataclasses import asdict, replace
from pathlib import Path
from typing import TYPE_CHECKING, Final

from tests.bench import news, sites
from tests.bench.beside import chosen, mail_lines, show, tell, usual, visited, web_lines
from tests.bench.lines import Server
from tests.bench.made import LIST, made
from tests.bench.plots import curves
from tests.bench.processes import resident_octets, served
from tests.bench.rounds import as_json, measured, of_costs, of_cpu, of_times
from tests.bench.tables import Table

if TYPE_CHECKING:
    import argparse
    from collections.abc import Mapping, Sequence

    from tests.bench.made import Import
    from tests.bench.processes import Served
    from tests.bench.rounds import Results

__all__ = ["ask", "run"]

_SIZES: Final = "10000,100000,1000000"
_MEGA: Final = 1e6
_FACES: Final = ("nntp", "imap", "http")


def ask(parser: argparse.ArgumentParser) -> None:
    """Say what it takes."""
    add = parser.add_argument
    add("--sizes", default=_SIZES, help=f"in messages, smallest first (default {_SIZES})")
    add("--folder", type=Path, metavar="DIR", help="where archives are kept to be used again")
    add("--keep", action="store_true", help="keep the mailboxes that were imported")
    add("--faces", default=",".join(_FACES), help="which of nntp, imap, http are measured")
    add("--serve", default="", metavar="OPTIONS", help="further options of 'listgate serve'")
    usual(parser)


def run(asked: argparse.Namespace) -> int:
    """Make, import, serve, measure, and show it."""
    sizes = sorted(int(size) for size in asked.sizes.split(","))
    with ExitStack() as stack:
        folder = asked.folder or Path(stack.enter_context(tempfile.TemporaryDirectory()))
        archives, imports = {}, []
        for size in sizes:
            archives[size], took = made(size, folder, keep=asked.keep, tell=tell)
            imports.append(took)
        running = {
            size: stack.enter_context(served(archive, *asked.serve.split()))
            for size, archive in archives.items()
        }
        memory = {size: [resident_octets(each.process)] for size, each in running.items()}
        tables = {"import": _of_imports(imports)}
        plots = _import_plots(imports)
        figures: dict[str, object] = {"import": [asdict(each) for each in imports]}
        for face in asked.faces.split(","):
            results, servers, units = _face(face, asked, running)
            tables[face] = of_costs(results, servers, units)
            tables[f"{face}-times"] = of_times(results, servers, face)
            tables[f"{face}-processor"] = of_cpu(results, servers, units)
            figures[face] = as_json(results, servers)
            plots |= _plots(face, results, sizes, units)
            for size, each in running.items():
                memory[size].append(resident_octets(each.process))
        tables["memory"] = _of_memory(memory, asked.faces.split(","))
        figures["memory"] = memory
    show(asked.out, tables, figures, plots)
    return 0


def _face(
    face: str, asked: argparse.Namespace, running: Mapping[int, Served]
) -> tuple[Results, Sequence[Server], Mapping[str, str]]:
    """Measure a face's lines at every size."""
    lines = {"nntp": news.lines(), "imap": mail_lines(asked), "http": web_lines()}[face]
    lines = chosen(lines, asked)
    servers = [_server(face, size, each) for size, each in running.items()]
    return (
        measured(lines, servers, asked.rounds, tell),
        servers,
        {line.name: line.unit for line in lines},
    )


def _server(face: str, size: int, each: Served) -> Server:
    def at(face: str, place: str) -> Server:
        return Server(f"{size:,}", "127.0.0.1", each.ports[face], place, process=each.process)

    if face != "http":
        return at(face, LIST)
    found = at(face, f"/{LIST}/")
    found = replace(found, form="listgate", ids=tuple(visited(at("nntp", LIST))))
    return replace(found, months=sites.months(found))


def _of_imports(imports: Sequence[Import]) -> Table:
    """Return what the imports took, and how the archive's file is shared out."""
    rows = {
        "messages a second": [each.messages / each.seconds for each in imports],
        "MB of mbox a second": [each.mbox / _MEGA / each.seconds for each in imports],
        "processor time over time": [each.cpu / each.seconds for each in imports],
        "memory at its most, MB": [each.peak / _MEGA for each in imports],
        "mbox, MB": [each.mbox / _MEGA for each in imports],
        "archive, of the mbox": [each.disk / each.mbox for each in imports],
        "full-text index, of the mbox": [_share(each, "segment") for each in imports],
        "archive without it, of the mbox": [
            each.disk / each.mbox - _share(each, "segment") for each in imports
        ],
        "octets of messages, of the mbox": [_share(each, "block") for each in imports],
        "renditions, of the mbox": [_share(each, "page") for each in imports],
    }
    first = imports[0].messages
    head = ["import", *(f"{each.messages:,}" for each in imports)]
    head += [f"{each.messages:,}, times {first:,}" for each in imports[1:]]
    return Table(
        head,
        [
            [name, *(Table.number(value) for value in values)]
            + [Table.number(value / values[0]) if values[0] else "-" for value in values[1:]]
            for name, values in rows.items()
        ],
    )


def _share(each: Import, table: str) -> float:
    return each.shares.get(table, 0) / each.mbox


def _of_memory(memory: Mapping[int, Sequence[int]], faces: Sequence[str]) -> Table:
    """Return the servers' memory before anything was asked, and after each face."""
    times = ["before", *(f"after {face}" for face in faces)]
    rows = [
        [time, *(Table.number(memory[size][at] / _MEGA) for size in memory)]
        for at, time in enumerate(times)
    ]
    return Table(["memory of the server, MB", *(f"{size:,}" for size in memory)], rows)


def _import_plots(imports: Sequence[Import]) -> dict[str, str]:
    rates = [(float(each.messages), each.messages / each.seconds) for each in imports]
    peaks = [(float(each.messages), each.peak / _MEGA) for each in imports]
    return {
        "import-rate": curves("import", "messages", "messages a second", {"rate": rates}),
        "import-memory": curves("memory of an import", "messages", "MB", {"peak": peaks}),
    }


def _plots(
    face: str, results: Results, sizes: Sequence[int], units: Mapping[str, str]
) -> dict[str, str]:
    """Return a plot for each line: what a unit costs in time, and in processor time where that is known."""
    plots = {}
    for name, found in results.items():
        costs = {
            "time": [figures.cost for figures in found],
            "processor time of the server": [figures.cpu_cost for figures in found],
        }
        lines = {
            what: [
                (float(size), cost * 1e6) for size, cost in zip(sizes, every, strict=True) if cost
            ]
            for what, every in costs.items()
        }
        drawn = {what: line for what, line in lines.items() if line}
        file = "".join(letter if letter.isalnum() else "-" for letter in name.lower())
        up = f"microseconds of a {units[name]}"
        plots[f"{face}-{file}"] = curves(name, "messages in the list", up, drawn)
    return plots
