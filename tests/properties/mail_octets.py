"""Octets that look like mail, and octets that do their worst to look like mail."""

from __future__ import annotations

from hypothesis import strategies as st

NAMES = (
    b"From",
    b"To",
    b"Subject",
    b"Date",
    b"Message-ID",
    b"References",
    b"In-Reply-To",
    b"Received",
    b"Control",
)
LINE_ENDS = (b"\n", b"\r\n")

PIECES = (
    *(name + b":" for name in NAMES),
    *(b"\n", b"\r\n", b"\r", b"\0", b" ", b"\t", b"\n ", b"\n\n", b"\r\n\r\n", b":", b"x", b"@", b".", b"\xe9"),
    *(b"<a@x>", b"<", b">", b"(", b")", b"<b c@x>", b"<plain>", b"\xef\xbb\xbf", b"From a@x Tue Jan  2 10:00:00 2024"),
    *(b"Tue, 02 Jan 2024 10:00:00 +0000", b"; ", b"=?utf-8?Q?=C3=A9?=", b"=?utf-8?B?w6k=?=", b"Re: ", b"[list] "),
)  # fmt: skip  # a list of words

octets = st.one_of(
    st.lists(st.sampled_from(PIECES), max_size=40).map(b"".join),
    st.binary(max_size=200),
)
"""Anything, mostly made of what has a meaning in mail."""

_printable = st.text(st.characters(min_codepoint=33, max_codepoint=126), min_size=1, max_size=20)
_words = st.lists(_printable, min_size=1, max_size=5).map(lambda words: " ".join(words).encode())
_bodies = st.lists(st.one_of(st.just(b""), _words), max_size=5).map(
    lambda lines: b"\n".join([*lines, b""])
)

sound_ids = st.from_regex(rb"<[!-;=?A-~]{1,20}@[!-;=?-~]{1,20}>", fullmatch=True)


@st.composite
def ordinary_mails(draw: st.DrawFn) -> bytes:
    """A mail as RFC 5322 wants it, apart from LF for line ends."""
    fields = [
        b"%b: %b\n" % (name, draw(_words))
        for name in draw(st.lists(st.sampled_from(NAMES[:3]), max_size=6))
    ]
    fields.append(b"Message-ID: %b\n" % draw(sound_ids))
    return b"".join([*draw(st.permutations(fields)), b"\n", draw(_bodies)])
