"""The server's certificate: read from PEM files, read again on request, given to every TLS connection."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.ec import EllipticCurvePrivateKey
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
from cryptography.hazmat.primitives.serialization import load_pem_private_key
from OpenSSL import SSL
from twisted.internet.interfaces import IOpenSSLServerConnectionCreator
from zope.interface import implementer

from gateway.errors import Refused

if TYPE_CHECKING:
    from pathlib import Path

    from twisted.protocols.tls import TLSMemoryBIOProtocol

__all__ = ["BadCertificate", "ServerCertificate"]

_CIPHERS: Final = b"ECDHE+AESGCM:ECDHE+CHACHA20"
"""For TLS 1.2; 1.3 has none that are weak. Forward secrecy and authenticated encryption: RFC 9325 s. 4.2."""


class BadCertificate(Refused):
    """The certificate or key cannot be used."""


@implementer(IOpenSSLServerConnectionCreator)
class ServerCertificate:
    """A certificate, the certificates that vouch for it, and its key. TLS 1.2 and later (RFC 9325 s. 3.1).

    Raises:
        BadCertificate: a file cannot be read, or they do not belong together.
    """

    def __init__(self, certificate: Path, key: Path) -> None:
        self._certificate = certificate
        self._key = key
        self._context = self._load()

    def reload(self) -> None:
        """Read the files again, for connections to come; keep what was read before if they are unusable.

        Raises:
            BadCertificate: they are.
        """
        self._context = self._load()

    def serverConnectionForTLS(  # noqa: N802 - Twisted's name
        self,
        tlsProtocol: TLSMemoryBIOProtocol,  # noqa: ARG002, N803 - Twisted's signature
    ) -> SSL.Connection:
        """Return a new connection's TLS state."""
        return SSL.Connection(self._context, None)

    def _load(self) -> SSL.Context:
        context = SSL.Context(SSL.TLS_SERVER_METHOD)
        context.set_min_proto_version(SSL.TLS1_2_VERSION)
        context.set_options(SSL.OP_NO_COMPRESSION | SSL.OP_NO_RENEGOTIATION)
        context.set_mode(SSL.MODE_RELEASE_BUFFERS)  # an idle connection's: 34 KiB
        context.set_cipher_list(_CIPHERS)
        context.set_session_id(b"listgate")
        _read(self._certificate)  # OpenSSL would not say why it cannot
        try:
            context.use_certificate_chain_file(str(self._certificate))
        except SSL.Error:
            raise BadCertificate(f"{self._certificate}: holds no PEM certificate") from None
        try:
            key = load_pem_private_key(_read(self._key), password=None)
            if not isinstance(key, RSAPrivateKey | EllipticCurvePrivateKey | Ed25519PrivateKey):
                raise UnsupportedAlgorithm("no kind of key that TLS clients know")
            context.use_privatekey(key)
            context.check_privatekey()
        except (SSL.Error, ValueError, TypeError, UnsupportedAlgorithm):
            raise BadCertificate(
                f"{self._key}: is not the unencrypted PEM key of {self._certificate}"
            ) from None
        return context


def _read(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise BadCertificate(f"{path}: cannot be read: {error.strerror or error}") from None
