"""The command that makes hashes of passwords."""

from __future__ import annotations

import getpass
import sys
from typing import TYPE_CHECKING

from gateway import shown
from gateway.commands.common import DONE
from gateway.errors import Refused
from gateway.passwords import hash_password
from gateway.sasl import MalformedMessage

if TYPE_CHECKING:
    import argparse

    from gateway.commands.common import AddCommand

__all__ = ["add"]


def add(command: AddCommand) -> None:
    """Add the command."""
    command("password", "make the hash of a password, for [users] in the configuration", _password)


def _password(parsed: argparse.Namespace) -> int:
    password = (
        getpass.getpass("Password: ") if sys.stdin.isatty() else sys.stdin.readline().rstrip("\n")
    )
    try:
        shown.console().print(str(hash_password(password)), markup=False)
    except MalformedMessage as error:
        raise Refused(str(error)) from None
    return DONE
