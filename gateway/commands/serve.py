"""The commands that take sources in, and serve."""

from __future__ import annotations

import tempfile
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING

from gateway import shown
from gateway.commands.common import (
    DONE,
    REFUSED,
    archive_directory,
    config_of,
    describe,
    plan_of,
    rerender_all,
)
from gateway.demo import write_demo
from gateway.intake import open_for_writing, take_in
from storage.model import check_list_name

if TYPE_CHECKING:
    import argparse
    from collections.abc import Iterable

    from gateway.commands.common import AddCommand
    from gateway.config import Config

__all__ = ["add"]


def add(command: AddCommand) -> None:
    """Add the commands of this family."""
    serve = command(
        "serve",
        "import what is new in the sources, serve every list, and keep following the sources",
        _serve,
    )
    serve.add_argument(
        "sources",
        nargs="*",
        metavar="SOURCE",
        help="an mbox, a maildir, an MH folder, .eml files, a tar, a folder of any; '-' is stdin",
    )
    _add_faces(serve)
    take = command(
        "import",
        "add the messages of the sources to one list; may be cut off and run again",
        _import,
    )
    take.add_argument(
        "list",
        metavar="LIST",
        help="the list's name, as lists.kernel-hardening; made if there is none",
    )
    take.add_argument("sources", nargs="+", metavar="SOURCE", help="as for serve")
    demo = command("demo", "serve a small made-up archive", _demo)
    _add_faces(demo)


def _add_faces(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--nntp",
        action="append",
        metavar="WHERE",
        help="where newsreaders connect: HOST:PORT or a Twisted endpoint; may be repeated; "
        "'none' switches the face off (default 127.0.0.1:1119)",
    )
    parser.add_argument(
        "--imap",
        action="append",
        metavar="WHERE",
        help="likewise where mail programs connect (default 127.0.0.1:1143)",
    )
    parser.add_argument(
        "--web",
        action="append",
        metavar="WHERE",
        help="likewise where browsers connect (default 127.0.0.1:8080)",
    )
    parser.add_argument(
        "--metrics",
        action="append",
        metavar="WHERE",
        help="likewise where Prometheus connects, who learns more than readers may (default none)",
    )
    parser.add_argument(
        "--workers",
        type=int,
        metavar="N",
        help="processes that serve; more than there are cores gain nothing (default: as many)",
    )


def _serve(parsed: argparse.Namespace) -> int:
    config = config_of(parsed)
    return _serve_from(archive_directory(parsed, config), parsed, config, parsed.sources)


def _demo(parsed: argparse.Namespace) -> int:
    with tempfile.TemporaryDirectory(prefix="listgate-demo-") as folder:
        sources = write_demo(Path(folder) / "sources")
        config = config_of(parsed)
        given = getattr(parsed, "archive", None)
        directory = Path(given) if given else Path(folder) / "archive"
        return _serve_from(directory, parsed, config, map(str, sources))


def _serve_from(
    directory: Path, parsed: argparse.Namespace, config: Config, paths: Iterable[str]
) -> int:
    from gateway.serving import choose_listeners, open_all, serve, workers_of  # noqa: PLC0415 - brings Twisted, half of the start's time

    listeners = choose_listeners(parsed, config)
    plan = plan_of(paths, config)
    workers = workers_of(parsed, listeners, config)
    opened = open_all(listeners, config, workers)
    code = DONE
    with closing(open_for_writing(directory)) as writer:
        rerender_all(writer)
        if plan.paths:
            summaries = take_in(writer, plan)
            shown.errors().print(shown.summary_table(summaries))
            code = REFUSED if any(each.rejected for each in summaries.values()) else DONE
        describe(writer, config)
    serve(
        directory, listeners, opened, plan=plan, config=config, load_again=lambda: config_of(parsed)
    )
    return code


def _import(parsed: argparse.Namespace) -> int:
    config = config_of(parsed)
    plan = plan_of(parsed.sources, config, check_list_name(parsed.list))
    with closing(open_for_writing(archive_directory(parsed, config))) as writer:
        rerender_all(writer)
        summaries = take_in(writer, plan, settle=True)
        describe(writer, config)
    shown.console().print(shown.summary_table(summaries))
    return REFUSED if any(each.rejected for each in summaries.values()) else DONE
