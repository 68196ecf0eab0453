"""The process that stores what is handed in: groups, back-pressure, and its death."""

from __future__ import annotations

import os
import signal
from collections import Counter
from contextlib import closing
from typing import TYPE_CHECKING, TypeVar

import pytest
from hypothesis import given
from hypothesis import strategies as st
from twisted.internet.defer import Deferred, gatherResults

from gateway import accept_process
from gateway.accept_process import ProcessAcceptor
from gateway.acceptance import Outcome
from gateway.intake import open_for_writing
from storage.sqlite import SqliteArchive
from tests.cli.programs import is_running, until
from tests.mail import mail

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence
    from pathlib import Path

    from twisted.internet.base import ReactorBase

    from tests.server.conftest import RunInReactor

T = TypeVar("T")

ADDED, KNOWN, WITHHELD, REFUSED, UNAVAILABLE = Outcome


class Running:
    """An acceptor in the reactor's thread; ``transactions`` counts those that were answered."""

    def __init__(self, directory: Path, reactor: ReactorBase, run: RunInReactor) -> None:
        self.directory = directory
        self.transactions = 0
        self._run = run
        self._acceptor = ProcessAcceptor(directory, reactor, stored=self._count)

    def _count(self) -> None:
        self.transactions += 1

    def call(self, function: Callable[[ProcessAcceptor], T]) -> T:
        """Call what has to be called in the reactor's thread."""

        async def called() -> T:
            return function(self._acceptor)

        return self._run(called)

    def hand_in(self, *mails: bytes, names: Sequence[str] = ("l",)) -> list[Mapping[str, Outcome]]:
        """Hand mails in at once; wait for what becomes of them."""
        return self.answers(self.handed_in(*mails, names=names))

    def handed_in(
        self, *mails: bytes, names: Sequence[str] = ("l",)
    ) -> list[Deferred[Mapping[str, Outcome]]]:
        return self.call(lambda acceptor: [acceptor.accept(names, each) for each in mails])

    def answers(
        self, deferreds: list[Deferred[Mapping[str, Outcome]]]
    ) -> list[Mapping[str, Outcome]]:
        async def gathered() -> list[Mapping[str, Outcome]]:
            return await gatherResults(deferreds)

        return self._run(gathered)

    def pending(self) -> int:
        return self.call(lambda acceptor: acceptor.pending())

    def pid(self) -> int:
        """Return the process's id, once there is one."""
        self.call(lambda acceptor: acceptor.start())
        assert self._acceptor._process is not None
        pid = self._acceptor._process.pid
        assert pid is not None
        return pid

    def kept(self, name: str = "l") -> int:
        with closing(SqliteArchive(self.directory)) as archive:
            record = archive.mailing_list(name)
            assert record.count == record.high
            return record.count

    def end(self) -> None:
        self.call(lambda acceptor: acceptor.end())


@pytest.fixture
def running(
    reactor: ReactorBase, run_in_reactor: RunInReactor, tmp_path: Path
) -> Iterator[Running]:
    """An acceptor whose process is not started yet."""
    made = Running(tmp_path / "archive", reactor, run_in_reactor)
    yield made
    made.end()


def test_what_is_handed_in_is_stored_and_answered_for(running: Running) -> None:
    assert running.hand_in(
        mail("1"), mail("2"), b"\n\nText\n", mail("1"), names=["l", "m", "..", "l"]
    ) == [
        {"l": ADDED, "m": ADDED, "..": REFUSED},
        {"l": ADDED, "m": ADDED, "..": REFUSED},
        {"l": ADDED, "m": ADDED, "..": REFUSED},
        {"l": KNOWN, "m": KNOWN, "..": REFUSED},
    ]
    assert running.hand_in(b"") == [{"l": REFUSED}]
    assert running.kept() == running.kept("m") == 3
    assert running.pending() == 0


def test_a_mail_may_be_for_as_many_lists_as_are_named(running: Running) -> None:
    names = [f"{number:0>200}" for number in range(1000)]
    assert running.hand_in(mail("1"), names=names) == [dict.fromkeys(names, ADDED)]


def test_many_that_come_while_the_disk_is_busy_are_few_transactions(running: Running) -> None:
    running.hand_in(mail("0"))
    with closing(open_for_writing(running.directory)) as other, other.batch():
        answers = running.handed_in(*(mail(str(n)) for n in range(1, 401)))
        assert running.pending() > 400 * len(mail("1"))
        assert not any(each.called for each in answers)
    assert running.answers(answers) == [{"l": ADDED}] * 400
    assert running.transactions <= 5
    assert running.pending() == 0
    assert running.kept() == 401


def test_a_group_has_an_end(running: Running, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(accept_process, "MAX_PENDING", 1 << 20)
    large = [mail(str(n), body="x" * 399_999 + "\n") for n in range(4)]
    outcomes = [each["l"] for each in running.hand_in(*large)]
    assert outcomes == [ADDED, ADDED, UNAVAILABLE, UNAVAILABLE]
    assert running.hand_in(mail("5", body="x" * (2 << 20))) == [
        {"l": ADDED}
    ]  # alone it may be larger
    assert running.hand_in(*large[2:]) == [{"l": ADDED}] * 2


def test_a_process_that_is_killed_loses_nothing_that_was_answered_for(
    running: Running, caplog: pytest.LogCaptureFixture
) -> None:
    mails = [mail(str(n), body="Text.\n" * (n % 50)) for n in range(3000)]
    answered: Counter[str] = Counter()
    left = mails
    for round_ in range(6):
        until(lambda: running.hand_in(mail("probe")) != [{"l": UNAVAILABLE}])
        pid = running.pid()
        before = running.transactions
        answers = running.handed_in(*left)
        if round_ < 5:
            until(lambda before=before: running.transactions > before)  # type: ignore[misc]  # mypy cannot infer it
            os.kill(pid, signal.SIGKILL)
        outcomes = [each["l"] for each in running.answers(answers)]
        answered.update(each.name for each in outcomes)
        stored = running.kept() - 1
        assert stored >= answered["ADDED"]
        left = [raw for raw, each in zip(left, outcomes, strict=True) if each is UNAVAILABLE]
    assert left == []
    assert running.kept() == 3001
    assert answered["UNAVAILABLE"]
    assert answered["ADDED"] + answered["KNOWN"] == 3000
    assert "is gone: it is started again when needed" in caplog.text


def test_a_process_is_not_started_again_and_again(running: Running) -> None:
    pid = running.pid()
    os.kill(pid, signal.SIGKILL)
    until(lambda: running.call(lambda acceptor: acceptor._channel is None))
    running.call(lambda acceptor: setattr(acceptor, "_started", acceptor._started + 3600))
    assert running.hand_in(mail("1")) == [{"l": UNAVAILABLE}]
    running.call(lambda acceptor: setattr(acceptor, "_started", 0))
    assert running.hand_in(mail("1")) == [{"l": ADDED}]
    assert running.pid() != pid


def test_an_archive_that_cannot_be_opened_is_tried_again_for_the_next_mail(
    running: Running,
) -> None:
    running.directory.write_bytes(b"no folder")
    assert running.hand_in(mail("1"), names=["l", "m"]) == [{"l": UNAVAILABLE, "m": UNAVAILABLE}]
    pid = running.pid()
    running.directory.unlink()
    assert running.hand_in(mail("1")) == [{"l": ADDED}]
    assert running.pid() == pid


def test_ctrl_c_and_termination_are_for_who_hands_mail_in(running: Running) -> None:
    assert running.hand_in(mail("1")) == [{"l": ADDED}]
    pid = running.pid()
    for number in (signal.SIGINT, signal.SIGTERM):
        os.kill(pid, number)
    assert running.hand_in(mail("2")) == [{"l": ADDED}]
    running.end()
    assert not is_running(pid)


def test_one_that_gave_up_waiting_disturbs_nobody(running: Running) -> None:
    running.hand_in(mail("0"))
    with closing(open_for_writing(running.directory)) as other, other.batch():
        first, second = running.handed_in(mail("1"), mail("2"))
        running.call(lambda _: first.addErrback(lambda _: None))
        running.call(lambda _: first.cancel())
    assert running.answers([second]) == [{"l": ADDED}]
    assert running.kept() == 3


@given(
    st.lists(st.tuples(st.integers(0, 2**64 - 1), st.lists(st.sampled_from(Outcome), max_size=4))),
    st.lists(st.integers(0, 20), max_size=30),
)
def test_verdicts_may_come_in_pieces(
    verdicts: list[tuple[int, list[Outcome]]], cuts: list[int]
) -> None:
    sent = b"".join(
        accept_process._BACK.pack(token, len(outcomes)) + bytes(each.value for each in outcomes)
        for token, outcomes in verdicts
    )
    octets = bytearray()
    read: list[tuple[int, Sequence[Outcome]]] = []
    for cut in [*cuts, len(sent)]:
        octets += sent[:cut]
        sent = sent[cut:]
        read += accept_process._verdicts(octets)
    assert read == verdicts
    assert not octets
