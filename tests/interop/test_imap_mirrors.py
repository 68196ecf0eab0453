"""Programs that fetch a whole mailbox and remember where they were: the second time there is nothing to fetch."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest

from tests.interop.mailboxes import MAILBOX, PASSWORD, BareMail
from tests.interop.programs import needs

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    from tests.interop.mailboxes import Mailboxes
    from tests.interop.programs import Home

pytestmark = pytest.mark.interop

MBSYNC = """
IMAPAccount a
Host {host}
Port {port}
User {user}
Pass "{password}"
SSLType None
AuthMechs {mechanism}

IMAPStore far
Account a

MaildirStore near
Path {folder}/
Inbox {folder}/inbox
SubFolders Verbatim

Channel c
Far ":far:{mailbox}"
Near :near:copy
Sync PullNew PullFlags PushFlags
Create Near
Expunge None
SyncState *
"""

OFFLINEIMAP = """
[general]
accounts = a
metadata = {folder}/meta
ui = basic
fsync = False
[Account a]
localrepository = near
remoterepository = far
[Repository near]
type = Maildir
localfolders = {folder}/copies
[Repository far]
type = IMAP
remotehost = {host}
remoteport = {port}
remoteuser = {user}
remotepass = {password}
ssl = no
starttls = no
createfolders = False
folderfilter = lambda name: name == '{mailbox}'
"""

GETMAIL = """
[retriever]
type = SimpleIMAPRetriever
server = {host}
port = {port}
username = {user}
password = {password}
mailboxes = ("{mailbox}",)
[destination]
type = MDA_external
path = {folder}/keep
unixfrom = false
allow_root_commands = true
[options]
read_all = false
delivered_to = false
received = false
verbose = 1
"""

FETCHMAIL = """
poll {host} protocol imap port {port}
    user "{user}" password "{password}" folder "{mailbox}" keep sslproto ''
    mda "{folder}/keep"
"""

KEEP = """#!/bin/sh
exec cat >"$(mktemp {folder}/kept/XXXXXXXX)"
"""


@needs("mbsync")
@pytest.mark.parametrize("mechanism", ["LOGIN", "*"])
def test_mbsync_both_ways(mailboxes: Mailboxes, home: Home, mechanism: str) -> None:
    user = mailboxes.user()
    name = MAILBOX.replace(".", "/")  # it takes the server's delimiter for a plain character
    rc = home.write("rc", _filled(MBSYNC, mailboxes, home, user, mailbox=name, mechanism=mechanism))
    mbsync = ("mbsync", "-c", rc, "c")
    assert b"Error" not in home.run(*mbsync)
    assert _without(b"X-TUID", _maildir(home / "copy")) == mailboxes.lf_messages
    assert b"Error" not in home.run(*mbsync)
    assert _without(b"X-TUID", _maildir(home / "copy")) == mailboxes.lf_messages
    with BareMail(mailboxes.port, user) as client:
        client.ask(f"SELECT {MAILBOX}")
        client.ask(r"UID STORE 7 +FLAGS (\Flagged)")
        _mark_seen(_copy(home / "copy", mailboxes.messages[8]))
        assert b"Error" not in home.run(*mbsync)
        assert client.flags(8) == {rb"\Seen"}
        assert _copy(home / "copy", mailboxes.messages[7]).name.endswith(":2,F")


@needs("offlineimap")
def test_offlineimap_both_ways(mailboxes: Mailboxes, home: Home) -> None:
    user = mailboxes.user()
    rc = home.write("rc", _filled(OFFLINEIMAP, mailboxes, home, user))
    copies = home / "copies" / MAILBOX
    for _ in range(2):
        assert b"ERROR" not in home.run("offlineimap", "-o", "-c", rc)
        assert _mended(_maildir(copies)) == _mended(mailboxes.lf_messages)
    with BareMail(mailboxes.port, user) as client:
        client.ask(f"SELECT {MAILBOX}")
        client.ask(r"UID STORE 7 +FLAGS (\Flagged)")
        _mark_seen(_copy(copies, mailboxes.messages[8]))
        assert b"ERROR" not in home.run("offlineimap", "-o", "-c", rc)
        assert client.flags(8) == {rb"\Seen"}
        assert _copy(copies, mailboxes.messages[7]).name.endswith(":2,F")


@needs("fetchmail")
def test_fetchmail_fetches_what_is_not_seen(mailboxes: Mailboxes, home: Home) -> None:
    user = mailboxes.user()
    rc = home.write("rc", _filled(FETCHMAIL, mailboxes, home, user))
    rc.chmod(0o600)
    kept = _keeping(home)
    fetchmail = ("fetchmail", "-f", rc, "-N", "--pidfile", home / "pid", "--invisible")
    home.run(*fetchmail, "--norewrite")
    assert _read(kept) == mailboxes.lf_messages
    with BareMail(mailboxes.port, user) as client:
        client.ask(f"SELECT {MAILBOX}")
        assert client.ask("SEARCH UNSEEN") == [b"* SEARCH\r\n"]
        client.ask(r"UID STORE 7 -FLAGS (\Seen)")
    for path in kept.iterdir():
        path.unlink()
    home.run(*fetchmail, "--norewrite")
    assert _read(kept) == [mailboxes.messages[7].replace(b"\r\n", b"\n")]


@needs("getmail")
def test_getmail_fetches_every_message_once(mailboxes: Mailboxes, home: Home) -> None:
    home.write("rc", _filled(GETMAIL, mailboxes, home, mailboxes.user()))
    kept = _keeping(home)
    getmail = ("getmail", f"--getmaildir={home.folder}", "--rcfile=rc")
    assert f"{len(mailboxes.messages)} messages" in home.run(*getmail).decode()
    # It writes the header anew.
    assert sorted(map(_body, _read(kept))) == sorted(map(_body, mailboxes.lf_messages))
    assert b"0 messages" in home.run(*getmail)


def _filled(form: str, mailboxes: Mailboxes, home: Home, user: str, **others: str) -> str:
    """Return a configuration for a mailbox of the server."""
    values = {"host": mailboxes.host, "user": user, "password": PASSWORD, "mailbox": MAILBOX}
    return form.format(**{**values, **others}, port=mailboxes.port, folder=home.folder)


def _keeping(home: Home) -> Path:
    """Make a program that keeps each message it is given in a file; return their folder."""
    home.write("keep", KEEP.format(folder=home.folder)).chmod(0o755)
    kept = home / "kept"
    kept.mkdir()
    return kept


def _read(folder: Path) -> list[bytes]:
    return sorted(path.read_bytes() for path in folder.iterdir())


def _maildir(folder: Path) -> list[bytes]:
    return _read(folder / "cur") + _read(folder / "new")


def _copy(folder: Path, message: bytes) -> Path:
    """Return the file of a maildir that has a message."""
    message_id = re.findall(rb"(?m)^Message-ID: \S+", message)[0]
    (path,) = (path for path in folder.glob("*/*:2,*") if message_id in path.read_bytes())
    return path


def _mark_seen(path: Path) -> None:
    """Mark a message of a maildir as seen, as mail programs do."""
    path.rename(path.parents[1] / "cur" / f"{path.name.partition(':')[0]}:2,S")


def _without(name: bytes, messages: Iterable[bytes]) -> list[bytes]:
    """Return messages, ordered, without a header field."""
    field = re.compile(rb"(?m)^%b: .*\n" % name)
    return sorted(field.sub(b"", message, count=1) for message in messages)


def _mended(messages: Iterable[bytes]) -> list[bytes]:
    return _without(b"X-OfflineIMAP", messages)


def _body(message: bytes) -> bytes:
    return message.partition(b"\n\n")[2]
