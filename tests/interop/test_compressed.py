"""Clients that have replies compressed, of a list long enough that whole pages come as they are kept."""

from __future__ import annotations

import contextlib
import os
import re
import socket
import ssl
import zlib
from typing import TYPE_CHECKING, Final, Protocol, Self

import pytest

from storage.export import Exported, as_mboxrd
from tests.interop.news import listgate, running
from tests.interop.programs import needs
from tests.interop.wiretap import tapped
from tests.mail import mail

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

    from tests.interop.programs import Home

pytestmark = pytest.mark.interop

NAME: Final = "talk"
MESSAGES: Final = 600
PATIENCE: Final = 30

MBSYNC: Final = """
IMAPAccount a
Host 127.0.0.1
Port {port}
User anonymous
Pass me
SSLType None
AuthMechs LOGIN
{more}

IMAPStore far
Account a

MaildirStore near
Path {folder}/
Inbox {folder}/inbox
SubFolders Verbatim

Channel c
Far :far:{name}
Near :near:copy
Create Near
Sync Pull
SyncState *
"""


IMAPFLOW: Final = """
const { ImapFlow } = require('imapflow');
const [port, name] = process.argv.slice(-2);
const client = new ImapFlow({ host: '127.0.0.1', port: +port, secure: false, doSTARTTLS: false,
    auth: { user: 'anonymous', pass: 'me' }, logger: false });
(async () => {
    await client.connect();
    await client.mailboxOpen(name, { readOnly: true });
    for (let i = 0; i < 2; i++)
        for await (const each of client.fetch('1:*', { uid: true, flags: true, envelope: true, bodyStructure: true, size: true }))
            console.log(each.uid, each.envelope.messageId, each.bodyStructure.lineCount);
    const one = await client.fetchOne('300', { source: true });
    console.log('article', one.source.toString().split('\\r\\n\\r\\n')[1].trim());
    await client.logout();
})();
"""


class Stream(Protocol):
    def sendall(self, data: bytes, /) -> None: ...
    def recv(self, size: int, /) -> bytes: ...


class Deflating:
    """A client made of Python's zlib."""

    def __init__(self, connected: Stream) -> None:
        self._connected = connected
        self._deflate = zlib.compressobj(wbits=-15)
        self._inflate = zlib.decompressobj(-15)
        self.octets = 0

    @classmethod
    def over(cls, connected: Stream, begin: bytes) -> Self:
        """Begin to compress."""
        connected.recv(1 << 16)
        connected.sendall(begin)
        assert re.match(rb"206 |\S+ OK ", connected.recv(1 << 16))
        return cls(connected)

    def ask(self, commands: bytes, end: bytes) -> bytes:
        """Return what is said up to an end."""
        self._connected.sendall(
            self._deflate.compress(commands) + self._deflate.flush(zlib.Z_SYNC_FLUSH)
        )
        got = b""
        while not got.endswith(end):
            data = self._connected.recv(1 << 16)
            assert data, "closed"
            self.octets += len(data)
            got += self._inflate.decompress(data)
        return got


@pytest.fixture(scope="module")
def ports(
    tmp_path_factory: pytest.TempPathFactory, certificate: tuple[Path, Path]
) -> Iterator[Mapping[str, int]]:
    """A server of a list with two full pages, with TLS and without."""
    folder = tmp_path_factory.mktemp("compressed")
    path = folder / "talk.mbox"
    mails = [mail(str(n), answers=str(n - 1) if n % 5 else None) for n in range(MESSAGES)]
    path.write_bytes(
        b"".join(as_mboxrd(Exported(n, 1_700_000_000 + n, raw)) for n, raw in enumerate(mails, 1))
    )
    listgate(folder / "archive", "import", NAME, path)
    config = folder / "listgate.toml"
    config.write_text(
        '[nntp]\nlisten = ["127.0.0.1:0", {address = "127.0.0.1:0", tls = "implicit"}]\n'
        '[imap]\nlisten = ["127.0.0.1:0", {address = "127.0.0.1:0", tls = "implicit"}]\n'
        f'[tls]\ncertificate = "{certificate[0]}"\nkey = "{certificate[1]}"\nmode = "optional"\n'
    )
    options = ("--config", config, "--web", "none")
    with running(folder / "archive", *options, ports=4) as found:
        yield found


@contextlib.contextmanager
def connected(port: int, certificate: tuple[Path, Path] | None = None) -> Iterator[Stream]:
    with socket.create_connection(("127.0.0.1", port), timeout=PATIENCE) as plain:
        if certificate is None:
            yield plain
            return
        trusting = ssl.create_default_context(cafile=str(certificate[0]))
        with trusting.wrap_socket(plain, server_hostname="localhost") as secure:
            yield secure


@pytest.mark.parametrize("tls", [False, True])
@pytest.mark.parametrize(
    ("face", "begin", "commands", "end"),
    [
        (
            "nntp",
            b"COMPRESS DEFLATE\r\n",
            b"GROUP talk\r\nOVER 1-\r\nARTICLE 3\r\nOVER 200-520\r\nOVER 1-\r\nSTAT 600\r\n",
            b"223 600 <599@x.example>\r\n",
        ),
        (
            "imap",
            b"c COMPRESS DEFLATE\r\n",
            (
                b"d EXAMINE talk\r\ne FETCH 1:* ALL\r\nf UID FETCH 3 BODY[]\r\ng FETCH 1:* (UID ENVELOPE)\r\n"
                b"h FETCH 200:520 ALL\r\ni FETCH 1:* ALL\r\nj NOOP\r\n"
            ),
            b"j OK NOOP completed\r\n",
        ),
    ],
)
def test_zlib(
    ports: Mapping[str, int],
    certificate: tuple[Path, Path],
    *,
    face: str,
    begin: bytes,
    commands: bytes,
    end: bytes,
    tls: bool,
) -> None:
    port, trusting = (ports[face + "s"], certificate) if tls else (ports[face], None)
    login = b"a LOGIN anonymous me\r\n" if face == "imap" else b"DATE\r\n"
    with connected(port, trusting) as plain:
        plain.recv(1 << 16)
        plain.sendall(login)
        plain.recv(1 << 16)
        plain.sendall(commands)
        wanted = b""
        while not wanted.endswith(end):
            wanted += plain.recv(1 << 16)
    for _ in range(2):  # the second finds what the first had made
        with connected(port, trusting) as compressed:
            compressed.recv(1 << 16)
            compressed.sendall(login)
            client = Deflating.over(compressed, begin)
            assert client.ask(commands, end) == wanted
            assert client.octets < len(wanted) / 8


@needs("mbsync")
def test_mbsync(ports: Mapping[str, int], home: Home) -> None:
    octets = {}
    for how, more in (("plain", "DisableExtension COMPRESS=DEFLATE"), ("deflated", "")):
        folder = home / how
        folder.mkdir()
        with tapped(ports["imap"]) as tap:
            text = MBSYNC.format(port=tap.port, folder=folder, name=NAME, more=more)
            shown = home.run("mbsync", "-c", home.write(f"rc-{how}", text), "c")
            octets[how] = tap.octets
        assert b"Error" not in shown
        copies = [path.read_bytes() for path in folder.glob("copy/*/*") if path.is_file()]
        ids = {re.findall(rb"(?m)^Message-ID: <(\d+)@", each)[0] for each in copies}
        assert len(copies) == MESSAGES
        assert ids == {b"%d" % n for n in range(MESSAGES)}
    assert octets["deflated"] < octets["plain"] / 3


@needs("mutt")
def test_mutt(ports: Mapping[str, int], home: Home) -> None:
    copies = home / "copies"
    given = (
        f'folder="{home.folder}"',
        "imap_deflate=yes",
        'imap_pass="me"',
        "ssl_starttls=no",
        "ssl_force_tls=no",
        "confirmappend=no",
        "confirmcreate=no",
        "wait_key=no",
        "mbox_type=Maildir",
        "quit=yes",
    )
    muttrc = home.write("muttrc", "".join(f"set {each}\n" for each in given))
    keys = f"<tag-pattern>~A<enter><tag-prefix><copy-message>{copies}<enter><quit>"
    with tapped(ports["imap"]) as tap:
        url = f"imap://anonymous@127.0.0.1:{tap.port}/{NAME}"
        home.run_on_terminal("mutt", "-n", "-F", muttrc, "-f", url, "-e", f"push '{keys}'")
        assert any(b"COMPRESS DEFLATE" in line for line in tap.take())
    found = [path.read_bytes() for path in copies.glob("*/*")]
    ids = {re.findall(rb"(?m)^Message-ID: <(\d+)@", each)[0] for each in found}
    assert ids == {b"%d" % n for n in range(MESSAGES)}


@needs("node")
def test_imapflow(ports: Mapping[str, int], home: Home) -> None:
    where = os.environ.get("NODE_PATH", "")
    has = "try { require('imapflow') } catch { console.log('none') }"
    if home.run("node", "-e", has, NODE_PATH=where):
        pytest.skip("this Node.js has no imapflow; NODE_PATH may tell where it is")
    with tapped(ports["imap"]) as tap:
        shown = home.run("node", "-e", IMAPFLOW, str(tap.port), NAME, NODE_PATH=where)
        assert any(b"COMPRESS DEFLATE" in line for line in tap.take())
    subjects = [line for line in shown.decode().splitlines() if line]
    wanted = [f"{n + 1} <{n}@x.example> 1" for n in range(MESSAGES)]
    assert subjects == [*wanted, *wanted, "article Text."]
