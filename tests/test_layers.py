"""The arrows of the design point down only: who may import whom, read from the source."""

from __future__ import annotations

import ast
from pathlib import Path
from typing import TYPE_CHECKING, Final

import pytest

if TYPE_CHECKING:
    from collections.abc import Iterator

ROOT: Final = Path(__file__).resolve().parents[1]

# I/O that a core without I/O has no use for.
IO: Final = ("twisted", "socket", "ssl", "select", "selectors", "asyncio", "threading", "sqlite3")
CORES: Final = (
    "gateway/nntp",
    "gateway/imap",
    "gateway/lmtp",
    "gateway/wire.py",
    "gateway/access.py",
    "gateway/deflate.py",
    "gateway/ready.py",
    "gateway/names.py",
    "gateway/sasl.py",
    "gateway/scram.py",
    "gateway/mechanisms.py",
    "gateway/mirror/article.py",
    "gateway/mirror/fed.py",
    "gateway/mirror/forecast.py",
    "gateway/mirror/ledger.py",
    "gateway/mirror/nntp_client.py",
    "gateway/mirror/webrequest.py",
    "gateway/mirror/schedule.py",
    "gateway/peers.py",
    "gateway/acceptance.py",
)

FORBIDDEN: Final = [
    ("storage", ("gateway", "twisted", "tests")),
    ("gateway", ("tests",)),
    *(
        (core, (*IO, "gateway.server", "gateway.transport", "gateway.config", "gateway.cli"))
        for core in CORES
    ),
    *(
        (
            core,
            (
                "storage.memory",
                "storage.sqlite",
                "storage.postgres",
                "storage.writer",
                "storage.ingest",
            ),
        )
        for core in CORES
    ),
    ("storage/replica.py", ("storage.archive", "storage.writer", "storage.ingest", *IO)),
    ("gateway/nntp", ("gateway.imap", "gateway.web")),
    ("gateway/imap", ("gateway.nntp", "gateway.web")),
    ("gateway/lmtp", ("gateway.nntp", "gateway.imap", "gateway.web")),
    ("gateway/web", ("gateway.nntp", "gateway.imap")),
    *(
        (f"gateway/web/{part}", (*IO, "gateway.web.site", "gateway.server", "gateway.config"))
        for part in (
            "access_log.py",
            "answering.py",
            "answers.py",
            "askers.py",
            "asks.py",
            "begun.py",
            "codings.py",
            "conditional.py",
            "kept.py",
            "limits.py",
            "logins.py",
            "requests.py",
            "responses.py",
            "session.py",
            "routes.py",
            "reading.py",
            "settings.py",
            "templates.py",
            "urls.py",
            "pages",
            "body",
            "search",
            "machine",
        )
    ),
    ("gateway/mirror", ("twisted", "gateway.server", "gateway.serving", "gateway.commands")),
    ("gateway/nntp/session.py", ("gateway.nntp.commands",)),
    ("gateway/nntp/registry.py", ("gateway.nntp.commands",)),
    (
        "storage/message",
        ("storage.archive", "storage.writer", "storage.ingest", "sqlite3", "socket"),
    ),
]


@pytest.mark.parametrize(("part", "forbidden"), FORBIDDEN)
def test_arrows(part: str, forbidden: tuple[str, ...]) -> None:
    wrong = [
        f"{path.relative_to(ROOT)}:{line} imports {name}"
        for path in sources(ROOT / part)
        for line, name in imports(path)
        if any(name == other or name.startswith(other + ".") for other in forbidden)
    ]
    assert not wrong


def sources(part: Path) -> Iterator[Path]:
    """Yield the modules of a part, which may not be there yet."""
    if part.is_file():
        yield part
    yield from sorted(part.rglob("*.py"))


def imports(path: Path) -> Iterator[tuple[int, str]]:
    """Yield what a module imports at run time or for its types, with the line."""
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if isinstance(node, ast.Import):
            yield from ((node.lineno, alias.name) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}: relative import"
            yield node.lineno, node.module or ""
            yield from ((node.lineno, f"{node.module}.{alias.name}") for alias in node.names)


def test_the_test_sees_imports(tmp_path: Path) -> None:
    module = tmp_path / "m.py"
    module.write_text("import a.b\nfrom c import d\ndef f():\n    import e\n")
    assert {name for _, name in imports(module)} == {"a.b", "c", "c.d", "e"}
    assert list(sources(module)) == [module]
    assert list(sources(tmp_path)) == [module]
