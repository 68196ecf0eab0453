"""The command line's commands and options."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING, Final

from gateway import __version__

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    Run = Callable[[argparse.Namespace], int]

__all__ = ["DEFAULT_ARCHIVE", "build_parser"]

DEFAULT_ARCHIVE: Final = "./listgate-archive"


def build_parser(runs: Mapping[str, Run]) -> argparse.ArgumentParser:
    """Return the parser; what it parses has ``run``, the entry of ``runs`` by the command's name."""
    common = argparse.ArgumentParser(add_help=False)
    common.add_argument(
        "--archive",
        metavar="DIR",
        default=argparse.SUPPRESS,
        help=f"the archive's folder (else $LISTGATE_ARCHIVE, else the configuration's, else {DEFAULT_ARCHIVE})",
    )
    common.add_argument(
        "--config",
        metavar="FILE",
        type=Path,
        default=argparse.SUPPRESS,
        help="a configuration file (TOML)",
    )
    parser = argparse.ArgumentParser(
        prog="listgate",
        description="Serve mailing-list archives as read-only newsgroups, with right threads.",
        epilog="'listgate demo' shows it at work. 'listgate COMMAND --help' tells more of a command.",
        parents=[common],
    )
    parser.add_argument("--version", action="version", version=f"listgate {__version__}")
    commands = parser.add_subparsers(required=True, metavar="COMMAND", title="commands")

    def command(name: str, text: str) -> argparse.ArgumentParser:
        added = commands.add_parser(
            name, help=text, description=text[:1].upper() + text[1:] + ".", parents=[common]
        )
        added.set_defaults(run=runs[name])
        return added

    serve = command(
        "serve",
        "import what is new in the sources, serve every list, and keep following the sources",
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
    )
    take.add_argument(
        "list",
        metavar="LIST",
        help="the list's name, as lists.kernel-hardening; made if there is none",
    )
    take.add_argument("sources", nargs="+", metavar="SOURCE", help="as for serve")
    command("lists", "show the lists with their counts and water marks")
    show = command("show", "show what is known of a list")
    show.add_argument("list", metavar="LIST")
    thread = command("thread", "draw the thread of a message, in each list that has it")
    thread.add_argument("message_id", metavar="MESSAGE-ID")
    export = command("export", "give a list's original octets back")
    export.add_argument("list", metavar="LIST")
    export.add_argument(
        "--format", choices=("mboxrd", "maildir", "eml"), default="mboxrd", help="default: mboxrd"
    )
    export.add_argument(
        "--output",
        metavar="PATH",
        type=Path,
        help="a file for mboxrd (else stdout), a folder for the others (else one named as the list)",
    )
    remove = command(
        "remove",
        "remove a message for good: from every face, its number never to be used again",
    )
    remove.add_argument("list", metavar="LIST")
    remove.add_argument("message_id", metavar="MESSAGE-ID")
    verify = command("check", "verify water marks, octets, renditions and threads")
    verify.add_argument(
        "--repair", action="store_true", help="make anew what can be made from the original octets"
    )
    demo = command("demo", "serve a small made-up archive")
    _add_faces(demo)
    command("password", "make the hash of a password, for [users] in the configuration")
    return parser


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
        help="likewise for the web archive, which this version does not have yet (default 127.0.0.1:8080)",
    )
