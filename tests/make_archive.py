"""Make a synthetic mailing-list archive: ``python -m tests.make_archive --messages 1000000 --out FOLDER``.

Writes ``FOLDER/LIST.mbox`` for each list, or all lists as one stream to standard output, and with ``--truth`` who
answers whom: ``FOLDER/truth.tsv``, or standard error, a line a record of list, number, octet offset, octets, thread,
parent's Message-ID (``-`` none, ``?`` never archived), Message-ID, flags. The same options give the same octets; see
``tests.synthetic`` for what is in them. ``--skip N`` gives exactly what would follow the first N records.
"""

from __future__ import annotations

import argparse
import sys
import time
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING

from tests.synthetic import MIME_SHARE, Generator, Options

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tests.synthetic import Truth


def main(arguments: Sequence[str] | None = None) -> int:
    """Make an archive as the arguments say; return the exit status."""
    given = _parser().parse_args(arguments)
    options = Options(
        messages=given.messages,
        lists=given.lists,
        seed=given.seed,
        rate=given.rate,
        start=given.start,
        defects=given.defects,
        mime=given.mime,
        skip=given.skip,
        pool=given.pool,
    )
    generator = Generator(options)
    began = time.perf_counter()
    if given.out == "-":
        writes = [sys.stdout.buffer.write] * options.lists
        generator.run(writes, _tell_on_stderr if given.truth else None)
        sys.stdout.flush()
    else:
        write_folder(generator, Path(given.out), truth=given.truth)
    if not given.quiet:
        _report(generator, time.perf_counter() - began)
    return 0


def write_folder(generator: Generator, folder: Path, *, truth: bool = False) -> None:
    """Write each list's mbox into a folder, and ``truth.tsv`` where it is wanted."""
    folder.mkdir(parents=True, exist_ok=True)
    with ExitStack() as stack:
        writes = [
            stack.enter_context((folder / f"{made.name.decode()}.mbox").open("wb", 1 << 20)).write
            for made in generator.lists
        ]
        if not truth:
            generator.run(writes)
            return
        table = stack.enter_context((folder / "truth.tsv").open("w", 1 << 20))
        generator.run(writes, lambda record: table.write(record.line()))


def _parser() -> argparse.ArgumentParser:
    defaults = Options()
    parser = argparse.ArgumentParser(prog="python -m tests.make_archive")
    add = parser.add_argument
    add("--messages", type=int, default=defaults.messages)
    add("--lists", type=int, default=defaults.lists)
    add("--seed", type=int, default=defaults.seed)
    add("--out", default="-", help="a folder, or - for standard output")
    add("--rate", type=float, default=defaults.rate, help="messages per day and list")
    add("--start", type=int, default=defaults.start, help="Unix time of the first message")
    add("--defects", type=float, default=defaults.defects, help="scale of damage; 0 for none")
    add("--mime", type=float, default=MIME_SHARE, help="share of multipart messages")
    add("--skip", type=int, default=defaults.skip, help="leave out the first N records")
    add("--pool", type=float, default=defaults.pool, help="how much text to choose from")
    add("--truth", action="store_true", help="write who answers whom")
    add("--quiet", action="store_true")
    return parser


def _tell_on_stderr(record: Truth) -> None:
    sys.stderr.write(record.line())


def _report(generator: Generator, seconds: float) -> None:
    messages, octets = sum(generator.numbers), sum(generator.octets)
    sys.stderr.write(
        f"{messages} messages, {octets} octets, {messages / max(seconds, 1e-9):.0f} messages/s\n"
    )
    for made, number in zip(generator.lists, generator.numbers, strict=True):
        sys.stderr.write(f"  {made.name.decode()} {number}\n")


if __name__ == "__main__":
    sys.exit(main())
