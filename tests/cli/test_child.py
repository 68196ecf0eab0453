"""A process beside this one: when it is started again, and when that is worth a word."""

from __future__ import annotations

import errno
from multiprocessing.context import SpawnProcess
from typing import TYPE_CHECKING

import pytest

from gateway.child import Child

if TYPE_CHECKING:
    from gateway.child import Family


def ends_at_once(family: Family, code: int) -> None:
    assert family.is_whole()
    if code:
        raise SystemExit(code)


@pytest.mark.parametrize("code", [0, 3])
def test_only_an_end_that_was_not_meant_is_logged(
    code: int, caplog: pytest.LogCaptureFixture
) -> None:
    child = Child("listgate-test", "it is gone: starting it again", ends_at_once, code)
    child.end()  # nothing to end yet
    for _ in range(2):
        child.tend()
        process = child._process
        assert process is not None
        process.join()
        assert process.exitcode == code
        assert not child.is_alive
    child.end()
    assert [each.getMessage() for each in caplog.records] == (
        ["it is gone: starting it again"] if code else []
    )


def test_where_no_process_can_be_made_it_is_tried_again(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def start(_: SpawnProcess) -> None:
        raise BlockingIOError(errno.EAGAIN, "Resource temporarily unavailable")

    child = Child("listgate-test", "it is gone: starting it again", ends_at_once, 0)
    with monkeypatch.context() as patch:
        patch.setattr(SpawnProcess, "start", start)
        child.tend()
    assert caplog.messages == [
        "listgate-test cannot be started: Resource temporarily unavailable; trying again"
    ]
    assert not child.is_alive
    child.end()
    child.tend()
    assert child._process is not None
    child.end()
