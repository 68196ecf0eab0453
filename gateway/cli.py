"""The command line, and the composition root: the only module that knows everything."""

from __future__ import annotations

import argparse
import asyncio
import getpass
import io
import os
import socket
import sys
import tempfile
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING, Final

import gateway
import storage
from gateway import shown
from gateway.access import Policy
from gateway.config import HOST_NAME, Config, ConfigError, load
from gateway.demo import write_demo
from gateway.intake import Plan, follow_beside, open_for_writing, take_in
from gateway.listeners import parse_listeners
from gateway.nntp import Session, Settings
from gateway.passwords import Users, hash_password
from gateway.renderers import RENDERERS
from gateway.sasl import MalformedMessage
from gateway.server import CannotListen, Face, Server, run
from gateway.tls import BadCertificate, ServerCertificate
from storage.check import check
from storage.errors import ArchiveError, NoSuchList, NoSuchMessage
from storage.export import as_mboxrd, exported, write_eml, write_maildir
from storage.ingest import rerender
from storage.model import check_list_name
from storage.sqlite import SqliteArchive

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from gateway.connections import Peer
    from gateway.listeners import Listener
    from storage.model import MailingList
    from storage.sqlite import SqliteWriter

__all__ = ["main"]

DONE: Final = 0
REFUSED: Final = 1
USAGE: Final = 2
INTERRUPTED: Final = 130

DEFAULT_ARCHIVE: Final = "./listgate-archive"

SUBJECT_WINDOW: Final = 30 * 86_400
"""Seconds within which a reply is looked for by its subject, where the configuration wants it."""


class Refused(Exception):
    """What was asked for is not done; the text is one line for the operator."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line; return the exit code: 0 done, 1 something was refused, 2 usage."""
    if gateway.__version__ != storage.__version__:
        print(  # noqa: T201 - before anything else can be trusted
            "listgate: the packages 'gateway' and 'storage' are not of the same version; "
            "install listgate again, in an environment of its own",
            file=sys.stderr,
        )
        return REFUSED
    parsed = _parser().parse_args(arguments)
    shown.log_to_stderr()
    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(errors="replace")  # subjects may be in any script
    try:
        code: int = parsed.run(parsed)
        sys.stdout.flush()
    except (ArchiveError, BadCertificate, CannotListen, ConfigError, Refused) as error:
        shown.complain(str(error))
        return REFUSED
    except OSError as error:
        if not isinstance(error, BrokenPipeError):  # whoever read our output has enough of it
            shown.complain(f"{error.filename or 'standard output'}: {error.strerror or error}")
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())  # what is left goes nowhere
        return REFUSED
    except KeyboardInterrupt:
        return INTERRUPTED
    return code


def _parser() -> argparse.ArgumentParser:
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
    parser.add_argument("--version", action="version", version=f"listgate {gateway.__version__}")
    commands = parser.add_subparsers(required=True, metavar="COMMAND", title="commands")

    def command(
        name: str, what: Callable[[argparse.Namespace], int], text: str
    ) -> argparse.ArgumentParser:
        added = commands.add_parser(
            name, help=text, description=text[:1].upper() + text[1:] + ".", parents=[common]
        )
        added.set_defaults(run=what)
        return added

    serve = command(
        "serve",
        _serve,
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
        _import,
        "add the messages of the sources to one list; may be cut off and run again",
    )
    take.add_argument(
        "list",
        metavar="LIST",
        help="the list's name, as lists.kernel-hardening; made if there is none",
    )
    take.add_argument("sources", nargs="+", metavar="SOURCE", help="as for serve")
    command("lists", _lists, "show the lists with their counts and water marks")
    show = command("show", _show, "show what is known of a list")
    show.add_argument("list", metavar="LIST")
    thread = command("thread", _thread, "draw the thread of a message, in each list that has it")
    thread.add_argument("message_id", metavar="MESSAGE-ID")
    export = command("export", _export, "give a list's original octets back")
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
        _remove,
        "remove a message for good: from every face, its number never to be used again",
    )
    remove.add_argument("list", metavar="LIST")
    remove.add_argument("message_id", metavar="MESSAGE-ID")
    verify = command("check", _check, "verify water marks, octets, renditions and threads")
    verify.add_argument(
        "--repair", action="store_true", help="make anew what can be made from the original octets"
    )
    demo = command("demo", _demo, "serve a small made-up archive")
    _add_faces(demo)
    command("password", _password, "make the hash of a password, for [users] in the configuration")
    return parser


def _add_faces(parser: argparse.ArgumentParser) -> None:
    for face, usual in (
        ("nntp", "127.0.0.1:1119"),
        ("imap", "127.0.0.1:1143"),
        ("web", "127.0.0.1:8080"),
    ):
        parser.add_argument(
            f"--{face}",
            action="append",
            metavar="WHERE",
            help=f"where the {face.upper() if face != 'web' else 'web'} face listens: HOST:PORT or a Twisted endpoint; "
            f"may be repeated; 'none' switches it off (default {usual})",
        )


def _config(parsed: argparse.Namespace) -> Config:
    return load(getattr(parsed, "config", None))


def _directory(parsed: argparse.Namespace, config: Config) -> Path:
    """Return the archive's folder: the command line's, the environment's, the configuration's, or the usual one."""
    given = getattr(parsed, "archive", None) or os.environ.get("LISTGATE_ARCHIVE")
    return Path(given) if given else config.archive or Path(DEFAULT_ARCHIVE)


def _existing(parsed: argparse.Namespace) -> SqliteArchive:
    """Open an archive that is there to be looked at.

    Raises:
        Refused: there is none.
    """
    directory = _directory(parsed, _config(parsed))
    if not directory.is_dir():
        raise Refused(f"{directory}: no archive there; make one with 'listgate import LIST SOURCE'")
    return SqliteArchive(directory)


def _record(archive: SqliteArchive, name: str) -> MailingList:
    """Return what the archive knows of a list.

    Raises:
        Refused: there is no such list.
    """
    try:
        return archive.mailing_list(name)
    except NoSuchList:
        raise Refused(
            f"{name}: no list is called so; 'listgate lists' shows those there are"
        ) from None


def _serve(parsed: argparse.Namespace) -> int:
    config = _config(parsed)
    return _serve_from(_directory(parsed, config), parsed, config, parsed.sources)


def _demo(parsed: argparse.Namespace) -> int:
    with tempfile.TemporaryDirectory(prefix="listgate-demo-") as folder:
        sources = write_demo(Path(folder) / "sources")
        config = _config(parsed)
        given = getattr(parsed, "archive", None)
        directory = Path(given) if given else Path(folder) / "archive"
        return _serve_from(directory, parsed, config, map(str, sources))


def _serve_from(
    directory: Path, parsed: argparse.Namespace, config: Config, paths: Iterable[str]
) -> int:
    listeners = _listeners(parsed, config)
    certificate = ServerCertificate(config.tls.certificate, config.tls.key) if config.tls else None
    plan = _plan(paths, config)
    code = DONE
    with closing(open_for_writing(directory)) as writer:
        _describe(writer, config)
        _rerender(writer)
        if plan.paths:
            summaries = take_in(writer, plan)
            shown.errors().print(shown.summary_table(summaries))
            code = REFUSED if any(each.rejected for each in summaries.values()) else DONE
    archive = SqliteArchive(directory)
    users = Users(config.users)

    from twisted.internet import reactor  # noqa: PLC0415 - installs the reactor, which only serving needs

    faces = [
        Face("nntp", "nntp", listeners["nntp"], _nntp_sessions(archive, config, users, certificate))
    ]
    server = Server(archive, faces, config.limits, reactor, certificate=certificate)  # type: ignore[arg-type]  # a module's
    follower = follow_beside(directory, plan)

    def ready(urls: Sequence[str]) -> None:
        out = shown.console()
        for url in urls:
            out.print(f"news: {url}", markup=False)
        sys.stdout.flush()

    def reload() -> None:
        users.replace(load(getattr(parsed, "config", None)).users)
        if certificate is not None:
            certificate.reload()

    try:
        run(server, reactor, ready=ready, reload=reload)  # type: ignore[arg-type]  # a module's
    finally:
        if follower is not None:
            follower.terminate()
        archive.close()
    return code


def _listeners(parsed: argparse.Namespace, config: Config) -> dict[str, Sequence[Listener]]:
    """Return where each face listens; the command line wins over the configuration.

    Raises:
        ConfigError: a place on the command line is none.
    """
    listeners: dict[str, Sequence[Listener]] = {}
    for face, configured in config.listeners.items():
        given = getattr(parsed, face)
        try:
            listeners[face] = configured if given is None else parse_listeners(given)
        except ValueError as error:
            raise ConfigError(f"--{face}: {error}") from None
        if given is not None and listeners[face] and face != "nntp":
            shown.complain(f"this version has no {face} face: --{face} does nothing")
    return listeners


def _nntp_sessions(
    archive: SqliteArchive, config: Config, users: Users, certificate: ServerCertificate | None
) -> Callable[[Peer], Session]:
    """Return what makes the session of an NNTP connection."""
    settings = Settings(
        host=(config.server.host or _own_name()).encode(),
        tls_available=certificate is not None,
        plaintext_login=not config.login_needs_tls,
        failed_logins=config.limits.failed_logins,
        motd=config.server.motd or None,
    )
    readers = {
        name: each.readers for name, each in config.lists.items() if each.readers is not None
    }
    policy = Policy(readers, login_needed=config.require_login)
    authenticator = users if config.users else None
    return lambda peer: Session(archive, settings, policy, authenticator, secure=peer.secure)


def _own_name() -> str:
    """Return the machine's name, if it can name a news server."""
    name = socket.gethostname()
    return name if HOST_NAME.fullmatch(name) else "localhost"


def _plan(paths: Iterable[str], config: Config, name: str | None = None) -> Plan:
    """Return what is to be read, and whether replies are to be found by their subjects."""
    return Plan(tuple(paths), name, SUBJECT_WINDOW if config.threads_by_subject else None)


def _describe(writer: SqliteWriter, config: Config) -> None:
    """Give the lists the descriptions and addresses that the configuration has for them."""
    with writer.batch() as batch:
        for name, each in config.lists.items():
            batch.describe(name, description=each.description or None, address=each.address or None)


def _rerender(writer: SqliteWriter) -> None:
    """Make anew what an earlier version of listgate rendered."""
    with shown.progress_bar() as bar:
        task = bar.add_task("rendering anew", total=None, messages=0)
        done = 0
        for count in rerender(writer, RENDERERS):
            done += count
            bar.update(task, messages=done)


def _import(parsed: argparse.Namespace) -> int:
    config = _config(parsed)
    plan = _plan(parsed.sources, config, check_list_name(parsed.list))
    with closing(open_for_writing(_directory(parsed, config))) as writer:
        _describe(writer, config)
        summaries = take_in(writer, plan, settle=True)
    shown.console().print(shown.summary_table(summaries))
    return REFUSED if any(each.rejected for each in summaries.values()) else DONE


def _lists(parsed: argparse.Namespace) -> int:
    with closing(_existing(parsed)) as archive:
        shown.console().print(shown.list_table(archive.lists()))
    return DONE


def _show(parsed: argparse.Namespace) -> int:
    with closing(_existing(parsed)) as archive:
        record = _record(archive, parsed.list)
        ends = [asyncio.run(archive.entry(record.name, n)) for n in _ends(record)]
    first, last = ends or (None, None)
    shown.console().print(shown.list_details(record, first, last))
    return DONE


def _ends(record: MailingList) -> Sequence[int]:
    """Return the lowest and the highest number present, or nothing."""
    last = record.previous_present(record.high + 1)
    return () if last is None else (record.low, last)


def _thread(parsed: argparse.Namespace) -> int:
    async def draw(archive: SqliteArchive) -> None:
        places = await archive.find(_bracketed(parsed.message_id))
        if not places:
            raise Refused(f"{parsed.message_id}: no list has this message")
        for place in places:
            nodes = await archive.thread(place.name, place.number)
            numbers = [node.number for node in nodes if node.number is not None]
            messages = {number: await archive.served(place.name, number) for number in numbers}
            shown.console().print(shown.thread_tree(place.name, nodes, messages))

    with closing(_existing(parsed)) as archive:
        asyncio.run(draw(archive))
    return DONE


def _bracketed(message_id: str) -> bytes:
    """Return a Message-ID as the archive knows it; the angle brackets may be left out."""
    return b"<%b>" % message_id.strip().removeprefix("<").removesuffix(">").encode(
        "utf-8", "surrogateescape"
    )


def _export(parsed: argparse.Namespace) -> int:
    folder = parsed.output or Path(parsed.list)

    async def export(archive: SqliteArchive) -> None:
        if parsed.format == "mboxrd" and parsed.output is not None:
            with parsed.output.open("wb") as file:
                async for message in exported(archive, parsed.list):
                    file.write(as_mboxrd(message))
            return
        async for message in exported(archive, parsed.list):
            if parsed.format == "mboxrd":
                _print_octets(as_mboxrd(message))
            elif parsed.format == "maildir":
                write_maildir(folder, message)
            else:
                write_eml(folder, message)

    with closing(_existing(parsed)) as archive:
        _record(archive, parsed.list)
        try:
            asyncio.run(export(archive))
        except BrokenPipeError:
            raise
        except OSError as error:
            raise Refused(
                f"{error.filename or parsed.output or 'standard output'}: {error.strerror}"
            ) from error
    return DONE


def _print_octets(octets: bytes) -> None:
    """Write to standard output, all of it also where that is not buffered and takes less at a time."""
    left = memoryview(octets)
    while left:
        left = left[sys.stdout.buffer.write(left) :]


def _remove(parsed: argparse.Namespace) -> int:
    with closing(_existing(parsed)) as archive:
        _record(archive, parsed.list)
        places = asyncio.run(archive.find(_bracketed(parsed.message_id)))
    number = next((place.number for place in places if place.name == parsed.list), None)
    if number is None:
        raise NoSuchMessage(f"{parsed.list}: no message {parsed.message_id}")
    directory = _directory(parsed, _config(parsed))
    with closing(open_for_writing(directory)) as writer, writer.batch() as batch:
        batch.remove(parsed.list, number)
    shown.console().print(f"{parsed.list} {number}: removed", markup=False)
    return DONE


def _check(parsed: argparse.Namespace) -> int:
    async def verify(archive: SqliteArchive, writer: SqliteWriter) -> tuple[int, int]:
        found = left = 0
        async for fault in check(archive, writer, RENDERERS, repair=parsed.repair):
            place = " ".join(str(part) for part in (fault.name, fault.number) if part)
            outcome = " (repaired)" if fault.repaired else ""
            shown.complain(f"{place or 'archive'}: {fault.what}{outcome}")
            found, left = found + 1, left + (not fault.repaired)
        return found, left

    directory = _directory(parsed, _config(parsed))
    with closing(_existing(parsed)) as archive, closing(open_for_writing(directory)) as writer:
        found, left = asyncio.run(verify(archive, writer))
        count = sum(record.count for record in archive.lists())
    shown.console().print(
        f"{count} messages checked, {found} faults found, {left} left", markup=False
    )
    return REFUSED if left else DONE


def _password(parsed: argparse.Namespace) -> int:  # noqa: ARG001 - every command has the same signature
    password = (
        getpass.getpass("Password: ") if sys.stdin.isatty() else sys.stdin.readline().rstrip("\n")
    )
    try:
        shown.console().print(str(hash_password(password)), markup=False)
    except MalformedMessage as error:
        raise Refused(str(error)) from None
    return DONE


if __name__ == "__main__":
    sys.exit(main())
