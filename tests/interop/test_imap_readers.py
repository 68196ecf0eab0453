"""Mail readers: what they show and save is what the archive serves."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest

from tests.interop.mailboxes import MAILBOX, PASSWORD, BareMail
from tests.interop.programs import needs
from tests.interop.test_readers import LEVELS, read_mbx

if TYPE_CHECKING:
    from tests.interop.mailboxes import Mailboxes
    from tests.interop.programs import Home

pytestmark = pytest.mark.interop

NNIMAP = """
(require 'gnus) (require 'nnimap) (require 'gnus-sum) (require 'gnus-start) (require 'gnus-group)
(setq gnus-home-directory default-directory gnus-init-file nil gnus-startup-file "newsrc"
      gnus-read-newsrc-file nil gnus-save-newsrc-file nil gnus-use-dribble-file nil
      gnus-interactive-exit nil gnus-novice-user nil gnus-large-newsgroup nil gnus-agent nil
      gnus-check-new-newsgroups nil gnus-summary-thread-gathering-function #'identity
      auth-sources '("authinfo") network-security-level 'low nsm-settings-file "nsm"
      gnus-select-method `(nnimap "listgate" (nnimap-address "127.0.0.1") (nnimap-stream network)
                                  (nnimap-authenticator ,(intern (getenv "HOW")))
                                  (nnimap-server-port ,(string-to-number (getenv "PORT")))))
(gnus-no-server)
(gnus-group-unsubscribe-group (getenv "MAILBOX"))
(gnus-group-get-new-news)
(gnus-group-read-group t t (getenv "MAILBOX"))
(dolist (line gnus-newsgroup-data)
  (let ((number (gnus-data-number line)) (coding-system-for-write 'no-conversion))
    (princ (format "article %d %d\\n" number (gnus-data-level line)))
    (with-current-buffer (get-buffer-create "article")
      (erase-buffer)
      (gnus-request-article number (getenv "MAILBOX") (current-buffer))
      (write-region nil nil (number-to-string number) nil 'silent))))
(gnus-summary-goto-article 7)
(gnus-summary-mark-as-read 7)
(gnus-summary-exit)
(gnus-group-get-new-news)
"""

MUTTS = ("mutt", "neomutt")

LENGTHS = re.compile(rb"(?m)^(?:Content-Length|Lines|Status): .*\n")
"""Fields that mutt and neomutt make anew in a copy."""


@pytest.mark.parametrize("reader", [pytest.param(name, marks=needs(name)) for name in MUTTS])
def test_mutt_copies_every_message(mailboxes: Mailboxes, home: Home, reader: str) -> None:
    user = mailboxes.user()
    url = f"imap://{user}@127.0.0.1:{mailboxes.port}/{MAILBOX}"
    copies = home / "copies"
    given = (
        f'imap_pass="{PASSWORD}"',
        f'folder="{home.folder}"',
        f'header_cache="{home / "headers"}"',
        "confirmappend=no",
        "confirmcreate=no",
        "wait_key=no",
        "mbox_type=Maildir",
        "quit=yes",
        "sort=mailbox-order",
        "mark_old=no",
        "ssl_starttls=no",
        "ssl_force_tls=no",
    )
    muttrc = home.write("muttrc", "".join(f"set {each}\n" for each in given))
    keys = f"<tag-pattern>~A<enter><tag-prefix><copy-message>{copies}<enter>"
    keys += "<untag-pattern>~A<enter>7<enter><flag-message><quit>"
    home.run_on_terminal(reader, "-n", "-F", muttrc, "-f", url, "-e", f"push '{keys}'")
    copied = sorted(LENGTHS.sub(b"", path.read_bytes()) for path in copies.glob("*/*"))
    assert copied == sorted(LENGTHS.sub(b"", each) for each in mailboxes.lf_messages)
    with BareMail(mailboxes.port, user) as client:
        client.ask(f"SELECT {MAILBOX}")
        assert client.ask("SEARCH FLAGGED") == [b"* SEARCH 7\r\n"]


@needs("emacs")
@pytest.mark.parametrize("how", ["login", "anonymous"])
def test_gnus_has_every_message_in_its_thread(mailboxes: Mailboxes, home: Home, how: str) -> None:
    user = mailboxes.user()
    home.write("authinfo", f'machine listgate login {user} password "{PASSWORD}"\n')
    script = home.write("read.el", NNIMAP)
    variables = {"PORT": str(mailboxes.port), "MAILBOX": MAILBOX, "HOW": how}
    shown = home.run("emacs", "-Q", "--batch", "-l", script, **variables).decode()
    levels = {
        int(number): int(level) for number, level in re.findall(r"article (\d+) (\d+)", shown)
    }
    assert sorted(levels) == sorted(mailboxes.messages), shown
    assert {number: levels[number] for number in LEVELS} == LEVELS
    saved = {number: (home / str(number)).read_bytes() for number in mailboxes.messages}
    assert sorted(saved.values()) == mailboxes.lf_messages
    if how == "login":
        with BareMail(mailboxes.port, user) as client:
            client.ask(f"SELECT {MAILBOX}")
            assert client.flags(7) == {rb"\Seen"}


@needs("alpine")
def test_alpine_shows_threads(mailboxes: Mailboxes, home: Home) -> None:
    settings = ("user-domain=x.example", "last-version-used=9.99")
    features = "feature-list=quit-without-confirm"
    home.write(".pinerc", "".join(f"{each}\n" for each in (*settings, features)))
    where = f"{{127.0.0.1:{mailboxes.port}/novalidate-cert/user={mailboxes.user()}}}{MAILBOX}"
    count = f" of {len(mailboxes.messages)}"
    answers = [("PASSWORD", f"{PASSWORD}\r"), ("Preserve", "n"), (count, "q")]
    shown = home.converse(
        "alpine", "-i", "-n1", "-o", "-sort", "thread", "-f", where, answers=answers
    )
    assert re.search(rf"Message +1{count} ", shown)
    drawn = re.findall(r" N +(\d+) .*?\) (.*?)Re: First", shown)
    assert {int(at): lines for at, lines in drawn} == {
        2: "  |-",
        3: ". |-",
        4: "  | \\-",
        5: "  \\-",
    }


@needs("mailutil")
@pytest.mark.parametrize("anonymously", [False, True])
def test_c_client_copies_every_message(
    mailboxes: Mailboxes, home: Home, *, anonymously: bool
) -> None:
    who = "anonymous" if anonymously else f"user={mailboxes.user()}"
    store = home / "messages.mbx"
    source = f"{{127.0.0.1:{mailboxes.port}/imap/notls/{who}}}{MAILBOX}"
    answers = [] if anonymously else [("password:", f"{PASSWORD}\r")]
    home.converse("mailutil", "copy", source, f"#driver.mbx{store}", answers=answers)
    assert read_mbx(store.read_bytes()) == list(mailboxes.messages.values())
