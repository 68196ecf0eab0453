"""The command that makes hashes of passwords, and how a password is asked for."""

from __future__ import annotations

import getpass
import sys
from typing import TYPE_CHECKING
from urllib.parse import quote

from gateway import shown
from gateway.commands.common import DONE
from gateway.errors import Refused
from gateway.passwords import hash_password
from gateway.sasl import MalformedMessage
from storage.peers import shown_url

if TYPE_CHECKING:
    import argparse

    from gateway.commands.common import AddCommand

__all__ = ["add", "add_password_option", "asked_password", "url_of"]


def add(command: AddCommand) -> None:
    """Add the command."""
    command("password", "make the hash of a password, for [users] in the configuration", _password)


def asked_password() -> str:
    """Ask for a password on the terminal, or read it as a line of standard input."""
    if sys.stdin.isatty():
        return getpass.getpass("Password: ")
    return sys.stdin.readline().rstrip("\n")


def add_password_option(parser: argparse.ArgumentParser) -> None:
    """Add the option that ``url_of`` looks at."""
    parser.add_argument(
        "--password",
        action="store_true",
        help="ask for the password of the URL's user, or read it as a line of standard input",
    )


def url_of(parsed: argparse.Namespace) -> str:
    """Return the URL on the command line, with the password that was asked for.

    Raises:
        Refused: it names no user, or a password already.
    """
    url: str = parsed.url
    if not parsed.password:
        return url
    scheme, found, rest = url.partition("://")
    user, at, place = rest.partition("@")
    if not (found and user and at) or ":" in user or "/" in user:
        raise Refused(
            f"{shown_url(url)}: --password wants a URL with a user, as nntps://me@host/group"
        )
    return f"{scheme}://{user}:{quote(asked_password(), safe='')}@{place}"


def _password(parsed: argparse.Namespace) -> int:
    try:
        shown.console().print(str(hash_password(asked_password())), markup=False)
    except MalformedMessage as error:
        raise Refused(str(error)) from None
    return DONE
