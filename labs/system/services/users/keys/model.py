"""A signing key and the stages of its life, as functions of time. Pure: refuses to look at a clock.

next: published, so that every verifier can learn it before it meets it
active: signs
retiring: signs no more, and stays published until the last token that it signed has expired
"""

import base64
import hashlib
import json
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Literal

from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey, RSAPublicKey, generate_private_key
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    load_der_private_key,
)
from jwt.algorithms import RSAAlgorithm

from chassis.identity.claims import ALGORITHM

State = Literal["next", "active", "retiring"]
_BITS = 2048
_EXPONENT = 65537


@dataclass(frozen=True)
class SigningKey:
    """One key with its times; the last two are open until it has a successor."""

    kid: str
    private: RSAPrivateKey = field(repr=False)
    created_at: datetime
    signs_from: datetime
    signs_until: datetime | None
    published_until: datetime | None

    @property
    def public(self) -> RSAPublicKey:
        """The half that everybody may have."""
        return self.private.public_key()

    def state(self, now: datetime) -> State | None:
        """The stage at this moment; None when it is over."""
        if now < self.signs_from:
            return "next"
        if self.signs_until is None or now < self.signs_until:
            return "active"
        return "retiring" if self.published_until is not None and now < self.published_until else None

    def jwk(self) -> dict[str, Any]:
        """The public half as an entry of a key set (RFC 7517)."""
        return {**_public_members(self.public), "use": "sig", "alg": ALGORITHM, "kid": self.kid}


def generate() -> tuple[str, bytes]:
    """A new key: its id and the private half as DER. Takes a tenth of a second of CPU: call it in a thread."""
    private = generate_private_key(public_exponent=_EXPONENT, key_size=_BITS)
    return thumbprint(private.public_key()), private.private_bytes(Encoding.DER, PrivateFormat.PKCS8, NoEncryption())


def read(der: bytes) -> RSAPrivateKey:
    """The private half again."""
    private = load_der_private_key(der, password=None)
    assert isinstance(private, RSAPrivateKey)  # nothing else was ever sealed
    return private


def thumbprint(public: RSAPublicKey) -> str:
    """The key's id by RFC 7638: made from the key, so that two keys never share one and one never has two."""
    canonical = json.dumps(_public_members(public), separators=(",", ":"), sort_keys=True)
    return base64.urlsafe_b64encode(hashlib.sha256(canonical.encode()).digest()).rstrip(b"=").decode()


def _public_members(public: RSAPublicKey) -> dict[str, str]:
    entry = RSAAlgorithm.to_jwk(public, as_dict=True)
    return {name: entry[name] for name in ("e", "kty", "n")}
