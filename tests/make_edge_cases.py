"""Write the edge cases as files: ``python -m tests.make_edge_cases FOLDER``.

Makes ``FOLDER/eml/NAME.eml``, ``FOLDER/mbox/NAME.mbox`` and ``FOLDER/cases.json``, which says of each file why it is
nasty and what is expected of it.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path

from tests.edge_cases import cases


def write(folder: Path) -> int:
    """Write all cases; return how many there are."""
    index = []
    for case in cases():
        path = folder / case.file
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(case.data)
        index.append({"file": case.file, "why": case.why, "expect": case.expect})
    (folder / "cases.json").write_text(json.dumps(index, indent=1, ensure_ascii=False))
    return len(index)


def main(arguments: list[str]) -> int:
    """Write the cases into the folder that is named; return the exit status."""
    if len(arguments) != 1:
        sys.stderr.write("usage: python -m tests.make_edge_cases FOLDER\n")
        return 2
    sys.stdout.write(f"{write(Path(arguments[0]))} cases\n")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
