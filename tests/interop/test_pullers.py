"""Programs that mirror a whole list: every message as the archive serves it, and the second time none is moved.

The list has damaged mail of every kind, and numbers that nothing has any more. What a program says is listened to: the
second time it asks for no message at all.
"""

from __future__ import annotations

import os
import re
import shutil
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final

import pytest

from gateway.nntp.render import prefix
from storage.export import Exported, as_mboxrd
from storage.sqlite import SqliteArchive
from tests.interop.news import listgate, running
from tests.interop.programs import needs
from tests.interop.wiretap import Wiretap, tapped
from tests.mail import done, mail
from tests.synthetic import Generator, Options

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from tests.interop.programs import Home

pytestmark = pytest.mark.interop

NAME: Final = "pulled.list"
HOST: Final = b"news.x.example"
MESSAGES: Final = 400
REMOVED: Final = (1, 7, 8, 200)

ODD: Final = (
    b"From: B <b@x.example>\nMessage-ID: \n <late@x.example>\nSubject:\n Late\nDate: \n 1 Jan 2020 12:00:00 +0000\n\nText.\n",
    mail("empty-fields", "X-Empty:", "In-Reply-To: "),
    b"From: B <b@x.example>\nMessage-ID: <bare@x.example>\nDate: Wed, 1 Jan 2020 12:00:00 +0000\n\nNo subject.\n",
)
"""What came in the way of programs: fields that begin on their second line, empty ones, and none where there must be one."""

_FETCHES: Final = re.compile(
    rb"(?:ARTICLE|HEAD|BODY)\b|\w+ (?:UID )?FETCH .*(?:BODY(?:\.PEEK)?\[|RFC822\b)"
)
"""What asks for a message, or a part of one."""

FETCHNEWS: Final = os.environ.get("FETCHNEWS", "fetchnews")
"""leafnode's program: its package cannot be installed beside INN's, but be unpacked and named here."""


@dataclass(frozen=True, slots=True)
class Pulled:
    """A list that is served as news and as mail, each with somebody listening; ``served`` is by number."""

    news: Wiretap
    mail: Wiretap
    served: Mapping[int, bytes]

    @property
    def articles(self) -> list[bytes]:
        """What a newsreader has that keeps line ends as its system does."""
        return [_lf(prefix(HOST, NAME, n, ()) + each) for n, each in self.served.items()]

    @property
    def messages(self) -> list[bytes]:
        """What a mail program has that keeps line ends as its system does, ordered."""
        return sorted(map(_lf, self.served.values()))


@pytest.fixture(scope="module")
def pulled(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Pulled]:
    """The list."""
    folder = tmp_path_factory.mktemp("pulled")
    archive, source, config = folder / "archive", folder / "mbox", folder / "listgate.toml"
    with source.open("wb") as file:
        Generator(Options(messages=MESSAGES, lists=1, defects=10.0)).run([file.write], None)
        for raw in ODD:
            file.write(as_mboxrd(Exported(1, 1_600_000_000, raw)))
    listgate(archive, "import", NAME, source)
    with closing(SqliteArchive(archive)) as opened:
        for number in REMOVED:
            own = done(opened.entry(NAME, number)).message_id.decode()
            listgate(archive, "remove", NAME, own)
        opened.refresh()
        record = opened.mailing_list(NAME)
        numbers = [n for run in record.present(1, record.high) for n in run]
        served = {n: done(opened.served(NAME, n)).octets for n in numbers}
    config.write_text(f'[server]\nhost = "{HOST.decode()}"\n')
    faces = ("--nntp", "127.0.0.1:0", "--imap", "127.0.0.1:0", "--web", "none")
    with (
        running(archive, "--config", config, *faces, ports=2) as ports,
        tapped(ports["nntp"]) as news,
        tapped(ports["imap"]) as mailboxes,
    ):
        yield Pulled(news, mailboxes, served)


def asked(tap: Wiretap) -> int:
    """Return how many messages were asked for since the last time."""
    return sum(bool(_FETCHES.match(line)) for line in tap.take())


@needs("slrnpull")
def test_slrnpull(pulled: Pulled, home: Home) -> None:
    home.write("spool/slrnpull.conf", f"{NAME} 0 0 0\n")
    spooled = home.folder.joinpath("spool", "news", *NAME.split("."))

    def pull() -> int:
        home.run(
            *("slrnpull", "-d", "spool", "-h", f"127.0.0.1:{pulled.news.port}", "--no-post"),
            *("--logfile", "log"),
        )
        return asked(pulled.news)

    def copies() -> dict[int, bytes]:
        return {int(path.name): path.read_bytes() for path in spooled.glob("[0-9]*")}

    expected = dict(zip(pulled.served, pulled.articles, strict=True))
    assert pull() >= len(expected)
    assert copies() == expected
    assert pull() == 0
    assert copies() == expected


@needs("suck")
def test_suck(pulled: Pulled, home: Home) -> None:
    home.write("sucknewsrc", f"{NAME} 0\n")
    (home / "fetched").mkdir()

    def pull(batch: str) -> int:
        home.run(
            *("suck", "127.0.0.1", "-N", str(pulled.news.port), "-dd", ".", "-dt", "."),
            *("-dm", "fetched", "-c", "-H", "-q", "-br", batch),
        )
        return asked(pulled.news)

    assert pull("batch") == len(pulled.served)
    assert sorted(_batch(home / "batch")) == sorted(pulled.articles)
    assert pull("again") == 0
    assert _batch(home / "again") == []


@needs("pullnews")
def test_pullnews(pulled: Pulled, home: Home) -> None:
    inn_conf = home.inn_conf()
    marks = home.write("marks", f"127.0.0.1:{pulled.news.port}\n\t{NAME} 0 0\n")

    def pull(batch: str) -> int:
        home.run("pullnews", "-c", marks, "-r", home / batch, INNCONF=inn_conf)
        return asked(pulled.news)

    assert pull("batch") >= len(pulled.served)
    assert _batch(home / "batch") == pulled.articles
    assert pull("again") == 0
    assert _batch(home / "again") == []


@needs(FETCHNEWS, "unshare", "setpriv")
@pytest.mark.skipif(os.geteuid() != 0, reason="needs root, to give it folders of its own")
def test_fetchnews(pulled: Pulled, home: Home) -> None:
    spooled = home.folder.joinpath("spool", *NAME.split("."))
    command = _leafnode(home, pulled.news.port)

    def pull() -> int:
        home.run(*command)
        return asked(pulled.news)

    def copies() -> list[bytes]:
        paths = sorted(spooled.glob("[0-9]*"), key=lambda path: int(path.name))
        return [path.read_bytes() for path in paths]

    pull()  # learns which groups there are
    (home / "spool/interesting.groups" / NAME).touch()
    assert pull() >= len(pulled.served)
    kept = copies()
    expected = [each for each in pulled.articles if _is_complete(each)]
    assert len(expected) > MESSAGES * 0.95
    assert list(map(_in_any_order, kept)) == list(map(_in_any_order, expected))
    assert pull() == 0
    assert copies() == kept


@needs("mbsync")
def test_mbsync(pulled: Pulled, home: Home) -> None:
    rc = home.write("rc", MBSYNC.format(port=pulled.mail.port, folder=home.folder))

    def pull() -> int:
        assert b"Error" not in home.run("mbsync", "-c", rc, "c")
        return asked(pulled.mail)

    assert pull() > 0
    assert _maildir(home / "copy", b"X-TUID") == pulled.messages
    assert pull() == 0
    assert _maildir(home / "copy", b"X-TUID") == pulled.messages


@needs("offlineimap")
def test_offlineimap(pulled: Pulled, home: Home) -> None:
    rc = home.write("rc", OFFLINEIMAP.format(port=pulled.mail.port, folder=home.folder))

    def pull() -> int:
        assert b"ERROR" not in home.run("offlineimap", "-o", "-c", rc)
        return asked(pulled.mail)

    assert pull() > 0
    expected = sorted(map(_spaced, pulled.messages))
    assert sorted(map(_spaced, _maildir(home / "copies" / NAME, b"X-OfflineIMAP"))) == expected
    assert pull() == 0
    assert sorted(map(_spaced, _maildir(home / "copies" / NAME, b"X-OfflineIMAP"))) == expected


MBSYNC: Final = """
IMAPAccount a
Host 127.0.0.1
Port {port}
User anonymous
Pass me
SSLType None
AuthMechs LOGIN
DisableExtension COMPRESS=DEFLATE

IMAPStore far
Account a

MaildirStore near
Path {folder}/
Inbox {folder}/inbox
SubFolders Verbatim

Channel c
Far ":far:pulled/list"
Near :near:copy
Sync Pull
Create Near
Expunge None
SyncState *
"""

OFFLINEIMAP: Final = """
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
readonly = True
remotehost = 127.0.0.1
remoteport = {port}
remoteuser = anonymous
remotepass = me
ssl = no
starttls = no
folderfilter = lambda name: name == 'pulled.list'
"""


def _leafnode(home: Home, port: int) -> Sequence[str]:
    """Prepare folders for leafnode's program, which knows only the system's; return how it is run with these instead."""
    home.write(
        "etc/leafnode/config",
        f"hostname = leaf.listgate-test.org\nserver = 127.0.0.1\nport = {port}\nexpire = 20000\nmaxage = 20000\n",
    )
    folders = ["failed.postings", "interesting.groups", "leaf.node", "out.going", "temp.files"]
    for name in [*folders, *(f"message.id/{n:03}" for n in range(1000))]:
        (home / "spool" / name).mkdir(parents=True)
    for path in (home.folder, *home.folder.rglob("*")):
        shutil.chown(path, "news", "news")
    for path in (home.folder, *home.folder.parents):
        if path.stat().st_uid == os.geteuid() and not path.stat().st_mode & 0o001:
            path.chmod(path.stat().st_mode | 0o011)  # the program runs as another user
    script = (
        f"mount --bind {home / 'etc'} /etc/news && mount --bind {home / 'spool'} /var/spool/news && "
        f"exec setpriv --reuid=news --regid=news --init-groups {FETCHNEWS} -vv -n -w"
    )
    return ("unshare", "--mount", "sh", "-c", script)


def _lf(octets: bytes) -> bytes:
    return octets.replace(b"\r\n", b"\n")


def _batch(path: Path) -> list[bytes]:
    """Return the articles of a batch for rnews, in order; none where no batch was written."""
    batch, articles, at = path.read_bytes() if path.exists() else b"", [], 0
    while line := re.compile(rb"#! rnews (\d+)\n").match(batch, at):
        at = line.end() + int(line[1])
        articles.append(batch[line.end() : at])
    assert at == len(batch)
    return articles


def _maildir(folder: Path, own: bytes) -> list[bytes]:
    """Return the messages of a maildir, ordered, without the field that the program adds."""
    field = re.compile(rb"(?m)^%b: .*\n" % own)
    paths = [*(folder / "cur").iterdir(), *(folder / "new").iterdir()]
    return sorted(field.sub(b"", path.read_bytes(), count=1) for path in paths)


def _spaced(message: bytes) -> bytes:
    """Return a message with a space behind the colon of its empty fields, as offlineimap writes them."""
    head, end, body = message.partition(b"\n\n")
    return re.sub(rb"(?m)^([!-9;-~]+):$", rb"\1: ", head) + end + body


def _is_complete(article: bytes) -> bool:
    """Tell whether an article has what news must have (RFC 5536 s. 3.1): leafnode drops what has not."""
    head = article.partition(b"\n\n")[0]
    return all(re.search(rb"(?mi)^%b: *\S" % name, head) for name in (b"Date", b"From", b"Subject"))


def _in_any_order(article: bytes) -> tuple[list[bytes], bytes]:
    """Return an article's fields, ordered, without Xref, which every server writes itself; and its body."""
    head, _, body = article.partition(b"\n\n")
    fields = re.split(rb"\n(?![ \t])", head)
    return sorted(each for each in fields if not each.startswith(b"Xref:")), body
