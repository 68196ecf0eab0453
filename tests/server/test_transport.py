from __future__ import annotations

import logging
import zlib
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st
from twisted.internet.defer import Deferred

from gateway.config import Limits
from gateway.wire import CHUNK_OCTETS, Upgrade
from tests.server.scripted import READY, Client

if TYPE_CHECKING:
    from collections.abc import Iterator


def test_a_client_is_greeted_without_delay_by_nagle() -> None:
    client = Client()
    assert client.greeting == b"200 hello\r\n"
    assert client.socket.no_delay


def test_a_local_socket_has_no_nagle_to_switch_off() -> None:
    assert not Client(address="").socket.no_delay


def test_a_reply_is_one_write() -> None:
    client = Client()
    before = client.socket.writes
    assert client.say(b"MANY 1000\r\n").count(b"\r\n") == 1000
    assert client.socket.writes == before + 1


def test_pipelined_replies_are_one_write() -> None:
    client = Client()
    before = client.socket.writes
    assert client.say(b"ECHO a\r\nECHO b\r\nECHO c\r\nECHO") == b"a\r\nb\r\nc\r\n"
    assert client.socket.writes == before + 1
    assert client.say(b" d\r\n") == b"d\r\n"


@given(cuts=st.lists(st.integers(1, 20), max_size=30))
def test_replies_do_not_depend_on_how_commands_arrive(cuts: list[int]) -> None:
    sent = b"ECHO one\r\nMANY 3\r\nNONSENSE\r\nECHO two\r\nQUIT\r\nECHO unheard\r\n"
    client, got = Client(), b""
    for piece in _pieces(sent, cuts):
        got += client.say(piece)
    assert got == b"one\r\n0\r\n1\r\n2\r\n500 what?\r\ntwo\r\n205 bye\r\n"
    assert client.socket.is_closing()


class TestBackPressure:
    def test_no_more_than_two_chunks_wait_for_a_slow_client(self) -> None:
        client = Client()
        client.protocol.dataReceived(b"BIG 100\r\n")
        assert client.session.chunks == 2
        taken = 0
        while piece := client.socket.take():
            assert len(piece) <= 2 * CHUNK_OCTETS
            taken += len(piece)
        assert taken == 100 * CHUNK_OCTETS

    def test_commands_wait_for_the_reply_in_progress(self) -> None:
        client = Client()
        client.protocol.dataReceived(b"BIG 5\r\n")
        client.protocol.dataReceived(b"ECHO after\r\n")
        assert client.socket.take_all() == bytes(5 * CHUNK_OCTETS) + b"after\r\n"

    def test_reading_stops_while_much_input_waits(self) -> None:
        client = Client(Limits(input_octets=100))
        client.protocol.dataReceived(b"BIG 10\r\n")
        client.protocol.dataReceived(b"ECHO a\r\n" * 12)
        assert not client.is_deaf()
        client.protocol.dataReceived(b"ECHO a\r\n")
        assert client.is_deaf()
        assert client.socket.take_all().endswith(b"a\r\n" * 13)
        assert not client.is_deaf()

    def test_long_input_without_a_reply_is_still_read(self) -> None:
        client = Client(Limits(input_octets=100))
        client.protocol.dataReceived(b"E" * 500)
        assert not client.is_deaf()

    def test_a_long_turn_gives_way_to_others(self) -> None:
        client = Client()
        ticks = iter(range(10_000))
        client.clock.seconds = lambda: next(ticks) * 0.004  # type: ignore[method-assign]  # each look at the clock takes 4 ms
        client.protocol.dataReceived(b"MANY 40\r\n")
        first = client.socket.value()
        assert 0 < first.count(b"\r\n") < 10
        got = client.socket.take()
        while client.clock.calls:
            client.clock.calls.pop(0).func()
            got += client.socket.take()
        assert got == b"".join(b"%d\r\n" % at for at in range(40))

    def test_turns_are_short_while_another_client_is_active(self) -> None:
        greedy = Client()
        other = Client(connections=greedy.connections)
        now = 0.0

        def seconds() -> float:
            nonlocal now
            now += 0.00001  # each look at the clock takes 10 us
            return now

        greedy.clock.seconds = seconds  # type: ignore[method-assign]  # which stands still otherwise
        greedy.protocol.dataReceived(b"MANY 5000\r\n")
        alone = greedy.socket.value().count(b"\r\n")
        assert other.say(b"ECHO here\r\n") == b"here\r\n"
        greedy.socket.take()
        greedy.clock.calls.pop(0).func()
        beside = greedy.socket.take().count(b"\r\n")
        assert 0 < beside < 10
        assert alone > 50 * beside
        greedy.protocol.dataReceived(b"MANY 9000\r\n")  # though it spoke last
        greedy.clock.calls.pop(0).func()
        assert 0 < greedy.socket.take().count(b"\r\n") < 10
        now += 1  # the other one has been silent since
        greedy.clock.calls.pop(0).func()
        assert greedy.socket.take().count(b"\r\n") > 50 * beside
        assert other.say(b"ECHO again\r\n") == b"again\r\n"
        greedy.clock.calls.pop(0).func()
        assert 0 < greedy.socket.take().count(b"\r\n") < 10
        other.hang_up()
        greedy.clock.calls.pop(0).func()
        assert greedy.socket.take().count(b"\r\n") > 50 * beside


class TestWaiting:
    def test_a_reply_goes_on_when_what_it_awaits_has_come(self) -> None:
        client = Client()
        assert client.say(b"WAIT\r\nECHO after\r\n") == b"before\r\n"
        client.protocol.dataReceived(b"ECHO later\r\n")
        client.session.awaited.callback(b"came\r\n")
        assert client.socket.take() == b"came\r\nafter\r\nlater\r\n"

    def test_what_has_come_already_is_not_waited_for(self) -> None:
        client = Client()
        client.session.awaited.callback(b"came\r\n")
        assert client.say(b"WAIT\r\n") == b"before\r\ncame\r\n"

    def test_a_failure_is_raised_where_it_was_awaited(
        self, caplog: pytest.LogCaptureFixture
    ) -> None:
        client = Client()
        client.say(b"WAIT\r\n")
        client.session.awaited.errback(ValueError("of the store"))
        assert client.socket.is_closing()
        assert client.session.cleaned_up == 1
        assert "of the store" in caplog.text

    def test_what_comes_while_the_client_does_not_read_is_kept(self) -> None:
        client = Client()
        client.protocol.dataReceived(b"BIG 1\r\nECHO more\r\nWAIT\r\n")
        client.session.awaited.callback(b"came\r\n")
        assert client.socket.take_all() == bytes(CHUNK_OCTETS) + b"more\r\nbefore\r\ncame\r\n"

    def test_only_deferreds_can_be_awaited(self, caplog: pytest.LogCaptureFixture) -> None:
        client = Client()
        assert client.say(b"JUNK\r\n") == b""
        assert client.socket.is_closing()
        assert "no Deferred" in caplog.text


class TestLoss:
    def test_a_reply_cut_short_is_closed(self) -> None:
        client = Client()
        client.protocol.dataReceived(b"BIG 100\r\n")
        client.hang_up()
        assert client.session.cleaned_up == 1
        assert len(client.connections) == 0

    def test_a_waiting_reply_is_unwound_and_what_it_awaits_cancelled(
        self, caplog: pytest.LogCaptureFixture
    ) -> None:
        cancelled: list[Deferred[bytes]] = []
        client = Client()
        client.session.awaited = Deferred(cancelled.append)
        client.say(b"WAIT\r\n")
        client.hang_up()
        assert client.session.cleaned_up == 1
        assert cancelled == [client.session.awaited]
        assert not caplog.records

    @pytest.mark.parametrize("command", [b"WAIT\r\n", b"BIG 100\r\n"])
    def test_a_fault_while_unwinding_is_logged_only(
        self, caplog: pytest.LogCaptureFixture, command: bytes
    ) -> None:
        client = Client()
        client.session.is_clumsy = True
        client.protocol.dataReceived(command)
        client.hang_up()
        assert "fell over" in caplog.text
        assert len(client.connections) == 0

    def test_nothing_is_answered_after_closing(self) -> None:
        client = Client()
        client.say(b"QUIT\r\n")
        assert client.say(b"ECHO unheard\r\n") == b""

    def test_a_fault_of_the_session_closes_the_connection(
        self, caplog: pytest.LogCaptureFixture
    ) -> None:
        client = Client()
        assert b"scripted" not in client.say(b"FAIL\r\n")
        assert client.socket.is_closing()
        assert client.socket.producer is None
        assert "as scripted" in caplog.text


class TestTls:
    def test_the_reply_goes_out_and_plaintext_behind_it_is_dropped(self) -> None:
        certificate = object()
        client = Client(certificate=certificate)  # type: ignore[arg-type]  # never used: there is no handshake here
        assert client.say(b"TLS\r\nECHO injected\r\n") == b"382 go on\r\n"
        assert client.socket.tls() is certificate
        assert client.session.upgrades == [Upgrade.TLS]
        assert client.say(b"ECHO safe\r\n") == b"safe\r\n"

    def test_the_layer_changes_only_when_all_before_it_is_out(self) -> None:
        client = Client(certificate=object())  # type: ignore[arg-type]  # as above
        client.socket.full_at = 0
        client.protocol.dataReceived(b"TLS\r\n")
        client.protocol.dataReceived(b"ECHO injected\r\n")
        assert client.socket.tls() is None
        assert client.socket.take() == b"382 go on\r\n"
        assert client.socket.tls() is not None
        assert client.socket.take() == b""

    def test_a_connection_that_ends_meanwhile_is_not_upgraded(self) -> None:
        client = Client(certificate=object())  # type: ignore[arg-type]  # as above
        client.socket.full_at = 0
        client.protocol.dataReceived(b"TLS\r\n")
        client.protocol.abort()
        client.socket.take()
        assert client.socket.tls() is None


class TestDeflate:
    @given(cuts=st.lists(st.integers(1, 20), max_size=30))
    def test_both_ways_whatever_the_packets(self, cuts: list[int]) -> None:
        client = Client()
        assert client.say(b"DEFLATE\r\nECHO plain, dropped\r\n") == b"382 go on\r\n"
        deflate, inflate = zlib.compressobj(wbits=-15), zlib.decompressobj(-15)
        got = b""
        for command in (b"ECHO one\r\nMAN", b"Y 3\r\n", b"ECHO two\r\n", b"QUIT\r\n"):
            sent = deflate.compress(command) + deflate.flush(zlib.Z_SYNC_FLUSH)
            for piece in _pieces(sent, cuts):
                got += inflate.decompress(client.say(piece))
        assert got == b"one\r\n0\r\n1\r\n2\r\ntwo\r\n205 bye\r\n"

    def test_a_reply_can_be_read_at_once(self) -> None:
        client = _compressed()
        got = client.say(_deflated(b"BIG 3\r\n")) + client.socket.take_all()
        assert zlib.decompressobj(-15).decompress(got) == bytes(3 * CHUNK_OCTETS)

    @pytest.mark.parametrize("full_at", [1, 20_000, 1 << 20])
    @pytest.mark.parametrize("times", [1, 2, 40])
    def test_what_was_compressed_ahead_comes_in_its_place(self, full_at: int, times: int) -> None:
        client = _compressed()
        client.socket.full_at = full_at
        got = client.say(_deflated(b"ECHO before\r\nREADY %d\r\nECHO after\r\n" % times))
        got += client.socket.take_all()
        wanted = b"".join(b"%d\r\n%b" % (at, READY) for at in range(times))
        assert zlib.decompressobj(-15).decompress(got) == b"before\r\n" + wanted + b"after\r\n"

    def test_a_bomb_inflates_only_as_fast_as_it_is_answered(self) -> None:
        client = _compressed(Limits(input_octets=4096))
        bomb = _deflated(b"BIG 4\r\n" + b"ECHO a\r\n" * 200_000)
        fed: list[int] = []
        feed = client.session.feed
        client.session.feed = lambda data: (fed.append(len(data)), feed(data))[1]  # type: ignore[method-assign,func-returns-value]  # looks on
        client.socket.full_at = 100
        client.protocol.dataReceived(bomb)
        assert sum(fed) <= 4096
        assert client.is_deaf()
        assert client.session.buffered <= 4096
        inflate = zlib.decompressobj(-15)
        got = sum(len(inflate.decompress(piece)) for piece in iter(client.socket.take, b""))
        assert got == 4 * CHUNK_OCTETS + 3 * 200_000
        assert max(fed) <= 4096
        assert not client.is_deaf()

    @pytest.mark.parametrize(
        "octets",
        [b"ECHO not compressed\r\n", zlib.compress(b"QUIT\r\n", wbits=-15)[:-1] + b"\xff\xff"],
    )
    def test_damaged_input_closes_at_once(self, octets: bytes) -> None:
        client = _compressed()
        client.say(octets)
        client.say(b"\xff" * 10)
        assert client.socket.was_aborted()

    def test_an_ended_stream_closes(self) -> None:
        client = _compressed()
        got = client.say(zlib.compress(b"ECHO last\r\n", wbits=-15))
        assert zlib.decompressobj(-15).decompress(got) == b"last\r\n"
        assert client.socket.was_aborted()


class TestTimeouts:
    limits = Limits(idle_seconds=600, first_command_seconds=60, stalled_seconds=300)

    def test_a_silent_newcomer_is_told_and_closed(self) -> None:
        client = self._watched()
        client.clock.pump([5.0] * 12)
        assert not client.socket.is_closing()
        client.clock.advance(5)
        assert client.socket.take() == b"400 idle for too long\r\n"
        assert client.socket.is_closing()

    def test_a_reader_may_think_for_longer(self) -> None:
        client = self._watched()
        client.say(b"ECHO a\r\n")
        client.clock.pump([5.0] * 120)
        assert not client.socket.is_closing()
        client.clock.advance(5)
        assert client.socket.take() == b"400 idle for too long\r\n"

    def test_octets_that_are_no_command_do_not_count(self) -> None:
        client = self._watched()
        for _ in range(13):
            client.say(b"E")
            client.clock.advance(5)
        assert client.socket.is_closing()

    def test_a_client_that_does_not_read_is_cut(self, caplog: pytest.LogCaptureFixture) -> None:
        caplog.set_level(logging.INFO)
        client = self._watched()
        client.protocol.dataReceived(b"BIG 100\r\n")
        client.clock.pump([5.0] * 60)
        assert not client.socket.was_aborted()
        client.socket.take()
        client.clock.pump([5.0] * 60)
        assert not client.socket.was_aborted()
        client.clock.advance(5)
        assert client.socket.was_aborted()
        assert client.session.cleaned_up == 1
        assert "does not read" in caplog.text

    def test_one_that_waits_in_vain_is_cut(self, caplog: pytest.LogCaptureFixture) -> None:
        caplog.set_level(logging.INFO)
        client = self._watched()
        client.say(b"WAIT\r\n")
        client.clock.pump([5.0] * 61)
        assert client.socket.was_aborted()
        assert "waits for too long: closed" in caplog.text

    def test_a_last_word_that_nobody_reads_is_cut_too(self) -> None:
        client = self._watched()
        client.protocol.dataReceived(b"QUIT\r\n")
        client.clock.pump([5.0] * 61)
        assert client.socket.was_aborted()

    def test_the_time_to_wait_begins_with_the_wait(self) -> None:
        client = self._watched()
        client.say(b"ECHO a\r\n")
        client.clock.pump([5.0] * 119)
        client.say(b"WAIT\r\n")
        client.clock.advance(5)
        client.session.awaited.callback(b"came\r\n")
        assert client.socket.take() == b"came\r\n"

    def _watched(self) -> Client:
        client = Client(self.limits)
        client.connections.start()
        return client


def _compressed(limits: Limits | None = None) -> Client:
    client = Client(limits)
    client.say(b"DEFLATE\r\n")
    return client


def _deflated(data: bytes) -> bytes:
    deflate = zlib.compressobj(wbits=-15)
    return deflate.compress(data) + deflate.flush(zlib.Z_SYNC_FLUSH)


def _pieces(data: bytes, cuts: list[int]) -> Iterator[bytes]:
    for cut in cuts:
        if data:
            yield data[:cut]
        data = data[cut:]
    if data:
        yield data
