"""Servers of the same archive beside each other: news, mail and the web."""

from __future__ import annotations

import json
import sys
from dataclasses import replace
from itertools import permutations
from pathlib import Path
from typing import TYPE_CHECKING, Final

from tests.bench import mail, news, sites
from tests.bench.lines import Line, Run, Server, fewer
from tests.bench.rounds import as_json, measured, of_cpu, of_times

if TYPE_CHECKING:
    import argparse
    from collections.abc import Mapping, Sequence

    from tests.bench.tables import Table

__all__ = [
    "SEARCHED", "ask_of_mail", "ask_of_news", "ask_of_web", "chosen", "mail_lines", "on_mail", "on_news", "on_web",
    "show", "tell", "usual", "visited", "web_lines",
]  # fmt: skip  # a list of names

SEARCHED: Final = (
    "patch", "kernel", "memory", "lock", "driver", "function", "thread", "error", "config", "module", "page",
)  # fmt: skip  # a list of words
"""What is searched for on the web, two words at a time."""

_VISITED: Final = 2000
"""Messages whose pages are asked for."""


def usual(parser: argparse.ArgumentParser) -> None:
    """Add what every comparison may be told."""
    add = parser.add_argument
    add(
        "--rounds",
        type=int,
        default=5,
        help="how often each line counts, after one run that does not",
    )
    add("--only", default="", help="only lines whose name contains this; several: separated by ';'")
    add(
        "--fewer",
        type=int,
        default=1,
        metavar="N",
        help="divide by this how often a line does what it does",
    )
    add("--subject", default="patch", help="what is sought in subjects")
    add("--text", default="driver", help="what is sought in texts")
    add(
        "--out",
        type=Path,
        metavar="FOLDER",
        help="write tables (Markdown), figures (JSON) and plots there",
    )


def ask_of_news(parser: argparse.ArgumentParser) -> None:
    """Say what ``news`` takes."""
    parser.add_argument("servers", nargs="+", metavar="NAME=HOST:PORT[:USER:PASSWORD[:GROUP]]")
    parser.add_argument("--group", default="")
    _processes(parser)
    usual(parser)


def ask_of_mail(parser: argparse.ArgumentParser) -> None:
    """Say what ``mail`` takes."""
    parser.add_argument("servers", nargs="+", metavar="NAME=HOST:PORT:USER:PASSWORD[:MAILBOX]")
    parser.add_argument("--mailbox", default="", help="of those that tell none")
    _processes(parser)
    usual(parser)


def ask_of_web(parser: argparse.ArgumentParser) -> None:
    """Say what ``web`` takes."""
    parser.add_argument(
        "servers", nargs="+", metavar="NAME=[FORM+]URL",
        help=f"a list's address; FORM is that of its pages' addresses: {', '.join(sites.FORMS)}",
    )  # fmt: skip  # an option
    parser.add_argument(
        "--news",
        required=True,
        metavar="HOST:PORT",
        help="a server that tells the list's Message-IDs",
    )
    parser.add_argument("--group", required=True, help="the list's newsgroup")
    _processes(parser)
    usual(parser)


def _processes(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--pid",
        action="append",
        default=[],
        metavar="NAME=PID",
        help="of a server on this machine: tell its processor time",
    )


def on_news(asked: argparse.Namespace) -> int:
    """Compare news servers."""
    _compare("wire", asked, news.lines(), [_server(text, asked.group) for text in asked.servers])
    return 0


def on_mail(asked: argparse.Namespace) -> int:
    """Compare mail servers."""
    servers = [_server(text, asked.mailbox) for text in asked.servers]
    _compare("mail", asked, mail_lines(asked), servers)
    return 0


def on_web(asked: argparse.Namespace) -> int:
    """Compare web archives."""
    host, _, port = asked.news.rpartition(":")
    ids = visited(Server("news", host, int(port), asked.group))
    servers = [sites.site(text, ids) for text in asked.servers]
    months = next((sites.months(each) for each in servers if each.form == "listgate"), ())
    servers = [replace(each, months=months) for each in servers]
    _compare("web", asked, web_lines(), servers)
    return 0


def mail_lines(asked: argparse.Namespace) -> list[Line]:
    """Return the lines of mail, for what is sought."""
    return mail.lines((asked.subject, asked.text))


def web_lines() -> list[Line]:
    """Return the lines of the web."""
    return sites.lines([" ".join(pair) for pair in permutations(SEARCHED, 2)])


def visited(server: Server) -> Sequence[bytes]:
    """Return the Message-IDs whose pages are asked for, of a news server."""
    return news.values(Run(server, 1), b"Message-ID", _VISITED)[:_VISITED]


def chosen(lines: Sequence[Line], asked: argparse.Namespace) -> list[Line]:
    """Return the lines that are asked for."""
    only = [part.strip().lower() for part in asked.only.split(";")]
    found = [line for line in lines if any(part in line.name.lower() for part in only)]
    return fewer(found, asked.fewer)


def _server(text: str, place: str) -> Server:
    """Return the server that ``NAME=HOST:PORT[:USER:PASSWORD[:PLACE]]`` means."""
    name, _, where = text.partition("=")
    host, port, *rest = where.split(":", 4)
    user, password, own = (*rest, "", "", "")[:3]
    return Server(name, host, int(port), own or place, user, password)


def _compare(
    title: str, asked: argparse.Namespace, lines: Sequence[Line], servers: Sequence[Server]
) -> None:
    processes = dict(text.split("=", 1) for text in asked.pid)
    servers = [replace(each, process=int(processes.get(each.name, 0))) for each in servers]
    lines = chosen(lines, asked)
    results = measured(lines, servers, asked.rounds, tell)
    tables = {title: of_times(results, servers, title)}
    if any(server.process for server in servers):
        units = {line.name: line.unit for line in lines}
        tables[f"{title}-processor"] = of_cpu(results, servers, units)
    show(asked.out, tables, {title: as_json(results, servers)})


def tell(text: str) -> None:
    """Say on standard error what is being measured."""
    sys.stderr.write(f"{text}\n")


def show(
    folder: Path | None,
    tables: Mapping[str, Table],
    figures: Mapping[str, object],
    plots: Mapping[str, str] | None = None,
) -> None:
    """Show the tables, and write everything into a folder if there is one."""
    for table in tables.values():
        sys.stdout.write(table.text() + "\n")
    if folder is None:
        return
    folder.mkdir(parents=True, exist_ok=True)
    for name, table in tables.items():
        (folder / f"{name}.md").write_text(table.markdown(), "utf-8")
    for name, found in figures.items():
        (folder / f"{name}.json").write_text(json.dumps(found, indent=1) + "\n", "utf-8")
    for name, plot in (plots or {}).items():
        (folder / f"{name}.svg").write_text(plot, "utf-8")
