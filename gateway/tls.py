"""The server's certificate: read from PEM files, read again on request, given to every TLS connection."""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING

from cryptography import x509
from OpenSSL import SSL, crypto
from twisted.internet.interfaces import IOpenSSLServerConnectionCreator
from twisted.internet.ssl import CertificateOptions, TLSVersion
from zope.interface import implementer

if TYPE_CHECKING:
    from pathlib import Path

    from twisted.protocols.tls import TLSMemoryBIOProtocol

__all__ = ["BadCertificate", "ServerCertificate"]


class BadCertificate(Exception):
    """The certificate or key cannot be used; the text is one line for the operator."""


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
        first, *others = _certificates(self._certificate)
        try:
            options = CertificateOptions(
                privateKey=crypto.load_privatekey(crypto.FILETYPE_PEM, _read(self._key)),
                certificate=first,
                extraCertChain=others,
                raiseMinimumTo=TLSVersion.TLSv1_2,
            )
            context = options.getContext()
            context.check_privatekey()
        except (SSL.Error, crypto.Error, ValueError, TypeError):
            raise BadCertificate(
                f"{self._key}: is not the unencrypted PEM key of {self._certificate}"
            ) from None
        return context


def _certificates(path: Path) -> list[crypto.X509]:
    with contextlib.suppress(ValueError):
        return [
            crypto.X509.from_cryptography(each)
            for each in x509.load_pem_x509_certificates(_read(path))
        ]
    raise BadCertificate(f"{path}: holds no PEM certificate")


def _read(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise BadCertificate(f"{path}: cannot be read: {error.strerror or error}") from None
