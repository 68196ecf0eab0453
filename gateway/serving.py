"""``serve``: opens the sockets, starts the workers, follows the sources, and hands the sockets on to a new version."""

from __future__ import annotations

import logging
import os
import sys
from contextlib import closing
from typing import TYPE_CHECKING, Final

from gateway import shown
from gateway.follower import Following
from gateway.listeners import parse_listeners
from gateway.mirror.jobs import Place
from gateway.mirror.process import PeersProcess
from gateway.notify import notify
from gateway.slots import Slots
from gateway.takeover import Wanted, open_wanted
from gateway.toml_table import ConfigError
from gateway.worker import LMTP_SETTING, Work, serve_share
from gateway.workers import Workers
from storage.sqlite import SqliteArchive

if TYPE_CHECKING:
    import argparse
    from collections.abc import Callable, Mapping, Sequence
    from pathlib import Path

    from gateway.config import Config
    from gateway.intake import Plan
    from gateway.listeners import Listener
    from gateway.takeover import Opened
    from gateway.workers import Share

__all__ = ["choose_listeners", "open_all", "serve", "workers_of"]

_SHOWN: Final = {"nntp": "news", "imap": "mail", "lmtp": "delivery"}
"""What a face's address is shown as, where that is not its name."""

log = logging.getLogger(__name__)


def choose_listeners(
    parsed: argparse.Namespace, config: Config
) -> Mapping[str, Sequence[Listener]]:
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
    return listeners


def workers_of(
    parsed: argparse.Namespace, listeners: Mapping[str, Sequence[Listener]], config: Config
) -> int:
    """Return how many processes are to serve: unless it is said, one for each core, if they can share all places.

    Raises:
        ConfigError: several are asked for where only one can listen, or less than one.
    """
    places = [*config.lmtp.listeners, *(each for several in listeners.values() for each in several)]
    single = next((each.text for each in places if not each.is_shared), None)
    if parsed.workers is None:
        return 1 if single else os.cpu_count() or 1
    wanted: int = parsed.workers
    if wanted < 1:
        raise ConfigError(f"--workers: expected 1 or more, not {wanted}")
    if single and wanted > 1:
        raise ConfigError(f"--workers: on {single} one process can listen, not {wanted}")
    return wanted


def open_all(listeners: Mapping[str, Sequence[Listener]], config: Config, workers: int) -> Opened:
    """Open the sockets of all faces for so many workers, or take over those of the version before.

    Raises:
        CannotListen: a place cannot be had.
    """
    wanted = [
        Wanted((face, at), each, f"--{face} HOST:PORT")
        for face, places in listeners.items()
        for at, each in enumerate(places)
    ]
    wanted += [
        Wanted(("lmtp", at), each, LMTP_SETTING) for at, each in enumerate(config.lmtp.listeners)
    ]
    return open_wanted(wanted, workers)


def serve(
    directory: Path,
    listeners: Mapping[str, Sequence[Listener]],
    opened: Opened,
    *,
    plan: Plan,
    config: Config,
    load_again: Callable[[], Config],
) -> None:
    """Serve an archive with several processes, and follow the plan's sources, until SIGINT or SIGTERM.

    On SIGHUP users, who may read and feed what, the certificate, and what lists' addresses are, are taken from
    ``load_again``. On SIGUSR2 the program is started anew, perhaps in another version, and takes the sockets over.

    Raises:
        ArchiveUnavailable: the archive cannot be read.
        WorkerFailed: a worker could not begin.
    """
    following = Following(directory, plan)
    peers = PeersProcess(_place(directory, plan, config))
    slots = Slots(opened.workers)

    def work(share: Share) -> None:
        serve_share(
            share,
            Work(directory, listeners, opened.of(share.index), plan.subject_window, slots),
            config,
            load_again,
        )

    def tend() -> None:
        following.tend()
        peers.tend()

    def reload() -> None:
        nonlocal config
        config = load_again()
        notify("RELOADING=1")
        peers.move_to(_place(directory, plan, config))
        _warn_of_strangers(config.readers, directory)
        notify("READY=1")

    def begun(told: Sequence[tuple[str, str]]) -> None:
        _show(told)
        _warn_of_strangers(config.readers, directory)
        notify("READY=1")
        opened.take_over()

    drain_seconds = config.limits.drain_seconds
    try:
        Workers(work, opened.workers, drain_seconds, begun, tend, reload, opened.renew).run()
    finally:
        notify("STOPPING=1")
        following.end()
        peers.end()
        opened.close()


def _place(directory: Path, plan: Plan, config: Config) -> Place:
    return Place(directory, config.host, plan.subject_window, config.restricted)


def _show(told: Sequence[tuple[str, str]]) -> None:
    """Say where the faces are reached."""
    out = shown.console()
    for name, url in told:
        kind = _SHOWN.get(name, name) if "://" in url else "local"
        out.print(f"{kind}: {url}", markup=False)
    sys.stdout.flush()


def _warn_of_strangers(names: Mapping[str, object], directory: Path) -> None:
    """Name the restricted lists that there are not: perhaps another name was meant, and that list is open to all."""
    if not names:
        return
    with closing(SqliteArchive(directory)) as archive:
        known = {record.name.casefold() for record in archive.lists()}
    for name in names:
        if name.casefold() not in known:
            log.warning("the configuration restricts %s, but no list is called so", name)
