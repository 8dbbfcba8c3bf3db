"""The key that signs access tokens, taken from where it is kept: only its owner could.

Refuses to sign: it is for showing that our own signature is not enough.
"""

from __future__ import annotations

from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey

from tests.system.harness.base import System
from users.keys import model
from users.keys.sealing import Box, parse

_ACTIVE = (
    "SELECT kid, encode(private_key, 'hex') AS sealed FROM signing_keys WHERE signs_from <= now()"
    " AND (signs_until IS NULL OR signs_until > now())"
)


def active_key(system: System) -> RSAPrivateKey:
    """The private half of the key that signs now."""
    (row,) = system.sql("users", _ACTIVE)
    box = Box(parse(system.encryption_key))
    return model.read(box.open(row["kid"], bytes.fromhex(row["sealed"])))
