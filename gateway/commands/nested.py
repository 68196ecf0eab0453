"""Commands of two words, as ``mirror add``: how they are added, and the peers that all of them are about."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING, Protocol

from gateway.commands.common import archive_directory, common_options, config_of
from storage.sqlite.peers import SqlitePeers

if TYPE_CHECKING:
    from gateway.commands.common import AddCommand, Run

__all__ = ["AddInner", "nested", "peers_of"]


class AddInner(Protocol):
    """Adds a command of two words; returns its parser. ``examples`` end its help."""

    def __call__(
        self, name: str, text: str, run: Run, /, examples: str = ""
    ) -> argparse.ArgumentParser: ...


def nested(command: AddCommand, name: str, text: str) -> AddInner:
    """Add the first word of commands; return what adds the second ones."""
    parser = command(name, text, _never)
    common = common_options()
    commands = parser.add_subparsers(required=True, metavar="COMMAND", title="commands")

    def inner(name: str, text: str, run: Run, examples: str = "") -> argparse.ArgumentParser:
        added = commands.add_parser(
            name, help=text, description=text[:1].upper() + text[1:] + ".", parents=[common]
        )
        added.set_defaults(run=run)
        if examples:
            added.formatter_class = argparse.RawDescriptionHelpFormatter
            added.epilog = examples
        return added

    return inner


def _never(parsed: argparse.Namespace) -> int:
    """Stand for a command whose words are not complete, which the parser refuses."""
    raise AssertionError(parsed)


def peers_of(parsed: argparse.Namespace) -> SqlitePeers:
    """Open what is known of the mirrors and feeds of the archive that the command line names."""
    return SqlitePeers(archive_directory(parsed, config_of(parsed)))
