"""Whatever is asked for, no page fails."""

from __future__ import annotations

from functools import cache
from typing import Final
from urllib.parse import quote

from hypothesis import given, settings
from hypothesis import strategies as st

from gateway.web import routes
from tests.mail import MemoryEngine, fill
from tests.web.made import LISTS
from tests.web.site.conversation import World

SEGMENTS: Final = st.sampled_from(
    [
        "",
        *LISTS,
        "made",
        "m",
        "first@x.example",
        "nobody@x.example",
        "%3Cfirst@x.example%3E",
        "2004",
        "01",
        "05",
        "13",
        "99",
        "0",
        "1",
        "2",
        "99999",
        "9999",
        "%2F",
        "%00",
        "%FF",
        "..",
        ".",
        "%2e%2e",
        "a" * 300,
    ]
) | st.binary(max_size=6).map(quote)

FITTING: Final = {
    "name": [*LISTS],
    "id": ["first@x.example", "quotes@x.example", "talk0@x.example", "talk7@x.example"],
    "year": ["2004"],
    "month": ["01", "03"],
    "day": ["01", "05", "06"],
    "place": ["1", "2"],
    "part": ["1", "2"],
}

VALUES: Final = st.sampled_from(
    ["", "1", "0", "-1", "99999999999999999999", "newest", "best", "x", '"', "from:", "%00", "%FF", "+", "a:b (", "é"]
) | st.text(max_size=12)  # fmt: skip

QUERIES: Final = st.dictionaries(
    st.sampled_from(["q", "sort", "since", "page", "part", "order", "after", "before", "from", "o", "n"]),
    VALUES,
    max_size=3,
).map(lambda pairs: "&".join(f"{key}={quote(text)}" for key, text in pairs.items()))  # fmt: skip


@cache
def world() -> World:
    engine = MemoryEngine()
    for name, mails in LISTS.items():
        fill(engine.writer(), name, mails)
    return World(engine.archive())


@st.composite
def targets(draw: st.DrawFn) -> str:
    """Return a path that fits a route, with captures that may not, or any path."""
    patterns = sorted(
        "/".join(f"{{{name}}}" if name else literal.decode() for name, literal in each.segments)
        for several in routes._ROUTES.values()
        for each in several
    )
    pattern = draw(st.sampled_from([*patterns, "{}/{}/{}", "{}/{}"]))
    parts = [_part(draw, part) for part in pattern.split("/")]
    query = draw(QUERIES)
    return "/" + "/".join(parts) + (f"?{query}" if query else "")


def _part(draw: st.DrawFn, part: str) -> str:
    if not part.startswith("{"):
        return part
    fitting = FITTING.get(part[1:-1])
    return draw(st.sampled_from(fitting) if fitting and draw(st.integers(0, 4)) else SEGMENTS)


@settings(max_examples=300, deadline=None)
@given(targets())
def test_no_page_fails(target: str) -> None:
    assert len(routes._ROUTES) > 3
    got = world().get(target)
    assert got.status in {200, 301, 302, 400, 404, 410}, target
    if got.status in {301, 302}:
        assert got.fields["location"].startswith("/"), target
        assert not got.fields["location"].startswith("//"), target
    assert got.fields["content-security-policy"], target
