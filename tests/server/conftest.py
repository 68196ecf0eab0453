"""The reactor, running in a thread for as long as these tests do, and a certificate."""

from __future__ import annotations

import datetime as dt
import threading
from typing import TYPE_CHECKING, Any, Protocol, TypeVar, cast

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID
from twisted.internet.defer import Deferred
from twisted.internet.threads import blockingCallFromThread

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine, Iterator
    from pathlib import Path

    from twisted.internet.base import ReactorBase

T = TypeVar("T")


class RunInReactor(Protocol):
    """Runs a coroutine in the reactor's thread and returns its result."""

    def __call__(self, function: Callable[[], Coroutine[Any, Any, T]]) -> T: ...


@pytest.fixture(scope="session")
def reactor() -> Iterator[ReactorBase]:
    """The running reactor."""
    from twisted.internet import reactor as default  # noqa: PLC0415 - to import it is to install it

    made = cast("ReactorBase", default)
    thread = threading.Thread(target=made.run, args=(False,), daemon=True)
    running = threading.Event()
    made.callWhenRunning(running.set)
    thread.start()
    assert running.wait(10)
    yield made
    made.callFromThread(made.stop)
    thread.join(10)


@pytest.fixture
def run_in_reactor(reactor: ReactorBase) -> RunInReactor:
    """Run coroutines in the reactor."""

    def run(function: Callable[[], Coroutine[Any, Any, T]]) -> T:
        results: list[T] = []

        async def keep() -> None:
            results.append(await function())

        blockingCallFromThread(
            reactor,
            lambda: Deferred.fromCoroutine(keep()),  # type: ignore[arg-type]  # mypy cannot solve Twisted's overloads here
        )
        return results[0]

    return run


@pytest.fixture(scope="session")
def pem(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """A certificate for localhost and its key, as PEM files."""
    return make_pem(tmp_path_factory.mktemp("pem"))


def make_pem(folder: Path, name: str = "localhost") -> tuple[Path, Path]:
    """Write a certificate and its key."""
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    now = dt.datetime.now(dt.UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - dt.timedelta(days=1))
        .not_valid_after(now + dt.timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName(name)]), critical=False)
        .sign(key, hashes.SHA256())
    )
    paths = folder / f"{name}.crt", folder / f"{name}.key"
    paths[0].write_bytes(certificate.public_bytes(serialization.Encoding.PEM))
    paths[1].write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
    )
    return paths
