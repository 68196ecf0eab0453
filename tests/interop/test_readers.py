"""Newsreaders: what they show and save is what the archive serves."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest

from tests.interop.news import GROUP, OTHER, REMOVED
from tests.interop.programs import needs

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    from tests.interop.news import News
    from tests.interop.programs import Home

pytestmark = pytest.mark.interop

GNUS = """
(require 'gnus) (require 'nntp) (require 'gnus-sum) (require 'gnus-start) (require 'gnus-group)
(setq gnus-home-directory default-directory gnus-init-file nil gnus-startup-file "newsrc"
      gnus-read-newsrc-file nil gnus-save-newsrc-file nil gnus-use-dribble-file nil
      gnus-interactive-exit nil gnus-novice-user nil gnus-large-newsgroup nil gnus-agent nil
      gnus-check-new-newsgroups nil gnus-summary-thread-gathering-function #'identity
      gnus-select-method `(nntp "listgate" (nntp-address "127.0.0.1")
                                (nntp-port-number ,(string-to-number (getenv "PORT")))))
(gnus-no-server)
(gnus-group-jump-to-group (getenv "GROUP"))
(gnus-group-read-group t t (getenv "GROUP"))
(dolist (line gnus-newsgroup-data)
  (let ((number (gnus-data-number line)) (coding-system-for-write 'no-conversion))
    (princ (format "article %d %d\\n" number (gnus-data-level line)))
    (gnus-request-article number (getenv "GROUP") (get-buffer-create "article"))
    (with-current-buffer "article"
      (write-region nil nil (number-to-string number) nil 'silent))))
"""

LEVELS = {1: 0, 2: 1, 3: 1, 4: 1, 6: 2, 7: 0, 16: 0, 18: 1, 22: 0, 23: 1, 31: 9, 41: 19}
"""How deep messages lie in their threads; 18 says so only in In-Reply-To."""


@needs("slrn")
def test_slrn_reads_every_article_and_marks_them_read(news: News, home: Home) -> None:
    home.write("newsrc", f"{GROUP}:\n")
    settings = ('hostname "x.example"', 'username "x"', "read_active 0", "confirm_actions 0")
    slrnrc = home.write("slrnrc", "".join(f"set {each}\n" for each in settings))
    slrn = ("slrn", "-n", "-i", slrnrc, "-f", "newsrc", "-h", f"127.0.0.1:{news.port}")
    next_unread = "n" * (len(news.articles) - 1)
    home.run_on_terminal(*slrn, "--debug", "log", keys=f"\r\r{next_unread}qqqy", at="News Groups")
    log = re.sub(rb"(?m)^(?:[>!].*\n|\r?\n|>\r\n\n)|^<", b"", (home / "log").read_bytes())
    for number, article in news.articles.items():
        stuffed = re.sub(rb"(?m)^\.", b"..", article)
        assert b"220 %d " % number in log
        assert stuffed + b".\r\n" in log
    assert (home / "newsrc").read_text() == f"{GROUP}: 1-{max(news.articles)}\n"


@needs("tin")
def test_tin_saves_every_article_once(news: News, home: Home) -> None:
    home.write(".newsrc", f"{GROUP}:\n")
    tin = ("tin", "-g", "127.0.0.1", "-p", str(news.port), "-r", "-Q")
    assert f"{len(news.articles)} unread" in home.run(*tin, "-Z", "-v").decode()
    home.run(*tin, "-S", "-c")
    saved = home.folder.joinpath("News", *GROUP.split("."))
    assert _numbered(saved) == dict(zip(news.articles, news.lf_articles, strict=True))
    for path in saved.iterdir():
        path.unlink()
    assert b"unread" not in home.run(*tin, "-Z", "-v")
    home.run(*tin, "-S", "-c")
    assert _numbered(saved) == {}


@needs("neomutt")
def test_neomutt_copies_every_article(news: News, home: Home) -> None:
    copied = _neomutt(home, f"news://127.0.0.1:{news.port}")
    assert copied == _without_lengths(news.lf_articles)


@needs("neomutt")
def test_neomutt_over_starttls(
    secure_news: News, certificate: tuple[Path, Path], home: Home
) -> None:
    tls = ("ssl_force_tls=yes", "ssl_starttls=yes", f'certificate_file="{certificate[0]}"')
    copied = _neomutt(home, f"news://localhost:{secure_news.port}", *tls)
    assert copied == _without_lengths(secure_news.lf_articles)


@needs("emacs")
def test_gnus_has_every_article_in_its_thread(news: News, home: Home) -> None:
    script = home.write("read.el", GNUS)
    shown = home.run(
        "emacs", "-Q", "--batch", "-l", script, PORT=str(news.port), GROUP=GROUP
    ).decode()
    levels = {
        int(number): int(level) for number, level in re.findall(r"article (\d+) (\d+)", shown)
    }
    assert sorted(levels) == sorted(news.articles)
    assert {number: levels[number] for number in LEVELS} == LEVELS
    assert _numbered(home.folder) == dict(zip(news.articles, news.lf_articles, strict=True))


@needs("mailutil")
def test_c_client_copies_every_article(news: News, home: Home) -> None:
    store = home / "articles.mbx"
    home.run(
        "mailutil", "copy", f"{{127.0.0.1:{news.port}/nntp}}#news.{GROUP}", f"#driver.mbx{store}"
    )
    assert read_mbx(store.read_bytes()) == list(news.articles.values())


@needs("lynx")
def test_lynx_shows_titles_and_an_article(news: News, home: Home) -> None:
    url = f"nntp://127.0.0.1:{news.port}/{GROUP}"
    titles = home.run("lynx", "-dump", "-nolist", f"{url}/1-10").decode()
    assert re.findall(r"\* \[?(.*)", titles)[:6] == [
        '"First" - A <a@x.example>',
        *['"Re: First" - A <a@x.example>'] * 3,
        f"Status (ARTICLE {REMOVED}): 423 no article with that number",
        '"Re: First" - A <a@x.example>',
    ]
    assert ".\n..\n.dot\n...\n\n.\n" in home.run("lynx", "-dump", "-nolist", f"{url}/8").decode()


@needs("w3m")
def test_w3m_shows_titles_and_an_article(news: News, home: Home) -> None:
    url = f"nntp://127.0.0.1:{news.port}/{GROUP}"
    titles = home.run("w3m", "-dump", f"{url}/1-10").decode()
    numbers = [int(number) for number in re.findall(r"(?m)^ *(\d+) +\(01/01\)", titles)]
    assert numbers == [number for number in news.articles if number <= 10]
    body = home.run("w3m", "-dump_source", f"{url}/8")
    assert body.replace(b"\r\n", b"\n") == news.lf_articles[6].partition(b"\n\n")[2]


@needs("getlist")
def test_getlist_shows_the_groups(news: News, home: Home) -> None:
    inn_conf = home.inn_conf()

    def getlist(what: str) -> list[str]:
        getlist = ("getlist", "-h", "127.0.0.1", "-p", str(news.port), what)
        return home.run(*getlist, INNCONF=inn_conf).decode().splitlines()

    assert getlist("active") == [f"{OTHER} 1 1 n", f"{GROUP} {max(news.articles)} 1 n"]
    assert [line.split("\t")[0] for line in getlist("newsgroups")] == [OTHER, GROUP]
    assert getlist("overview.fmt")[0] == "Subject:"


def _numbered(folder: Path) -> dict[int, bytes]:
    """Return the files that are named by numbers."""
    paths = (path for path in folder.glob("[0-9]*") if path.name.isdecimal())
    return {int(path.name): path.read_bytes() for path in paths} if folder.is_dir() else {}


def _neomutt(home: Home, server: str, *settings: str) -> list[bytes]:
    """Let neomutt copy a group to a maildir; return what is there, as ``_without_lengths`` does."""
    home.write("newsrc", f"{GROUP}:\n")
    (home / "cache").mkdir()
    copies = home / "copies"
    given = (
        f'news_server="{server}"',
        f'newsrc="{home / "newsrc"}"',
        f'news_cache_dir="{home / "cache"}"',
        f'folder="{home.folder}"',
        "nntp_context=0",
        "confirmappend=no",
        "confirmcreate=no",
        "wait_key=no",
        "mbox_type=Maildir",
        "catchup_newsgroup=no",
        "quit=yes",
        "ssl_starttls=no",
        *settings,
    )
    neomuttrc = home.write("neomuttrc", "".join(f"set {each}\n" for each in given))
    copy_all = f"<tag-pattern>~A<enter><tag-prefix><copy-message>{copies}<enter><exit><exit>"
    home.run_on_terminal(
        "neomutt", "-n", "-F", neomuttrc, "-f", f"{server}/{GROUP}", "-e", f"push '{copy_all}'"
    )
    return _without_lengths(path.read_bytes() for path in copies.glob("*/*"))


def _without_lengths(articles: Iterable[bytes]) -> list[bytes]:
    """Return articles, ordered, without the fields that neomutt makes anew in a copy."""
    length = re.compile(rb"(?m)^(?:Content-Length|Lines): \d+\n")
    return sorted(length.sub(b"", article) for article in articles)


def read_mbx(store: bytes) -> list[bytes]:
    """Return the messages of a store in c-client's mbx format: a page of head, then each behind its size."""
    messages, at = [], 2048
    while at < len(store):
        end = store.index(b"\r\n", at)
        size = int(store[at:end].partition(b",")[2].partition(b";")[0])
        messages.append(store[end + 2 : end + 2 + size])
        at = end + 2 + size
    return messages
