"""Private keys at rest: AES-256-GCM with a key that is not in the database. Pure.

A copy of the database (a backup, a replica, an injection that reads) then holds nothing that can sign. The key id is
authenticated with the key, so that two rows cannot trade their keys.

Refuses keys of any size but 32 bytes, and to say anything about what it could not open.
"""

import base64
import binascii
import secrets
from collections.abc import Sequence

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

_NONCE = 12
_SIZE = 32


class Sealed(Exception):
    """None of our keys opens this."""


def parse(text: str) -> list[bytes]:
    """KEY_ENCRYPTION_KEY as keys; raises ValueError with what it has to be."""
    try:
        keys = [base64.b64decode(part.strip(), altchars=b"-_", validate=True) for part in _standard(text).split(",")]
    except (binascii.Error, ValueError):
        keys = []
    if not keys or any(len(key) != _SIZE for key in keys):
        raise ValueError(
            f"must be {_SIZE} random bytes in base64, as `openssl rand -base64 {_SIZE}` prints them"
            " (several of them with commas between: the first seals, all open)"
        )
    return keys


def _standard(text: str) -> str:
    """Either alphabet of base64 as the one with - and _."""
    return text.replace("+", "-").replace("/", "_")


class Box:
    """Seals with the first key, opens with any."""

    def __init__(self, keys: Sequence[bytes]) -> None:
        self._ciphers = [AESGCM(key) for key in keys]

    def seal(self, name: str, content: bytes) -> bytes:
        """Encrypted under that name."""
        nonce = secrets.token_bytes(_NONCE)
        return nonce + self._ciphers[0].encrypt(nonce, content, name.encode())

    def open(self, name: str, sealed: bytes) -> bytes:
        """What was sealed under that name; raises Sealed."""
        for cipher in self._ciphers:
            try:
                return cipher.decrypt(sealed[:_NONCE], sealed[_NONCE:], name.encode())
            except (InvalidTag, ValueError):
                continue
        raise Sealed
