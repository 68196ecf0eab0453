"""The process that stores what is handed in, beside this one, and the acceptor that hands it over.

The process writes in groups: one transaction for all that came while the last one was written, so that many senders at
once share the cost of the disk. Records on the socket between the two, numbers in network order:

    there: token (8), octets of the names (4), octets of the mail (8), names joined by LF, mail
    back:  token (8), count of names (4), an octet of outcome for each
"""

from __future__ import annotations

import logging
import math
import multiprocessing
import queue
import signal
import socket
import struct
import threading
import time
from collections import deque
from contextlib import closing
from typing import TYPE_CHECKING, BinaryIO, Final, NamedTuple

from twisted.internet.abstract import FileDescriptor
from twisted.internet.defer import Deferred, succeed
from twisted.internet.error import ConnectionDone
from twisted.internet.main import CONNECTION_DONE, CONNECTION_LOST
from twisted.python.failure import Failure

from gateway.acceptance import Outcome
from gateway.accepting import Handed, store_group
from gateway.intake import open_for_writing
from gateway.shown import log_to_stderr
from storage.errors import ArchiveUnavailable

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence
    from multiprocessing.process import BaseProcess
    from pathlib import Path

    from twisted.internet.base import ReactorBase

    from storage.sqlite import SqliteWriter

__all__ = ["ProcessAcceptor"]

MAX_PENDING: Final = 64 << 20
"""Octets handed in and not yet answered above which more is UNAVAILABLE; one mail is always taken."""

GROUP_MESSAGES: Final = 500
GROUP_OCTETS: Final = 8 << 20
"""A transaction ends at whichever comes first: other writers wait for it."""

RESTART_SECONDS: Final = 1.0
"""How long after its start a process that ended is started anew at the soonest."""

END_SECONDS: Final = 10.0
"""How long the process may take to write what it has when this one ends."""

_READ_OCTETS: Final = 64 * 1024
_THERE: Final = struct.Struct("!QIQ")
_BACK: Final = struct.Struct("!QI")

log = logging.getLogger(__name__)


class _Waiting(NamedTuple):
    """A mail handed over, and who waits for what becomes of it."""

    names: Sequence[str]
    octets: int
    answer: Deferred[Mapping[str, Outcome]]


class ProcessAcceptor:
    """Hands mail to a process beside this one, started when it is needed; see ``gateway.acceptance.Acceptor``.

    Never blocks. What was handed to a process that ended is UNAVAILABLE; some of it may be stored, and is KNOWN when it
    comes again. ``stored`` is called after each transaction.
    """

    def __init__(
        self,
        directory: Path,
        reactor: ReactorBase,
        *,
        subject_window: int | None = None,
        stored: Callable[[], None] | None = None,
    ) -> None:
        self._directory = directory
        self._reactor = reactor
        self._subject_window = subject_window
        self._stored = stored
        self._waiting: dict[int, _Waiting] = {}
        self._pending = 0
        self._tokens = 0
        self._process: BaseProcess | None = None
        self._channel: _Channel | None = None
        self._started = -math.inf

    def start(self) -> None:
        """Start the process if there is none: the first mail need not wait for that then."""
        self._channel = self._channel or self._start()

    def accept(self, names: Sequence[str], raw: bytes) -> Deferred[Mapping[str, Outcome]]:
        names = tuple(dict.fromkeys(names))
        packed = "\n".join(names).encode()
        record = _THERE.pack(self._tokens, len(packed), len(raw)) + packed
        octets = len(record) + len(raw)
        self.start()
        if self._channel is None or (self._pending and self._pending + octets > MAX_PENDING):
            return succeed(dict.fromkeys(names, Outcome.UNAVAILABLE))
        waiting = self._waiting[self._tokens] = _Waiting(names, octets, Deferred())
        self._tokens += 1
        self._pending += octets
        self._channel.write(record)
        self._channel.write(raw)
        return waiting.answer

    def pending(self) -> int:
        return self._pending

    def end(self) -> None:
        """Let the process finish what it writes, and end it; what waits is UNAVAILABLE."""
        if self._channel is not None:
            self._channel.connectionLost(Failure(CONNECTION_LOST))
        if self._process is not None:
            self._process.join(END_SECONDS)
            self._process.kill()
            self._process.join()

    def _start(self) -> _Channel | None:
        """Start the process, unless one was started a moment ago; return the way to it."""
        if time.monotonic() - self._started < RESTART_SECONDS:
            return None
        self._started = time.monotonic()
        try:
            ours, theirs = socket.socketpair()
            with closing(theirs):
                self._process = multiprocessing.get_context("spawn").Process(
                    target=_work,
                    args=(theirs, self._directory, self._subject_window),
                    name="listgate-accept",
                    daemon=True,
                )
                self._process.start()
        except OSError as error:
            log.warning("what stores the mail handed in cannot be started: %s", error)
            return None
        return _Channel(ours, self._answered, self._lost, self._reactor)

    def _answered(self, verdicts: Sequence[tuple[int, Sequence[Outcome]]]) -> None:
        if self._stored is not None:
            self._stored()
        for token, outcomes in verdicts:
            waiting = self._waiting.pop(token)
            self._pending -= waiting.octets
            waiting.answer.callback(dict(zip(waiting.names, outcomes, strict=True)))

    def _lost(self, reason: Failure) -> None:
        """Tell those who wait that the process is gone, or that this one ends."""
        self._channel = None
        waiting, self._waiting, self._pending = self._waiting, {}, 0
        if waiting or reason.check(ConnectionDone):
            log.warning("what stores the mail handed in is gone: it is started again when needed")
        for each in waiting.values():
            each.answer.callback(dict.fromkeys(each.names, Outcome.UNAVAILABLE))


class _Channel(FileDescriptor):
    """Our end of the socket: writes what it is given as the process takes it, and reads verdicts."""

    def __init__(
        self,
        connected: socket.socket,
        answered: Callable[[Sequence[tuple[int, Sequence[Outcome]]]], None],
        lost: Callable[[Failure], None],
        reactor: ReactorBase,
    ) -> None:
        super().__init__(reactor)  # type: ignore[arg-type]  # it is one with file descriptors
        connected.setblocking(False)
        self._socket = connected
        self._answered = answered
        self._lost = lost
        self._octets = bytearray()
        self._unsent: deque[memoryview] = deque()  # not joined: one may be very large
        self.connected = 1
        self.startReading()  # type: ignore[no-untyped-call]  # Twisted has no types here

    def fileno(self) -> int:
        return self._socket.fileno()

    def doRead(self) -> Exception | None:  # noqa: N802 - Twisted's name
        """Take what the process says."""
        try:
            data = self._socket.recv(_READ_OCTETS)
        except BlockingIOError:
            return None
        except OSError:
            return CONNECTION_LOST
        if not data:
            return CONNECTION_DONE
        self._octets += data
        verdicts = list(_verdicts(self._octets))
        if verdicts:
            self._answered(verdicts)
        return None

    def write(self, data: bytes) -> None:
        """Have the process given some octets, behind those before."""
        self._unsent.append(memoryview(data))
        self.startWriting()  # type: ignore[no-untyped-call]  # likewise

    def doWrite(self) -> Exception | None:  # noqa: N802 - Twisted's name
        """Give the process what it takes."""
        while self._unsent:
            try:
                sent = self._socket.send(self._unsent[0])
            except BlockingIOError:
                return None
            except OSError:
                return CONNECTION_LOST
            first = self._unsent.popleft()
            if sent < len(first):
                self._unsent.appendleft(first[sent:])
                return None
        self.stopWriting()  # type: ignore[no-untyped-call]  # likewise
        return None

    def connectionLost(self, reason: Failure) -> None:
        """Tell that the process is gone."""
        super().connectionLost(reason)  # type: ignore[no-untyped-call]  # likewise
        self._socket.close()
        self._lost(reason)


def _verdicts(octets: bytearray) -> Iterator[tuple[int, Sequence[Outcome]]]:
    """Yield the complete verdicts, and take them away."""
    while len(octets) >= _BACK.size:
        token, count = _BACK.unpack_from(octets)
        end = _BACK.size + count
        if len(octets) < end:
            return
        outcomes = [Outcome(value) for value in octets[_BACK.size : end]]
        del octets[:end]
        yield token, outcomes


# In the process


def _work(connected: socket.socket, directory: Path, subject_window: int | None) -> None:
    """Store what comes, until the other end is closed, as it is when that process ends in whatever way."""
    for number in (signal.SIGINT, signal.SIGTERM):  # who hands the mail in decides when to end
        signal.signal(number, signal.SIG_IGN)
    log_to_stderr()
    records: queue.SimpleQueue[_Record | None] = queue.SimpleQueue()
    threading.Thread(target=_receive, args=(connected, records), daemon=True).start()
    storing = _Storing(directory, subject_window)
    for group in _groups(records):
        outcomes = storing.store([record.handed for record in group])
        verdicts = [
            _BACK.pack(record.token, len(values)) + bytes(each.value for each in values)
            for record, values in zip(group, outcomes, strict=True)
        ]
        try:
            connected.sendall(b"".join(verdicts))
        except OSError:  # nobody is there to hear it
            return


class _Record(NamedTuple):
    token: int
    handed: Handed


def _receive(connected: socket.socket, records: queue.SimpleQueue[_Record | None]) -> None:
    """Put the records that come into the queue, at last None. What they take is bounded by ``MAX_PENDING``."""
    try:
        with connected.makefile("rb") as file:
            for record in _read(file):
                records.put(record)
    except OSError as error:
        log.warning("mail is not handed in any more: %s", error)
    finally:
        records.put(None)


def _read(file: BinaryIO) -> Iterator[_Record]:
    while len(start := file.read(_THERE.size)) == _THERE.size:
        token, names, octets = _THERE.unpack(start)
        packed, raw = file.read(names), file.read(octets)
        if len(packed) < names or len(raw) < octets:
            return
        yield _Record(token, Handed(tuple(packed.decode().split("\n")), raw))


def _groups(records: queue.SimpleQueue[_Record | None]) -> Iterator[list[_Record]]:
    """Yield what has come, in runs of one transaction each; wait where nothing has."""
    while (record := records.get()) is not None:
        group, octets = [record], len(record.handed.raw)
        while len(group) < GROUP_MESSAGES and octets < GROUP_OCTETS:
            try:
                record = records.get_nowait()
            except queue.Empty:
                break
            if record is None:
                yield group
                return
            group.append(record)
            octets += len(record.handed.raw)
        yield group


class _Storing:
    """The writer, opened when it is needed and anew when it could not be."""

    def __init__(self, directory: Path, subject_window: int | None) -> None:
        from gateway.renderers import RENDERERS  # noqa: PLC0415 - loads the faces' commands, which only writing needs

        self._directory = directory
        self._subject_window = subject_window
        self._renderers = RENDERERS
        self._writer: SqliteWriter | None = None

    def store(self, group: Sequence[Handed]) -> Sequence[Sequence[Outcome]]:
        """Store mails in one transaction; return what became of each in each of its lists."""
        try:
            if self._writer is None:
                self._writer = open_for_writing(self._directory)
        except ArchiveUnavailable as error:
            log.warning("%s; what is handed in is not taken", error)
            return [[Outcome.UNAVAILABLE] * len(each.names) for each in group]
        outcomes = store_group(self._writer, group, self._renderers, self._subject_window)
        return [[of[name] for name in each.names] for each, of in zip(group, outcomes, strict=True)]
