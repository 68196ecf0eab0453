"""The command that a mail server pipes a mail into: its exit codes are those of ``sysexits.h``, which mail servers heed."""

from __future__ import annotations

import logging
import os
import sys
from contextlib import closing
from typing import TYPE_CHECKING, Final

from gateway import shown
from gateway.acceptance import Outcome
from gateway.commands.common import DONE, archive_directory, config_of, describe, plan_of
from gateway.errors import Refused
from storage.errors import ArchiveError, BadListName, IsTwin
from storage.model import check_list_name
from storage.sources.base import MAX_MESSAGE
from storage.sources.content import refusal, too_large

if TYPE_CHECKING:
    import argparse
    from pathlib import Path

    from gateway.commands.common import AddCommand
    from gateway.config import Config

__all__ = ["add"]

_CODES: Final = {
    Outcome.ADDED: DONE,
    Outcome.KNOWN: DONE,
    Outcome.WITHHELD: DONE,  # else a mail that is to stay away would bounce
    Outcome.REFUSED: os.EX_TEMPFAIL,  # a twin, which takes no mail: that is not the mail's fault
    Outcome.UNAVAILABLE: os.EX_TEMPFAIL,
}

log = logging.getLogger(__name__)


def add(command: AddCommand) -> None:
    """Add the command."""
    deliver = command(
        "deliver",
        "add the mail on standard input to a list, from a mail server's pipe or a .forward",
        _deliver,
    )
    deliver.add_argument("list", metavar="LIST")
    deliver.add_argument("--create", action="store_true", help="make the list if there is none")


def _deliver(parsed: argparse.Namespace) -> int:
    """Store the mail; whatever goes wrong but the mail's own faults is to be tried again later."""
    try:
        check_list_name(parsed.list)
        raw = _without_from_line(sys.stdin.buffer.read(MAX_MESSAGE + 1))
        why = too_large(MAX_MESSAGE) if len(raw) > MAX_MESSAGE else refusal(raw)
        if why:
            shown.complain(f"standard input: {why}")
            return os.EX_DATAERR
        config = config_of(parsed)
        return _store(archive_directory(parsed, config), config, parsed, raw)
    except BadListName as error:
        shown.complain(str(error))
        return os.EX_USAGE
    except (ArchiveError, Refused, OSError) as error:
        shown.complain(str(error))
    except Exception:  # a mail must not be lost by a fault of ours
        log.exception("the mail cannot be stored")
    return os.EX_TEMPFAIL


def _without_from_line(raw: bytes) -> bytes:
    """Return the mail without the line that mail servers put before it, as in an mbox."""
    return raw.partition(b"\n")[2] if raw.startswith(b"From ") else raw


def _store(directory: Path, config: Config, parsed: argparse.Namespace, raw: bytes) -> int:
    if not parsed.create and not directory.is_dir():
        raise Refused(f"{directory}: no archive there; '--create' makes one")
    # Only what stores a mail needs what makes its rows, which takes half of the start's time.
    from gateway.accepting import Handed, store_group  # noqa: PLC0415
    from gateway.intake import open_for_writing  # noqa: PLC0415
    from gateway.renderers import RENDERERS  # noqa: PLC0415

    with closing(open_for_writing(directory)) as writer:
        is_new = not writer.has(parsed.list)
        if is_new and not parsed.create:
            shown.complain(f"{parsed.list}: no list is called so; '--create' makes it")
            return os.EX_NOUSER
        window = plan_of((), config).subject_window
        (outcomes,) = store_group(writer, [Handed([parsed.list], raw)], RENDERERS, window)
        if outcomes[parsed.list] is Outcome.REFUSED:
            with writer.batch() as batch:
                shown.complain(str(IsTwin(parsed.list, batch.mailing_list(parsed.list).origin)))
        if is_new and parsed.list in config.lists:
            describe(writer, config)
    return _CODES[outcomes[parsed.list]]
