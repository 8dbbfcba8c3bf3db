"""Access tokens for tests, signed as users signs them, or wrongly in every way a forger can think of.

Refuses to be clever: `claims` are exactly what is signed, on top of what a good token has.
"""

from __future__ import annotations

import base64
import json
import time
import uuid
from functools import cache
from typing import Any

import jwt
from cryptography.hazmat.primitives.asymmetric import rsa

ISSUER = "https://users.shop.test"
AUDIENCE = "shop"
KID = "test-1"


@cache
def private_key() -> rsa.RSAPrivateKey:
    """The key whose public half the tests publish."""
    return rsa.generate_private_key(public_exponent=65537, key_size=2048)


def jwks() -> dict[str, Any]:
    """The published key set."""
    entry = json.loads(jwt.algorithms.RSAAlgorithm.to_jwk(private_key().public_key()))
    return {"keys": [{**entry, "kid": KID, "use": "sig", "alg": "RS256"}]}


def claims(subject: str, *roles: str, **changed: Any) -> dict[str, Any]:
    """What a good token says; a claim that is changed to None is left out."""
    now = int(time.time())
    good = {
        "iss": ISSUER,
        "aud": AUDIENCE,
        "sub": subject,
        "roles": list(roles or ("customer",)),
        "iat": now,
        "nbf": now,
        "exp": now + 900,
        "jti": uuid.uuid4().hex,
        "sid": uuid.uuid4().hex,
    }
    return {name: value for name, value in {**good, **changed}.items() if value is not None}


def token(subject: str = "", *roles: str, **changed: Any) -> str:
    """A token of this user with these claims changed; of somebody new when no user is named."""
    said = claims(subject or str(uuid.uuid4()), *roles, **changed)
    return jwt.encode(said, private_key(), algorithm="RS256", headers={"kid": KID, "typ": "at+jwt"})


def bearer(value: str) -> dict[str, str]:
    """The header that shows a token."""
    return {"Authorization": f"Bearer {value}"}


def unsigned(said: dict[str, Any], header: dict[str, Any], signature: bytes = b"") -> str:
    """A token put together by hand."""
    parts = (json.dumps(header).encode(), json.dumps(said).encode(), signature)
    return ".".join(base64.urlsafe_b64encode(part).rstrip(b"=").decode() for part in parts)
