from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, x25519
from OpenSSL import SSL

from gateway.tls import BadCertificate, ServerCertificate
from tests.server.conftest import make_pem

if TYPE_CHECKING:
    from pathlib import Path


def _version_offered(certificate: ServerCertificate, newest: int) -> bool:
    """Tell whether a handshake in memory succeeds with a client that knows versions up to ``newest``."""
    context = SSL.Context(SSL.TLS_CLIENT_METHOD)
    context.set_max_proto_version(newest)
    client = SSL.Connection(context, None)
    client.set_connect_state()
    server = certificate.serverConnectionForTLS(None)  # type: ignore[arg-type]  # it is not looked at
    server.set_accept_state()
    for _ in range(4):
        for one, other in ((client, server), (server, client)):
            try:
                one.do_handshake()
            except SSL.WantReadError:
                pass
            except SSL.Error:
                return False
            with contextlib.suppress(SSL.WantReadError):
                other.bio_write(one.bio_read(1 << 16))
    return True


def test_tls_1_2_and_later(pem: tuple[Path, Path]) -> None:
    certificate = ServerCertificate(*pem)
    assert _version_offered(certificate, SSL.TLS1_3_VERSION)
    assert _version_offered(certificate, SSL.TLS1_2_VERSION)
    assert not _version_offered(certificate, SSL.TLS1_1_VERSION)


def test_the_chain_is_sent_along(tmp_path: Path) -> None:
    first, key = make_pem(tmp_path, "first")
    second, _ = make_pem(tmp_path, "second")
    chain = tmp_path / "chain.pem"
    chain.write_bytes(first.read_bytes() + second.read_bytes())
    assert _version_offered(ServerCertificate(chain, key), SSL.TLS1_3_VERSION)


def test_a_renewed_certificate_is_read_again(tmp_path: Path) -> None:
    certificate, key = make_pem(tmp_path)
    served = ServerCertificate(certificate, key)
    before = _serial(served)
    make_pem(tmp_path)
    assert _serial(served) == before
    served.reload()
    assert _serial(served) != before


def test_an_unusable_renewal_leaves_the_old_one_in_force(tmp_path: Path) -> None:
    certificate, key = make_pem(tmp_path)
    served = ServerCertificate(certificate, key)
    before = _serial(served)
    certificate.write_text("nonsense")
    with pytest.raises(BadCertificate):
        served.reload()
    assert _serial(served) == before


def test_errors_name_the_file(tmp_path: Path, pem: tuple[Path, Path]) -> None:
    certificate, key = pem
    other = make_pem(tmp_path, "other")[1]
    junk = tmp_path / "junk.pem"
    junk.write_text("-----BEGIN CERTIFICATE-----\n")
    missing = tmp_path / "missing.pem"
    odd = tmp_path / "odd.key"
    odd.write_bytes(
        x25519.X25519PrivateKey.generate().private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
    )
    locked = tmp_path / "locked.key"
    locked.write_bytes(
        ec.generate_private_key(ec.SECP256R1()).private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.BestAvailableEncryption(b"passphrase"),
        )
    )
    for files, says in (
        ((missing, key), "missing.pem: cannot be read: No such file or directory"),
        ((certificate, missing), "missing.pem: cannot be read: No such file or directory"),
        ((junk, key), "junk.pem: holds no PEM certificate"),
        ((certificate, junk), "junk.pem: is not the unencrypted PEM key of"),
        ((certificate, odd), "odd.key: is not the unencrypted PEM key of"),
        ((certificate, locked), "locked.key: is not the unencrypted PEM key of"),
        ((certificate, other), "other.key: is not the unencrypted PEM key of"),
    ):
        with pytest.raises(BadCertificate, match=says):
            ServerCertificate(*files)


def _serial(certificate: ServerCertificate) -> int:
    server = certificate.serverConnectionForTLS(None)  # type: ignore[arg-type]  # it is not looked at
    shown = server.get_certificate()
    assert shown is not None
    return shown.get_serial_number()
