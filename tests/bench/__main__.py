"""Programs that measure, and assert nothing: ``python -m tests.bench COMMAND``; ``README.md`` tells of each."""

from __future__ import annotations

import argparse
import sys
from importlib import import_module
from typing import TYPE_CHECKING, Final, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = ["main"]


class Command(NamedTuple):
    """Where a command is, what of its module says what it takes and does it, and what it is for."""

    module: str
    ask: str
    run: str
    purpose: str


COMMANDS: Final = {
    "wire": Command("beside", "ask_of_news", "on_news", "news servers beside each other"),
    "mail": Command("beside", "ask_of_mail", "on_mail", "mail servers beside each other"),
    "web": Command("beside", "ask_of_web", "on_web", "web archives beside each other"),
    "scale": Command("scale", "ask", "run", "lists of several sizes: import, disk, memory, what a message costs"),
    "held": Command("held", "ask", "run", "many connections at the same time, and fairness"),
    "pages": Command("pages", "ask", "run", "how fast web pages are made, in processor time"),
    "pull": Command("pull", "ask", "run", "how fast lists are pulled, beside pullnews and suck"),
    "killed": Command("killed", "ask", "run", "whether a pull that is killed gives what one gives that is not"),
    "twin": Command("twin", "ask", "run", "what it takes to keep a twin, and whether it is one"),
    "latency": Command("latency", "ask", "run", "a distance between a client and a server"),
}  # fmt: skip  # a table


def main(arguments: Sequence[str] | None = None) -> int:
    """Do what the arguments say; return the exit status."""
    given = sys.argv[1:] if arguments is None else [*arguments]
    parser = argparse.ArgumentParser(prog="python -m tests.bench", description=__doc__)
    commands = parser.add_subparsers(metavar="COMMAND", required=True)
    for name, command in COMMANDS.items():
        below = commands.add_parser(name, help=command.purpose)
        if given[:1] == [
            name
        ]:  # the others need not be imported: some want what may not be installed
            module = import_module(f"tests.bench.{command.module}")
            below.description = module.__doc__
            below.formatter_class = argparse.RawDescriptionHelpFormatter
            getattr(module, command.ask)(below)
            below.set_defaults(run=getattr(module, command.run))
    parsed = parser.parse_args(given)
    status: int = parsed.run(parsed)
    return status


if __name__ == "__main__":
    sys.exit(main())
