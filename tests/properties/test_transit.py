"""Whatever a peer sends: the answers do not depend on packets or on when articles are stored, and none is an internal fault."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from hypothesis import given
from hypothesis import strategies as st
from twisted.internet.defer import Deferred
from twisted.internet.task import Clock

from gateway.acceptance import Outcome
from gateway.config import Limits
from gateway.connections import Connections
from gateway.transport import SessionProtocol
from tests.mail import MemoryEngine
from tests.nntp.world import PEER_ADDRESS, article, build, session, sink_of, takethis
from tests.server.scripted import Socket

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

ARCHIVE: Final = build(MemoryEngine())

OWN: Final = st.sampled_from(["a", "b", "c", "one", "shared", "hush", "a..b", "x" * 300])
GROUPS: Final = st.sampled_from(["lists.alpha", "lists.beta,comp.alpha", "lists.secret", "", ","])
LINES: Final = st.lists(
    st.sampled_from(
        [b"", b".", b"..", b"QUIT", b"CHECK <a@x.example>", b"a" * 700, b"\r", b"\n.\n", b"\0"]
    )
)


@st.composite
def transfers(draw: st.DrawFn) -> bytes:
    """Return TAKETHIS with an article, more or less."""
    own = draw(OWN)
    body = b"".join(line + b"\r\n" for line in draw(LINES))
    text = article(draw(st.sampled_from([own, own, own, "b"])), groups=draw(GROUPS), body=body)
    return takethis(own, draw(st.sampled_from([text, text, text, body, b""])))


COMMANDS: Final = st.one_of(
    transfers(),
    OWN.map(lambda own: b"CHECK <%b@x.example>\r\n" % own.encode()),
    st.sampled_from(
        [
            b"CHECK <hush@x.example>\r\n", b"CHECK\r\n", b"check x\r\n", b"MODE STREAM\r\n", b"DATE\r\n", b"\r\n",
            b"TAKETHIS\r\n.\r\n", b"takethis \xff\r\nQUIT\r\n.\r\n", b"TAKETHIS " + b"x" * 3000 + b"\r\n.\r\n",
            b"NOSUCH\r\n", b"Z" * 600 + b"\r\n", b"STAT <one@x.example>\r\n",
        ]
    ),
)  # fmt: skip  # a list of lines


class Whenever:
    """Tells what became of articles when it is told to, in any order."""

    def __init__(self) -> None:
        self.added: set[tuple[bytes, str]] = set()
        self.waiting: list[tuple[Deferred[Mapping[str, Outcome]], Mapping[str, Outcome]]] = []

    def accept(self, names: Sequence[str], raw: bytes) -> Deferred[Mapping[str, Outcome]]:
        message_id = raw.partition(b"Message-ID: ")[2].partition(b"\r\n")[0]
        usual = Outcome.WITHHELD if message_id < b"<b" else Outcome.ADDED
        outcomes = {
            name: Outcome.KNOWN if (message_id, name) in self.added else usual for name in names
        }
        self.added |= {(message_id, name) for name in names if usual is Outcome.ADDED}
        self.waiting.append((Deferred(), outcomes))
        return self.waiting[-1][0]

    def pending(self) -> int:
        return 0

    def tell(self, at: int) -> None:
        answer, outcomes = self.waiting.pop(at % len(self.waiting))
        answer.callback(outcomes)


def conversation(pieces: Sequence[bytes], order: Sequence[int], *, at_once: bool) -> bytes:
    """Return what a peer hears that sends some pieces; ``order`` says when and in which order articles are stored."""
    whenever, clock, socket = Whenever(), Clock(), Socket()
    talking = session(ARCHIVE, sink=sink_of(ARCHIVE, whenever), address=PEER_ADDRESS)
    connections = Connections(Limits(input_octets=4096), clock)
    protocol = SessionProtocol(talking, connections, PEER_ADDRESS, None)
    protocol.makeConnection(socket)
    heard, turns, unsent = [socket.take_all()], list(order), list(pieces)
    while unsent or whenever.waiting:
        if unsent and socket.producerState != "paused":
            protocol.dataReceived(unsent.pop(0))
        turn = turns.pop(0) if turns else 0
        if whenever.waiting and (
            at_once or turn % 2 or not unsent or socket.producerState == "paused"
        ):
            whenever.tell(turn)
        clock.advance(1)
        heard.append(socket.take_all())
    return b"".join(heard)


def without_time(answer: bytes) -> bytes:
    """Return the answers; what is said to an offer depends on when an article is stored, or is on its way."""
    return re.sub(rb"(?m)^(?:238|431|438) ", b"238 ", answer)


@given(
    st.lists(COMMANDS, max_size=10),
    st.lists(st.integers(1, 900), max_size=40),
    st.lists(st.integers(0, 9), max_size=40),
)
def test_answers_depend_neither_on_packets_nor_on_when_articles_are_stored(
    commands: list[bytes], cuts: list[int], order: list[int]
) -> None:
    sent = b"".join(commands)
    whole = conversation([sent], [], at_once=True)
    one_by_one = conversation(commands, [], at_once=True)
    assert without_time(whole) == without_time(one_by_one)
    pieces = []
    for cut in cuts:
        pieces.append(sent[:cut])
        sent = sent[cut:]
    assert without_time(conversation([*pieces, sent], order, at_once=False)) == without_time(whole)


@given(
    st.lists(st.one_of(COMMANDS, st.binary(max_size=60)), max_size=10), st.lists(st.integers(0, 9))
)
def test_every_answer_is_well_formed_and_none_an_internal_fault(
    commands: list[bytes], order: list[int]
) -> None:
    answer = conversation([*commands, b"\r\n.\r\nDATE\r\n"], order, at_once=False)
    lines = answer.split(b"\r\n")
    assert lines.pop() == b""
    assert lines[0].startswith(b"201 ")
    for line in lines:
        assert re.fullmatch(rb"[1-5][0-9][0-9] [^\0-\x1f\x7f]{1,506}", line)
        assert not line.startswith(b"403 ")


@given(st.lists(transfers(), max_size=6))
def test_an_article_of_a_stranger_is_never_taken_for_commands(sent: list[bytes]) -> None:
    client = session(ARCHIVE, sink=sink_of(ARCHIVE, Whenever()), address="198.51.100.1")
    socket = Socket()
    protocol = SessionProtocol(client, Connections(Limits(), Clock()), "198.51.100.1", None)
    protocol.makeConnection(socket)
    protocol.dataReceived(b"".join(sent) + b"DATE\r\n")
    answers = socket.take_all().split(b"\r\n")[1:-1]
    assert answers == [b"480 log in first"] * len(sent) + [b"111 20261122063526"]
