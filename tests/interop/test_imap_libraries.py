"""What other programs are made with: imaplib, curl, imapfilter, imapflow; and news as they come."""

from __future__ import annotations

import imaplib
import json
import re
import ssl
import time
from typing import TYPE_CHECKING

import pytest

from tests.interop.mailboxes import GROWING, MAILBOX, PASSWORD, BareMail, add
from tests.interop.news import listgate
from tests.interop.programs import Home, needs

if TYPE_CHECKING:
    from pathlib import Path

    from tests.interop.mailboxes import Mailboxes

pytestmark = pytest.mark.interop

IMAPFILTER = """
options.starttls = false
options.subscribe = false
account = IMAP {{
    server = "{host}", port = {port}, username = "{user}", password = "{password}",
}}
for number, message in ipairs(account["{mailbox}"]:select_all()) do
    mailbox, uid = table.unpack(message)
    file = io.open(tostring(uid), "wb")
    file:write(mailbox[uid]:fetch_message())
    file:close()
end
account["{mailbox}"]:contain_subject("First"):mark_flagged()
"""

IMAPFLOW = """
const { ImapFlow } = require("imapflow");
const [port, user, pass, mailbox] = process.argv.slice(2);

const connect = async () => {
  const client = new ImapFlow({
    host: "127.0.0.1", port: Number(port), secure: false, auth: { user, pass }, logger: false,
    qresync: true, tls: { rejectUnauthorized: false },
  });
  await client.connect();
  return client;
};

(async () => {
  const first = await connect();
  const opened = await first.mailboxOpen(mailbox);
  const messages = {};
  for await (const { uid, source } of first.fetch("1:*", { uid: true, source: true })) {
    messages[uid] = source.toString("latin1");
  }
  const { uidValidity, highestModseq } = opened;
  await first.messageFlagsAdd("7", ["\\\\Flagged"], { uid: true });
  await first.logout();

  const second = await connect();
  const flags = [];
  second.on("flags", ({ uid, flags: set }) => flags.push([uid, [...set]]));
  const again = await second.mailboxOpen(mailbox, { changedSince: highestModseq, uidValidity });
  const changed = [];
  for await (const { uid } of second.fetch("1:*", { flags: true }, { changedSince: highestModseq, uid: true })) {
    changed.push(uid);
  }
  const enabled = [...second.enabled].sort();
  const later = again.highestModseq > highestModseq;
  await second.logout();
  console.log(JSON.stringify({ enabled, messages, flags, changed, later }));
})();
"""


def test_imaplib(mailboxes: Mailboxes, certificate: tuple[Path, Path]) -> None:
    with imaplib.IMAP4("localhost", mailboxes.port) as client:
        client.starttls(_trusting(certificate))
        client.authenticate("PLAIN", lambda _: f"\0{mailboxes.user()}\0{PASSWORD}".encode())
        assert client.select(MAILBOX) == ("OK", [b"%d" % len(mailboxes.messages)])
        assert _fetched(client) == mailboxes.messages
        assert client.store("1:3", "+FLAGS", r"(\Seen)")[0] == "OK"
        assert client.search(None, "SEEN")[1] == [b"1 2 3"]
        assert client.uid("THREAD", "REFERENCES", "UTF-8", 'SUBJECT "First"') == (
            "OK",
            [b"(1 (2)(3 6)(4))"],
        )
        assert client.uid("SORT", "(REVERSE ARRIVAL)", "UTF-8", "UID 1:7") == (
            "OK",
            [b"7 6 4 3 2 1"],
        )


def test_imaplib_anonymously_through_tls(
    mailboxes: Mailboxes, certificate: tuple[Path, Path]
) -> None:
    trusting = _trusting(certificate)
    with imaplib.IMAP4_SSL("localhost", mailboxes.tls_port, ssl_context=trusting) as client:
        client.authenticate("ANONYMOUS", lambda _: b"me@x.example")
        with pytest.raises(client.readonly):
            client.select(MAILBOX)
        client.select(MAILBOX, readonly=True)
        assert _fetched(client) == mailboxes.messages


@needs("curl")
@pytest.mark.parametrize("anonymously", [False, True])
def test_curl(mailboxes: Mailboxes, home: Home, *, anonymously: bool) -> None:
    user = "anonymous" if anonymously else mailboxes.user()
    url = f"imap://127.0.0.1:{mailboxes.port}"
    wanted = (f'url = "{url}/{MAILBOX};UID={uid}"\noutput = "{uid}"' for uid in mailboxes.messages)
    listing = f'url = "{url}/"\noutput = "list"\n'
    options = f'user = "{user}:{PASSWORD}"\nsilent\n'
    config = home.write("curlrc", options + listing + "\n".join(wanted))
    assert home.run("curl", "-K", config) == b""
    saved = {uid: (home / str(uid)).read_bytes() for uid in mailboxes.messages}
    assert saved == mailboxes.messages
    assert MAILBOX in (home / "list").read_text()


@needs("imapfilter")
def test_imapfilter(mailboxes: Mailboxes, home: Home) -> None:
    user = mailboxes.user()
    values = {"host": mailboxes.host, "user": user, "password": PASSWORD, "mailbox": MAILBOX}
    config = home.write("config.lua", IMAPFILTER.format(**values, port=mailboxes.port))
    home.run("imapfilter", "-c", config)
    saved = {uid: (home / str(uid)).read_bytes() for uid in mailboxes.messages}
    assert saved == mailboxes.messages
    with BareMail(mailboxes.port, user) as client:
        client.ask(f"SELECT {MAILBOX}")
        assert client.ask("UID SEARCH FLAGGED") == [b"* SEARCH 1 2 3 4 6\r\n"]


@pytest.fixture(scope="session")
def imapflow(tmp_path_factory: pytest.TempPathFactory) -> Home:
    """A folder with imapflow, from npm's registry."""
    folder = Home(tmp_path_factory.mktemp("npm"))
    quick = ("--no-audit", "--no-fund", "--ignore-scripts", "--fetch-retries=0")
    said = folder.run("npm", "install", *quick, "--fetch-timeout=10000", "imapflow@2")
    if not (folder / "node_modules/imapflow").exists():
        pytest.skip("npm did not install imapflow: " + said.decode(errors="replace")[-200:])
    return folder


@needs("node", "npm")
def test_imapflow_resynchronizes(mailboxes: Mailboxes, imapflow: Home) -> None:
    script = imapflow.write("mirror.js", IMAPFLOW)
    arguments = (str(mailboxes.port), mailboxes.user(), PASSWORD, MAILBOX)
    told = json.loads(imapflow.run("node", script, *arguments))
    fetched = {int(uid): text.encode("latin-1") for uid, text in told["messages"].items()}
    assert fetched == mailboxes.messages
    assert {"CONDSTORE", "QRESYNC"} <= set(told["enabled"])
    assert told["flags"] == [[7, [r"\Flagged"]]]
    assert told["changed"] == [7]
    assert told["later"]


def test_who_idles_hears_of_new_mail_and_of_what_is_removed(
    mailboxes: Mailboxes, tmp_path: Path
) -> None:
    with BareMail(mailboxes.port) as client:
        before = client.ask(f"EXAMINE {GROWING}")
        count = next(int(each.split()[1]) for each in before if each.endswith(b" EXISTS\r\n"))
        tag = client.begin("IDLE")
        assert client.response().startswith(b"+ ")
        add(mailboxes.archive, tmp_path, "newest")
        added = time.monotonic()
        assert client.response() == b"* %d EXISTS\r\n" % (count + 1)
        assert time.monotonic() - added < 2
        listgate(mailboxes.archive, "remove", GROWING, "newest@x.example")
        removed = time.monotonic()
        assert client.response() == b"* %d EXPUNGE\r\n" % (count + 1)
        assert time.monotonic() - removed < 2
        client.send(b"DONE")
        assert client.response() == tag + b" OK IDLE completed\r\n"


def test_who_idles_hears_of_flags_set_elsewhere(mailboxes: Mailboxes) -> None:
    user = mailboxes.user()
    with BareMail(mailboxes.port, user) as idling, BareMail(mailboxes.port, user) as other:
        idling.ask(f"SELECT {MAILBOX}")
        other.ask(f"SELECT {MAILBOX}")
        idling.begin("IDLE")
        assert idling.response().startswith(b"+ ")
        other.ask(r"UID STORE 7 +FLAGS.SILENT (\Seen)")
        assert idling.response() == b"* 6 FETCH (UID 7 FLAGS (\\Seen))\r\n"


def _fetched(client: imaplib.IMAP4) -> dict[int, bytes]:
    """Return the messages of the selected mailbox by UID."""
    parts = client.uid("FETCH", "1:*", "BODY.PEEK[]")[1]
    literals = [part for part in parts if isinstance(part, tuple)]
    uids = [re.findall(rb"UID (\d+)", head)[0] for head, _ in literals]
    return {int(uid): body for uid, (_, body) in zip(uids, literals, strict=True)}


def _trusting(certificate: tuple[Path, Path]) -> ssl.SSLContext:
    return ssl.create_default_context(cafile=str(certificate[0]))
