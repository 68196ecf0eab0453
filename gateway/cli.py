"""The command line: the families of commands, and what becomes of what they raise."""

from __future__ import annotations

import argparse
import io
import os
import sys
from typing import TYPE_CHECKING, Final

import gateway
import storage
from gateway import shown
from gateway.commands import archive, deliver, feed, mirror, password, serve
from gateway.commands.common import REFUSED, common_options
from gateway.errors import Refused
from storage.errors import ArchiveError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from gateway.commands.common import Run

__all__ = ["main"]

INTERRUPTED: Final = 130

FAMILIES: Final = (serve, mirror, feed, deliver, archive, password)
"""The families of commands, in the order in which ``--help`` shows them."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line; return the exit code: 0 done, 1 something was refused, 2 usage."""
    if gateway.__version__ != storage.__version__:
        print(  # noqa: T201 - before anything else can be trusted
            "listgate: the packages 'gateway' and 'storage' are not of the same version; "
            "install listgate again, in an environment of its own",
            file=sys.stderr,
        )
        return REFUSED
    parsed = build_parser().parse_args(arguments)
    shown.log_to_stderr()
    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(errors="replace")  # subjects may be in any script
    try:
        code: int = parsed.run(parsed)
        sys.stdout.flush()
    except (ArchiveError, Refused) as error:
        shown.complain(str(error))
    except OSError as error:
        if not isinstance(error, BrokenPipeError):  # whoever read our output has enough of it
            shown.complain(f"{error.filename or 'standard output'}: {error.strerror or error}")
    except KeyboardInterrupt:
        return INTERRUPTED
    else:
        return code
    _give_up_output()
    return REFUSED


def build_parser() -> argparse.ArgumentParser:
    """Return the parser; what it parses has ``run``."""
    common = common_options()
    parser = argparse.ArgumentParser(
        prog="listgate",
        description="Serve mailing-list archives as read-only newsgroups and mail folders, with right threads.",
        epilog="'listgate demo' shows it at work. 'listgate COMMAND --help' tells more of a command.",
        parents=[common],
    )
    parser.add_argument("--version", action="version", version=f"listgate {gateway.__version__}")
    commands = parser.add_subparsers(required=True, metavar="COMMAND", title="commands")

    def command(name: str, text: str, run: Run) -> argparse.ArgumentParser:
        added = commands.add_parser(
            name, help=text, description=text[:1].upper() + text[1:] + ".", parents=[common]
        )
        added.set_defaults(run=run)
        return added

    for family in FAMILIES:
        family.add(command)
    return parser


def _give_up_output() -> None:
    """Let what could not be written go nowhere, so that Python does not try again at its end."""
    try:
        sys.stdout.flush()
    except OSError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


if __name__ == "__main__":
    sys.exit(main())
