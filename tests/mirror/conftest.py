"""A certificate for localhost, the server's side of it, and clients that trust it."""

from __future__ import annotations

import ssl
from typing import TYPE_CHECKING

import pytest

from tests.server.conftest import make_pem

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture(scope="session")
def pem(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """A certificate for localhost, and its key."""
    return make_pem(tmp_path_factory.mktemp("tls"))


@pytest.fixture(scope="session")
def server_tls(pem: tuple[Path, Path]) -> ssl.SSLContext:
    """What a server on localhost has."""
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(*pem)
    return context


@pytest.fixture
def trusted(pem: tuple[Path, Path], monkeypatch: pytest.MonkeyPatch) -> None:
    """Have clients trust it, as an operator would."""
    monkeypatch.setenv("SSL_CERT_FILE", str(pem[0]))
