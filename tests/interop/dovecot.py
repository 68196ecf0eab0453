"""A private Dovecot as Debian ships it, in a folder of its own, that anybody may log in to."""

from __future__ import annotations

import contextlib
import imaplib
import os
import shutil
import subprocess
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Final

import pytest

from tests.interop.programs import reachable, unused_port

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

__all__ = ["can_run_dovecot", "dovecot"]

_PATIENCE: Final = 30
"""Seconds to wait for an answer."""

_CONF: Final = """\
base_dir = {folder}/run
state_dir = {folder}/state
log_path = {folder}/log
listen = 127.0.0.1
protocols = imap
ssl = no
disable_plaintext_auth = no
first_valid_uid = 1
mail_location = sdbox:{folder}/mail
mail_fsync = never
service imap-login {{
  inet_listener imap {{
    port = {port}
  }}
  inet_listener imaps {{
    port = 0
  }}
}}
passdb {{
  driver = static
  args = nopassword=y
}}
userdb {{
  driver = static
  args = uid=mail gid=mail home={folder}/mail
}}
"""


def can_run_dovecot() -> pytest.MarkDecorator:
    """Skip a test where there is no Dovecot with its IMAP server, or nobody who may become its users."""
    is_there = shutil.which("dovecot", path="/usr/sbin") and Path("/usr/lib/dovecot/imap").exists()
    return pytest.mark.skipif(
        not is_there or os.geteuid() != 0,
        reason="dovecot-imapd is not installed, or this is not root",
    )


@contextlib.contextmanager
def dovecot(mailbox: str, raws: Iterable[bytes]) -> Iterator[int]:
    """Run a Dovecot with these messages in a mailbox as long as this lasts; yield its port."""
    folder = Path(tempfile.mkdtemp(prefix="listgate-dovecot-"))  # short: it makes sockets there
    folder.chmod(0o755)  # its users have to get there
    port = unused_port()
    (folder / "mail").mkdir()
    shutil.chown(folder / "mail", "mail", "mail")
    (folder / "conf").write_text(_CONF.format(folder=folder, port=port))
    with (folder / "out").open("wb") as out:
        process = subprocess.Popen(
            ("/usr/sbin/dovecot", "-F", "-c", folder / "conf"), stdout=out, stderr=out
        )
    try:
        assert reachable(port, process), (folder / "out").read_text()
        _append(port, mailbox, raws)
        yield port
    finally:
        process.terminate()
        process.wait()
        shutil.rmtree(folder, ignore_errors=True)


def _append(port: int, mailbox: str, raws: Iterable[bytes]) -> None:
    with imaplib.IMAP4("127.0.0.1", port, timeout=_PATIENCE) as connection:
        connection.login("made", "made")
        connection.create(mailbox)
        for raw in raws:
            assert connection.append(mailbox, "", "", raw.replace(b"\n", b"\r\n"))[0] == "OK"
