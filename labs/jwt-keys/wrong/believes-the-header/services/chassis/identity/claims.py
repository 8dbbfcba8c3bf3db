"""What an access token must look like to prove anything. Pure: refuses to fetch keys and to remember tokens.

Used by every verifier, the issuer's own included, so that there is one list of checks to read and to attack.
"""

import hashlib
import time
from base64 import b64encode
from typing import Any, Protocol

import jwt
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from chassis.identity.model import Identity
from chassis.identity.permissions import permissions_of

ALGORITHM = "RS256"
TYPE = "at+jwt"  # RFC 9068: a token made for another purpose (an ID token, X-Identity) is not an access token
LEEWAY = 5
LONGEST = 4096  # characters; ours have about 700, and parsing before checking is work for whoever sends more
_REQUIRED = ["iss", "aud", "sub", "exp", "iat", "nbf", "jti"]
_REMEMBERED = 10_000


class InvalidToken(Exception):
    """The token proves nothing. The reason is for logs; clients get one answer for all reasons."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


class Verifier(Protocol):
    """Whatever can say whom a token speaks for."""

    async def verify(self, token: str) -> Identity:
        """The identity; raises InvalidToken."""


def key_named(token: str) -> str:
    """The key that the token names. Nothing of the header is believed: it only chooses among our keys."""
    if len(token) > LONGEST:
        raise InvalidToken("too long")
    try:
        header = jwt.get_unverified_header(token)
    except (jwt.PyJWTError, ValueError, RecursionError) as problem:
        raise InvalidToken("not a JWT") from problem
    if str(header.get("typ")).lower() != TYPE or "crit" in header:
        raise InvalidToken("wrong kind of token")
    kid = header.get("kid")
    if not isinstance(kid, str) or not 0 < len(kid) <= 64:
        raise InvalidToken("no key named")
    return kid


def read(token: str, key: RSAPublicKey, issuer: str, audience: str) -> Identity:
    """The identity in a token that this key signed, for us, and that is valid now; raises InvalidToken."""
    try:
        algorithm = jwt.get_unverified_header(token)["alg"]  # so that the next algorithm needs no change here
        claims = jwt.decode(
            token,
            key if algorithm.startswith("RS") else _as_text(key),  # PyJWT wants an object for RSA, and text for others
            algorithms=[algorithm],
            issuer=issuer,
            audience=audience,
            leeway=LEEWAY,
            options={"require": _REQUIRED},
        )
        return _identity(claims)
    except (jwt.PyJWTError, ValueError, TypeError, OverflowError, RecursionError) as problem:
        raise InvalidToken(type(problem).__name__) from problem


def _as_text(key: RSAPublicKey) -> str:
    return b64encode(key.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)).decode()


def _identity(claims: dict[str, Any]) -> Identity:
    """A signature says who wrote the claims, not that they make sense."""
    roles, subject, jti, sid = claims.get("roles", []), claims["sub"], claims["jti"], claims.get("sid")
    texts = isinstance(roles, list) and all(isinstance(text, str) and text for text in (subject, jti, *roles))
    if not texts or not (sid is None or isinstance(sid, str)):
        raise InvalidToken("malformed claims")
    return Identity(
        subject=subject,
        roles=frozenset(roles),
        permissions=permissions_of(roles),
        kind="user",
        token_id=jti,
        session_id=sid,
        expires=int(claims["exp"]),
    )


class Remembered:
    """Tokens that were verified a moment ago: RSA and JSON cost about 0.1 ms per request and hop.

    Kept by hash, because this must not become a place to steal tokens from; bounded, whatever is sent.
    """

    def __init__(self) -> None:
        self._known: dict[bytes, Identity] = {}

    def get(self, token: str) -> Identity | None:
        """The identity, unless it is not known or the token has expired since."""
        identity = self._known.get(_digest(token))
        return identity if identity is not None and (identity.expires or 0) + LEEWAY > time.time() else None

    def put(self, token: str, identity: Identity) -> None:
        """Remember a token that has just been verified; the oldest makes room."""
        while len(self._known) >= _REMEMBERED:
            del self._known[next(iter(self._known))]
        self._known[_digest(token)] = identity

    def forget_all(self) -> None:
        """For when a key was withdrawn: what it vouched for must be proved again."""
        self._known.clear()


def _digest(token: str) -> bytes:
    return hashlib.sha256(token.encode("utf-8", "surrogatepass")).digest()
