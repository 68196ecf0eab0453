"""Whatever messages say, a public-inbox made of them gives them back; and a reader may stop anywhere."""

from __future__ import annotations

import asyncio
import tempfile
from pathlib import Path

from hypothesis import given, settings
from hypothesis import strategies as st

from storage.export_public_inbox import export_public_inbox
from storage.sources import open_source
from storage.sources.base import Incoming, Withdrawn
from tests.mail import MemoryEngine, fill
from tests.repositories import NEEDS_GIT, grown
from tests.sources.mboxes import message

pytestmark = NEEDS_GIT

WORDS = st.sampled_from([
    *(b"<", b">", b'"', b"@", b"\0", b"\r", b"\n ", b"data 5\n", b"a@b", b"=?utf-8?q?=0A=00=3C?="),
    *(b"=?utf-16?b?2AA=?=", b"Listgate: 1 2 3 4", b"\n\nListgate: 1 2 3 4", b"\xed\xa0\x80", b"x" * 300),
])  # fmt: skip
FIELD = st.lists(WORDS | st.binary(max_size=8), max_size=5).map(b"".join)
RAWS = st.builds(
    lambda own, sender, subject, body: (
        b"Message-ID: <%d@x>\nFrom: %b\nSubject: %b\n\n%b" % (own, sender, subject, body)
    ),
    st.integers(0, 9**9),
    FIELD,
    FIELD,
    st.binary(max_size=50),
)


@given(st.lists(RAWS, min_size=1, max_size=4), st.integers(0, 4))
@settings(max_examples=25, deadline=None)
def test_an_export_in_two_runs_gives_every_octet_back(raws: list[bytes], cut: int) -> None:
    engine = MemoryEngine()
    with tempfile.TemporaryDirectory() as folder:
        inbox = Path(folder, "inbox")
        for now, part in enumerate((raws[:cut], raws[cut:])):
            fill(engine.writer(), "l", part, now=1_700_000_000 + now)
            asyncio.run(export_public_inbox(engine.archive(), "l", inbox))
        archive = engine.archive()
        record = archive.mailing_list("l")
        kept = [asyncio.run(archive.raw("l", n)) for n in range(1, record.high + 1)]
        items = list(open_source(str(inbox)).messages(b""))
        assert [each.raw for each in items if isinstance(each, Incoming)] == kept
        assert len(items) == len(kept)


COMMITS = st.lists(
    st.tuples(st.sampled_from(["m", "d", "README"]), st.integers(0, 3)), min_size=1, max_size=6
)


@given(st.lists(COMMITS, min_size=1, max_size=3))
@settings(max_examples=20, deadline=None)
def test_a_reader_may_stop_anywhere(epochs: list[list[tuple[str, int]]]) -> None:
    with tempfile.TemporaryDirectory() as folder:
        expected, before = [], None
        for number, commits in enumerate(epochs):
            before = None
            for name, which in commits:
                if name != "README" and (name, which) != before:
                    expected.append((Incoming if name == "m" else Withdrawn, message(which)))
                before = name, which
            files: list[dict[str, bytes | None]] = [{name: message(n)} for name, n in commits]
            grown(Path(folder, f"git/{number}.git"), *files)
        source = open_source(folder)
        items = list(source.messages(b""))
        assert [(type(each), getattr(each, "raw", b"")) for each in items] == expected
        for at, each in enumerate(items):
            rest = list(source.messages(each.cursor))
            assert [getattr(one, "raw", b"") for one in rest] == [
                raw for _, raw in expected[at + 1 :]
            ]
