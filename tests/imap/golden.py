"""The edge cases whose ENVELOPE or BODYSTRUCTURE are golden files: ``python -m tests.imap.golden`` writes them anew.

They were compared with a real Dovecot's; see ``golden/imap/README.md``. Look at what changed before it is committed.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Final

from gateway.imap.render import bodystructure, envelope
from storage.message.fields import parse_header
from storage.message.ids import message_id, synthetic_id
from storage.message.same import identity
from storage.message.served import serve, served_head
from storage.message.structure import structure
from tests.edge_cases import cases

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["GOLDEN", "rendered"]

GOLDEN: Final = Path(__file__).resolve().parents[1] / "golden" / "imap"

_MAX_OCTETS: Final = 8192  # a file that nobody can look at proves nothing
_WITH_ENVELOPE: Final = ("bom", "date-", "from-", "header-", "mid-", "no-", "subj")
_WITH_STRUCTURE: Final = ("body-", "charset-", "crypto-", "cte-", "ctype-", "disp-", "mime-")


def rendered() -> Iterator[tuple[str, bytes]]:
    """Yield the name of each file and what it holds."""
    for case in cases():
        path = Path(case.file)
        if path.suffix != ".eml":
            continue
        octets = _served(case.data)
        if path.name.startswith(_WITH_ENVELOPE):
            text = envelope(parse_header(octets))
            if len(text) <= _MAX_OCTETS:
                yield f"{path.stem}.envelope", text
        if path.name.startswith(_WITH_STRUCTURE):
            text = bodystructure(structure(octets))
            if len(text) <= _MAX_OCTETS:
                yield f"{path.stem}.bodystructure", text


def _served(raw: bytes) -> bytes:
    header = parse_header(raw)
    own = message_id(header)[0] or synthetic_id(identity(raw, header))
    return serve(raw, served_head(raw, header, own, None))


def main() -> None:
    """Write the files."""
    for name, text in rendered():
        (GOLDEN / name).write_bytes(text + b"\n")


if __name__ == "__main__":
    main()
