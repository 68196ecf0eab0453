from __future__ import annotations

from contextlib import closing
from typing import TYPE_CHECKING

import pytest

from gateway import mounts as module
from gateway.inotify import Inotify, Watch
from gateway.mounts import Mounts

if TYPE_CHECKING:
    from pathlib import Path

TABLE = rb"""22 1 8:1 / / rw,relatime shared:1 - ext4 /dev/sda1 rw
30 22 0:40 / /mail rw,relatime - nfs4 server:/mail rw
31 30 8:2 / /mail/here rw - xfs /dev/sdb rw
32 22 0:41 / /a\040b\134c rw shared:2 master:1 - cifs //server/x rw
33 22 0:42 / /fuse rw - fuse.sshfs x rw
34 22 0:43 / /over rw - nfs server:/x rw
35 34 8:3 / /over rw - ext4 /dev/sdc rw
not a line
36 22 8:4 / /cut
"""


@pytest.mark.parametrize(
    ("folder", "is_remote"),
    [
        ("/", False),
        ("/var/mail", False),
        ("/mail", True),
        ("/mail/lists/a", True),
        ("/mailing", False),
        ("/mail/here", False),
        ("/mail/here/lists", False),
        ("/a b\\c/d", True),
        ("/fuse/x", True),
        ("/over/x", False),
        ("/cut/x", False),
    ],
)
def test_which_folders_others_may_change(folder: str, is_remote: bool) -> None:
    assert Mounts(TABLE.splitlines(keepends=True)).is_remote(folder) == is_remote


def test_where_nothing_is_said_all_is_ours(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "_TABLE", "/nowhere")
    assert not Mounts.now().is_remote("/mail")


def test_what_others_may_change_is_watched_and_looked_at_as_well(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    try:
        Inotify().close()
    except OSError:
        pytest.skip("this system has no inotify")
    table = tmp_path / "mountinfo"
    (tmp_path / "near").mkdir()
    (tmp_path / "far").mkdir()
    table.write_bytes(b"30 22 0:40 / %b rw - nfs4 s:/m rw\n" % str(tmp_path / "far").encode())
    monkeypatch.setattr(module, "_TABLE", str(table))
    near, far = str(tmp_path / "near"), str(tmp_path / "far")
    with closing(Watch()) as watch:
        assert watch.keep({near})
        assert not watch.keep({near, far})
        assert not watch.keep({near, far})
        assert watch.keep({near})
