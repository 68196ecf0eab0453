"""Public-inboxes of both versions: what they give, from where they go on, what they survive."""

from __future__ import annotations

import logging
import os
import subprocess
import zlib
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from storage.errors import SourceError
from storage.sources import expand, gitprogram, open_source
from storage.sources.base import Incoming, Rejected, Withdrawn
from tests.mail import fill, take
from tests.repositories import NEEDS_GIT, WHEN, added, git, grown, loose
from tests.sources.mboxes import mbox, message

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from storage.sources import Source
    from storage.sources.base import Item
    from tests.mail import Engine

pytestmark = NEEDS_GIT

RAWS = tuple(message(number) for number in range(1, 8))


def given(source: Source, after: bytes = b"") -> list[Item]:
    return list(source.messages(after))


def told(items: Sequence[Item]) -> list[tuple[str, bytes]]:
    """Return what was given: ``+`` for a message, ``-`` for one that was taken back, ``?`` for one refused."""
    signs = {Incoming: "+", Withdrawn: "-", Rejected: "?"}
    return [(signs[type(each)], getattr(each, "raw", b"")) for each in items]


def plus(*raws: bytes) -> list[tuple[str, bytes]]:
    return [("+", raw) for raw in raws]


def without_progress(item: Item) -> Item:
    return replace(item, progress=0)


def test_messages_come_in_the_order_of_commits_with_their_times(tmp_path: Path) -> None:
    path = grown(tmp_path / "list.git", *added(*RAWS))
    source = open_source(str(path))
    items = given(source)
    assert told(items) == plus(*RAWS)
    assert [each.received for each in items if isinstance(each, Incoming)] == [
        WHEN + 60 * at for at in range(len(RAWS))
    ]
    commits = git(path, "rev-list", "--reverse", "HEAD").split()
    assert [each.position for each in items] == [f"{path} {commit}" for commit in commits]
    assert source.name == str(path)


def test_a_deletion_takes_a_message_back(tmp_path: Path) -> None:
    path = grown(
        tmp_path / "list.git", {"m": RAWS[0]}, {"m": RAWS[1]}, {"d": RAWS[0]}, {"m": RAWS[2]}
    )
    assert told(given(open_source(str(path)))) == [
        *plus(RAWS[0], RAWS[1]),
        ("-", RAWS[0]),
        *plus(RAWS[2]),
    ]


def test_every_cursor_goes_on_behind_its_item(tmp_path: Path) -> None:
    grown(tmp_path / "l/git/0.git", *added(*RAWS[:3]), {"d": RAWS[1]}, {"other": b"no mail"})
    grown(tmp_path / "l/git/1.git", {"README": b"no mail"}, *added(*RAWS[3:5]))
    source = open_source(str(tmp_path / "l"))
    items = given(source)
    assert len(items) == 6
    for at, each in enumerate(items):
        assert len(each.cursor) < 400
        more = given(source, each.cursor)
        assert [without_progress(one) for one in more] == [
            without_progress(one) for one in items[at + 1 :]
        ]
        assert [one.progress for one in more] == sorted(one.progress for one in more)
        assert not more or more[-1].progress == source.size
        assert source.changed(each.cursor) == (at < 5)
    assert source.changed(b"")
    assert [each.progress for each in items] == sorted(each.progress for each in items)
    assert items[-1].progress == source.size


def test_a_commit_of_many_files_is_given_again_as_a_whole(tmp_path: Path) -> None:
    files: dict[str, bytes | None] = {f"{n:02x}/{n:038x}": RAWS[n] for n in range(3)}
    path = grown(
        tmp_path / "v1",
        {"00/" + "e" * 38: RAWS[3]},
        files,
        {"ff/" + "f" * 38: RAWS[4]},
        fresh=False,
    )
    source = open_source(str(path))
    items = given(source)
    at = [each.raw for each in items if isinstance(each, Incoming)].index(RAWS[1])
    again = [raw for _, raw in told(given(source, items[at].cursor))]
    assert RAWS[0] in again
    assert RAWS[2] in again
    assert RAWS[3] not in again


def test_epochs_come_in_the_order_of_their_numbers(tmp_path: Path) -> None:
    for number in (10, 2, 0):
        grown(tmp_path / f"lists/man/git/{number}.git", *added(message(number + 1)))
    inbox = tmp_path / "lists/man"
    grown(inbox / "all.git")
    (inbox / "git/3.git").mkdir()  # being made
    (inbox / "git/nonsense").mkdir()
    expected = plus(message(1), message(3), message(11))
    for path in (inbox, inbox / "git", inbox / "all.git"):
        source = open_source(str(path))
        assert told(given(source)) == expected
        assert source.name == str(inbox)
        assert source.suggested_name() == "man"
    alone = open_source(str(inbox / "git/2.git"))
    assert told(given(alone)) == plus(message(3))
    assert alone.suggested_name() == "man"


def test_what_grows_is_followed_into_the_next_epoch(tmp_path: Path) -> None:
    inbox = tmp_path / "l"
    grown(inbox / "git/0.git", *added(*RAWS[:2]))
    source = open_source(str(inbox))
    cursor = given(source)[-1].cursor
    assert not source.changed(cursor)
    grown(inbox / "git/0.git", *added(RAWS[2]))
    assert source.changed(cursor)
    assert told(given(source, cursor)) == plus(RAWS[2])
    grown(inbox / "git/1.git", *added(RAWS[3]))
    more = given(source, cursor)
    assert told(more) == plus(RAWS[2], RAWS[3])
    assert not source.changed(more[-1].cursor)
    assert not given(source, more[-1].cursor)


def test_whether_it_changed_is_told_without_a_process(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = grown(tmp_path / "list.git", *added(RAWS[0]))
    source = open_source(str(path))
    cursor = given(source)[-1].cursor
    git(path, "pack-refs", "--all")
    assert not (path / "refs/heads/master").exists()
    with monkeypatch.context() as patch:
        patch.setattr(subprocess, "Popen", None)
        assert not source.changed(cursor)
    grown(path, *added(RAWS[1]))
    git(path, "pack-refs", "--all")
    with monkeypatch.context() as patch:
        patch.setattr(subprocess, "Popen", None)
        assert source.changed(cursor)


def test_version_1_is_read_from_what_happens_to_files(tmp_path: Path) -> None:
    path = tmp_path / "v1.git"
    a, b = "0a/" + "1" * 38, "0b/" + "2" * 38
    grown(
        path,
        {a: RAWS[0]},
        {b: RAWS[1]},
        {a: None},
        {b: RAWS[2]},
        {"ff/short": RAWS[3]},
        fresh=False,
    )
    assert told(given(open_source(str(path)))) == [
        *plus(RAWS[0], RAWS[1]),
        ("-", RAWS[0]),
        *plus(RAWS[2]),
    ]


def test_a_work_tree_is_its_repository(tmp_path: Path) -> None:
    grown(tmp_path / "bare", *added(*RAWS[:2]))
    git(tmp_path, "clone", "--quiet", "bare", "man")
    for path in ("man", "man/.git"):
        source = open_source(str(tmp_path / path))
        assert told(given(source)) == plus(*RAWS[:2])
        assert source.suggested_name() == "man"


def test_merged_lines_of_history_are_followed_along_the_first_parent(tmp_path: Path) -> None:
    path = grown(tmp_path / "list.git", *added(RAWS[0]))
    side = git(path, "commit-tree", "HEAD^{tree}", "-p", "HEAD").strip()
    grown(path, *added(RAWS[1]))
    merge = git(path, "commit-tree", "HEAD^{tree}", "-p", "HEAD", "-p", side).strip()
    git(path, "update-ref", "HEAD", merge)
    grown(path, *added(RAWS[2]))
    assert told(given(open_source(str(path)))) == plus(*RAWS[:3])


def test_rewritten_history_is_told_of_and_read_again(
    tmp_path: Path, engine: Engine, caplog: pytest.LogCaptureFixture
) -> None:
    path = grown(tmp_path / "list.git", *added(*RAWS[:3]))
    writer = engine.writer()
    assert take(writer, "l", open_source(str(path))).added == 3
    path.rename(tmp_path / "old")
    grown(path, {"m": RAWS[0]}, {}, {"m": RAWS[2]}, {"m": RAWS[3]})  # the second was purged
    source = open_source(str(path))
    assert source.changed(writer.cursor("l", source.name))
    with caplog.at_level(logging.WARNING):
        summary = take(writer, "l", source)
    assert (summary.added, summary.duplicates, summary.withdrawn) == (1, 2, 0)
    assert str(path) in caplog.text
    assert "listgate remove" in caplog.text
    assert not source.changed(writer.cursor("l", source.name))
    caplog.clear()
    assert take(writer, "l", source).read == 0
    assert not caplog.records


def test_another_end_of_an_earlier_epoch_is_rewritten_history(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    for number in range(2):
        grown(tmp_path / f"l/git/{number}.git", *added(RAWS[number]))
    source = open_source(str(tmp_path / "l"))
    cursor = given(source)[-1].cursor
    grown(tmp_path / "l/git/0.git", *added(RAWS[2]))
    assert source.changed(cursor)
    assert told(given(source, cursor)) == plus(RAWS[0], RAWS[2], RAWS[1])
    assert "reading all of it again" in caplog.text


def test_a_deletion_leaves_a_tombstone_that_a_later_reading_respects(
    tmp_path: Path, engine: Engine
) -> None:
    path = grown(tmp_path / "list.git", *added(*RAWS[:2]), {"d": RAWS[0]})
    writer = engine.writer()
    summary = take(writer, "l", open_source(str(path)))
    assert (summary.added, summary.withdrawn) == (2, 1)
    assert fill(writer, "l", RAWS[:2]).withheld == 1
    record = engine.archive().mailing_list("l")
    assert (record.count, record.low, record.high) == (1, 2, 2)


def test_a_missing_blob_is_named_and_the_rest_goes_on(tmp_path: Path) -> None:
    path = grown(tmp_path / "list.git", *added(*RAWS), {"d": RAWS[2]})
    loose(path, RAWS[2]).unlink()
    items = given(open_source(str(path)))
    assert told(items) == [*plus(*RAWS[:2]), ("?", b""), *plus(*RAWS[3:]), ("?", b"")]
    lost = items[2]
    assert isinstance(lost, Rejected)
    assert "missing" in lost.why
    assert lost.position == f"{path} {git(path, 'rev-list', 'HEAD', '--reverse').split()[2]}"


DAMAGED = (
    b"garbage",
    b"",
    zlib.compress(b"blob 50000\0" + RAWS[0] * 999)[:-8],  # git dies of it
    zlib.compress(b"blub 5\0short"),
    zlib.compress(b"blob 1\0longer than it says"),
    zlib.compress(b"blob 18\0another than it is"[:26]),
)


@pytest.mark.parametrize("octets", DAMAGED)
def test_a_damaged_blob_is_named_and_the_rest_goes_on(tmp_path: Path, octets: bytes) -> None:
    path = grown(tmp_path / "list.git", *added(*RAWS))
    for raw in (RAWS[0], RAWS[3], RAWS[4]):
        damage(path, raw, octets)
    assert told(given(open_source(str(path)))) == [
        *[("?", b""), *plus(*RAWS[1:3])],
        *[("?", b""), ("?", b""), *plus(*RAWS[5:])],
    ]


@pytest.mark.parametrize("at", [0, 3, 6])
def test_a_blob_that_lies_about_its_size_is_not_waited_for(
    tmp_path: Path, at: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("storage.sources.gitblobs.PATIENCE", 0.2)
    path = grown(tmp_path / "list.git", *added(*RAWS))
    damage(path, RAWS[at], zlib.compress(b"blob 100000\0short"))
    assert told(given(open_source(str(path)))) == [
        *plus(*RAWS[:at]),
        ("?", b""),
        *plus(*RAWS[at + 1 :]),
    ]


def damage(path: Path, raw: bytes, octets: bytes) -> None:
    """Put something else in a message's place."""
    loose(path, raw).chmod(0o600)
    loose(path, raw).write_bytes(octets)


def test_what_is_too_large_or_no_message_is_named(tmp_path: Path) -> None:
    large = message(9, body=b"x" * 5000)
    path = grown(tmp_path / "list.git", *added(RAWS[0], large, b"", b"just text\n", large, RAWS[1]))
    items = given(open_source(str(path), max_message=1000))
    assert told(items) == [
        *plus(RAWS[0]),
        *[("?", b"")] * 4,
        *plus(RAWS[1]),
    ]


def test_many_large_messages_do_not_fill_a_pipe(tmp_path: Path) -> None:
    raws = [message(number, body=b"%d" % number * 50_000) for number in range(10, 210)]
    path = grown(tmp_path / "list.git", *added(*raws))
    assert told(given(open_source(str(path)))) == plus(*raws)


def test_other_files_links_and_long_names_are_passed_over(tmp_path: Path) -> None:
    path = grown(
        tmp_path / "list.git",
        {"m": RAWS[0], "x" * 200 + "/" + "/".join(["y" * 200] * 19): b"-", "n\\nm": RAWS[5]},
        {"m": RAWS[1], "d/m": RAWS[5], '\\"m': RAWS[5], "M": RAWS[5]},
    )
    link = git(path, "hash-object", "-w", "--stdin", octets=b"/etc/passwd").strip()
    tree = git(path, "mktree", octets=f"120000 blob {link}\tm\n".encode()).strip()
    commit = git(path, "commit-tree", tree, "-p", "HEAD").strip()
    module = git(
        path, "mktree", "--missing", octets=f"160000 commit {commit}\td\n".encode()
    ).strip()
    commit = git(path, "commit-tree", module, "-p", commit).strip()
    git(path, "update-ref", "HEAD", commit)
    grown(path, *added(RAWS[2]))
    assert told(given(open_source(str(path)))) == plus(*RAWS[:3])


def test_a_shallow_clone_gives_what_it_has(tmp_path: Path) -> None:
    grown(tmp_path / "whole", *added(*RAWS[:4]))
    git(tmp_path, "clone", "--quiet", "--bare", "--depth=2", f"file://{tmp_path}/whole", "part.git")
    assert told(given(open_source(str(tmp_path / "part.git")))) == plus(*RAWS[2:4])


def test_object_names_may_be_of_sha256(tmp_path: Path) -> None:
    path = tmp_path / "list.git"
    path.mkdir()
    git(path, "init", "--quiet", "--bare", "--initial-branch=master", "--object-format=sha256")
    grown(path, *added(*RAWS[:2]))
    items = given(open_source(str(path)))
    assert told(items) == plus(*RAWS[:2])
    assert len(items[-1].cursor) < 400


def test_a_broken_history_is_one_error(tmp_path: Path) -> None:
    path = grown(tmp_path / "list.git", *added(*RAWS[:3]))
    source = open_source(str(path))
    commit = git(path, "rev-parse", "HEAD~1").strip()
    (path / "objects" / commit[:2] / commit[2:]).unlink()
    with pytest.raises(SourceError, match="git fsck") as refused:
        given(source)
    assert str(path) in str(refused.value)
    assert "\n" not in str(refused.value)


def test_git_that_keeps_dying_is_one_error(tmp_path: Path) -> None:
    raws = [message(number) for number in range(60)]
    path = tmp_path / "list.git"
    for at in (0, 30):  # few at a time, so that they lie in files of their own
        grown(path, *added(*raws[at : at + 30]))
    for raw in raws:
        damage(path, raw, DAMAGED[2])
    with pytest.raises(SourceError, match=r"git ended .* run 'git fsck'"):
        given(open_source(str(path)))


def test_without_git_the_error_names_the_remedy(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = grown(tmp_path / "lists/list.git", *added(*RAWS[:3]))
    (tmp_path / "lists/a.mbox").write_bytes(mbox(RAWS[5]))
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(SourceError, match="install git") as refused:
        open_source(str(path))
    assert str(path) in str(refused.value)
    mboxes, inbox = expand(str(tmp_path / "lists"))
    assert told(given(mboxes)) == plus(RAWS[5])
    with pytest.raises(SourceError, match="install git"):
        given(inbox)


def test_every_process_has_ended_when_the_reader_has_enough(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    started = []

    def start(*arguments: object) -> subprocess.Popen[bytes]:
        started.append(real(*arguments))  # type: ignore[arg-type]
        return started[-1]

    real = gitprogram.start
    for module in ("gitprogram", "gitblobs"):
        monkeypatch.setattr(f"storage.sources.{module}.start", start)
    source = open_source(str(grown(tmp_path / "list.git", *added(*RAWS))))
    items = source.messages(b"")
    next(items)
    assert any(each.poll() is None for each in started)
    items.close()  # type: ignore[attr-defined]
    assert started
    assert all(each.returncode is not None for each in started)
    assert all(each.stdout is not None and each.stdout.closed for each in started)


def test_nothing_that_a_repository_configures_is_run(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    canary = tmp_path / "canary"
    trap = tmp_path / "trap"
    trap.write_text(f"#!/bin/sh\ntouch {canary}\ncat\n")
    trap.chmod(0o700)
    path = grown(tmp_path / "list.git", *added(*RAWS[:3]))
    for key in (
        *("core.fsmonitor", "core.pager", "pager.log", "core.alternateRefsCommand", "gpg.program"),
        *("core.sshCommand", "diff.external", "core.editor", "diff.x.textconv", "filter.x.smudge"),
    ):
        git(path, "config", key, str(trap))
    for key, value in (
        *(("log.showSignature", "true"), ("extensions.partialClone", "origin")),
        *(("remote.origin.url", f"ext::{trap}"), ("remote.origin.promisor", "true")),
        *(("protocol.allow", "always"), ("core.repositoryFormatVersion", "1")),
    ):
        git(path, "config", key, value)
    (path / "info/attributes").write_text("* diff=x filter=x\n")
    for hook in ("post-checkout", "reference-transaction"):
        (path / "hooks" / hook).symlink_to(trap)
    loose(path, RAWS[1]).unlink()  # which a partial clone would fetch now
    monkeypatch.setenv("GIT_EXTERNAL_DIFF", str(trap))
    monkeypatch.setenv("GIT_DIR", str(tmp_path))
    assert told(given(open_source(str(path)))) == [*plus(RAWS[0]), ("?", b""), *plus(RAWS[2])]
    (path / "config").write_text("no [configuration\n")
    assert len(given(open_source(str(path)))) == 3
    assert not canary.exists()


@pytest.mark.parametrize(
    "head",
    [
        *("ref: --upload-pack=touch", "ref: refs/heads/../../../x", "--all", "ref: refs/heads/a b"),
        *("ref: HEAD", "0" * 39, "", "ref: refs/heads/loop"),
        *(f"ref: refs/{'a' * 4000} ~", f"ref: refs/{'a/' * 2000}"),
    ],
)
def test_a_head_that_names_no_commit_is_an_empty_repository(tmp_path: Path, head: str) -> None:
    path = grown(tmp_path / "list.git", *added(RAWS[0]))
    (path / "refs/heads/loop").write_text("ref: refs/heads/loop\n")
    (path / "HEAD").write_text(f"{head}\n")
    source = open_source(str(path))
    assert given(source) == []
    assert not source.changed(b"")
    assert source.size == 0


def test_nobody_is_waited_for_where_a_ref_is_a_pipe(tmp_path: Path) -> None:
    path = grown(tmp_path / "list.git", *added(RAWS[0]))
    (path / "refs/heads/master").unlink()
    os.mkfifo(path / "refs/heads/master")
    os.mkfifo(path / "packed-refs")
    assert given(open_source(str(path))) == []


def test_a_detached_head_is_read(tmp_path: Path) -> None:
    path = grown(tmp_path / "list.git", *added(*RAWS[:3]))
    (path / "HEAD").write_text(git(path, "rev-parse", "HEAD~1"))
    assert told(given(open_source(str(path)))) == plus(*RAWS[:2])


def test_a_repository_of_something_else_is_refused(tmp_path: Path) -> None:
    path = grown(tmp_path / "code.git", {"main.c": b"int main;"})
    with pytest.raises(SourceError, match="public-inbox"):
        open_source(str(path))


def test_an_inbox_whose_last_message_was_purged_is_one(tmp_path: Path) -> None:
    path = grown(tmp_path / "list.git", *added(RAWS[0]), {})
    assert told(given(open_source(str(path)))) == plus(RAWS[0])
    empty = grown(tmp_path / "empty.git", {"x": b"-"}, {})
    with pytest.raises(SourceError, match="public-inbox"):
        open_source(str(empty))


def test_a_folder_of_inboxes_is_a_list_each(tmp_path: Path) -> None:
    lists = tmp_path / "lists"
    grown(lists / "man/git/0.git", *added(RAWS[0]))
    grown(lists / "kh.lists.example.org.0", *added(RAWS[1]))
    grown(lists / "kh.lists.example.org.1", *added(RAWS[2]))
    grown(lists / "sub/old.git", {"0a/" + "1" * 38: RAWS[3]})
    grown(lists / "code.git", {"main.c": b"int main;"})
    grown(tmp_path / "clone-of-this", *added(RAWS[4]))
    git(tmp_path, "clone", "--quiet", "clone-of-this", "lists/work")
    (lists / "plain.mbox").write_bytes(mbox(RAWS[5]))
    found = {source.name: source for source in expand(str(lists))}
    assert {
        name.removeprefix(f"{lists}/"): each.suggested_name() for name, each in found.items()
    } == {
        "man": "man",
        "kh.lists.example.org.0": "kh.lists.example.org",
        "kh.lists.example.org.1": "kh.lists.example.org",
        "sub/old.git": "sub.old",
        "work": "work",
        "plain.mbox": "plain",
    }
    raws = [raw for source in found.values() for _, raw in told(given(source))]
    assert sorted(raws) == sorted(RAWS[:6])


def test_mboxes_under_version_control_are_mboxes(tmp_path: Path) -> None:
    (tmp_path / "a.mbox").write_bytes(mbox(RAWS[0]))
    git(tmp_path, "init", "--quiet")
    for _ in range(2):
        assert [source.suggested_name() for source in expand(str(tmp_path))] == ["a"]
        git(tmp_path, "add", ".")
        git(tmp_path, "commit", "--quiet", "--allow-empty", "--message=x")
