"""The client's side of SCRAM-SHA-256, from the RFC's words alone, to try a server with."""

from __future__ import annotations

import hashlib
import hmac
from base64 import b64decode, b64encode
from dataclasses import dataclass


@dataclass(slots=True)
class ScramClient:
    """Knows a password; ``name`` and ``extensions`` are written as they are. RFC 5802 s. 3."""

    name: str
    password: str
    nonce: str = "rOprNGfwEbeRWgbNEkqO"
    gs2: str = "n,,"
    extensions: str = ""
    signature: bytes = b""

    @property
    def bare(self) -> str:
        return f"n={self.name},r={self.nonce}{self.extensions}"

    def first(self) -> bytes:
        return (self.gs2 + self.bare).encode()

    def final(self, challenge: bytes) -> bytes:
        """Answer a server-first-message, and know what signature is due for it."""
        nonce, salt, iterations = (part[2:] for part in challenge.decode().split(","))
        assert nonce.startswith(self.nonce)
        assert len(nonce) > len(self.nonce)
        salted = hashlib.pbkdf2_hmac(
            "sha256", self.password.encode(), b64decode(salt), int(iterations)
        )
        key = hmac.digest(salted, b"Client Key", "sha256")
        without_proof = f"c={b64encode(self.gs2.encode()).decode()},r={nonce}{self.extensions}"
        said = f"{self.bare},{challenge.decode()},{without_proof}".encode()
        mask = hmac.digest(hashlib.sha256(key).digest(), said, "sha256")
        proof = bytes(a ^ b for a, b in zip(key, mask, strict=True))
        self.signature = b"v=" + b64encode(
            hmac.digest(hmac.digest(salted, b"Server Key", "sha256"), said, "sha256")
        )
        return f"{without_proof},p={b64encode(proof).decode()}".encode()
