"""What is kept equals what is made anew, whatever happens to the archive."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from hypothesis import given, settings
from hypothesis import strategies as st

from gateway.web.config import WebConfig
from tests.mail import NOW, MemoryEngine, fill, mail
from tests.web.site.conversation import World

if TYPE_CHECKING:
    from tests.web.site.conversation import Got

LISTS: Final = ("lists.alpha", "lists.beta")
IDS: Final = ("one", "two", "three", "four")

LASTS: Final = (
    "", "/thread", "/flat", "/raw", "/message.json", "/thread.json", "/thread.atom", "/thread.mbox.gz"
)  # fmt: skip

PATHS: Final = [
    "/",
    "/lists.json",
    *(
        f"/{name}{path}"
        for name in LISTS
        for path in (
            "",
            "/",
            "/2004/",
            "/2004/01/",
            "/2004/01/01/",
            "/2004/01/01/1",
            "/recent",
            "/threads",
            "/list.atom",
            "/list.json",
            *(f"/m/{own}@x.example{last}" for own in IDS for last in LASTS),
        )
    ),
]

STEPS = st.lists(
    st.tuples(
        st.sampled_from(["fill", "remove", "hide", "unhide", "describe"]),
        st.sampled_from(LISTS),
        st.sampled_from(IDS),
        st.sampled_from([None, *IDS]),
    ),
    min_size=1,
    max_size=6,
)


def shown(got: Got) -> tuple[int, bytes, dict[str, str]]:
    return got.status, got.body, got.fields


@settings(max_examples=25, deadline=None)
@given(STEPS, st.lists(st.sampled_from(PATHS), min_size=3, max_size=6, unique=True))
def test_after_any_history(steps: list[tuple[str, str, str, str | None]], paths: list[str]) -> None:
    engine = MemoryEngine()
    for name in LISTS:
        fill(engine.writer(), name, [mail("one"), mail("two", answers="one")])
    keeping = World(engine.archive())
    anew = World(keeping.archive, config=WebConfig(kept_octets=0))
    for path in paths:
        keeping.get(path)
    for at, step in enumerate(steps, 1):
        happen(engine, step, NOW + at)
        keeping.archive.refresh()
        for path in paths:
            assert shown(keeping.get(path)) == shown(anew.get(path)), path
            assert shown(keeping.get(path)) == shown(anew.get(path)), path


def happen(engine: MemoryEngine, step: tuple[str, str, str, str | None], now: int) -> None:
    """Change the archive."""
    what, name, own, answered = step
    writer = engine.writer()
    archive = engine.archive()
    if what == "fill":
        fill(writer, name, [mail(own, answers=answered, body=f"{now}\n")], now=now)
        return
    record = archive.mailing_list(name)
    numbers = [number for run in record.present(record.low, record.high) for number in run]
    number = numbers[IDS.index(own) % len(numbers)] if numbers else 0
    with writer.batch() as batch:
        if what == "describe":
            batch.describe(name, description=f"Described at {now}")
        elif not number:
            return
        elif what == "remove":
            batch.remove(name, number)
        elif what == "hide":
            batch.hide(name, [number])
        else:
            batch.unhide(name, [number])
