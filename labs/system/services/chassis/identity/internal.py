"""The identity that the gateway vouches for, as a signed header. Refuses plain headers: anyone inside could send those.

Why not only forward the user's token? Opaque tokens mean nothing to a service, and asking users about each of them
at every hop would put users in the path of each request. Why not only this header? Whoever holds the shared HMAC key
can be anybody; where a JWT exists, services verify that as well, and the two must agree (see `dependency`).

The audience is the one service the request goes to, so that a service which is taken over cannot replay the header
against its neighbours. Within its 30 seconds and its audience it can be replayed: it lives inside our network only.
"""

import time
from collections.abc import Mapping

import jwt

from chassis.identity.claims import InvalidToken
from chassis.identity.model import Identity
from chassis.identity.permissions import permissions_of

LIFETIME = 30
ISSUER = "gateway"
_SHORTEST_KEY = 32  # bytes; an HMAC key shorter than its hash can be guessed offline from one captured header
_REQUIRED = ["iss", "aud", "sub", "iat", "exp", "kind"]


def parse_keys(text: str) -> dict[str, bytes]:
    """`k1=<secret>,k0=<older>` as kid -> key. The first signs, all verify: that is how the key is rotated."""
    keys: dict[str, bytes] = {}
    for part in filter(None, (piece.strip() for piece in text.split(","))):
        kid, _, secret = part.partition("=")
        if not kid or kid in keys or len(secret.encode()) < _SHORTEST_KEY:
            raise ValueError(f"each key is name=secret, names differ, secrets have {_SHORTEST_KEY} bytes or more")
        keys[kid] = secret.encode()
    if not keys:
        raise ValueError("at least one key is needed")
    return keys


def sign(identity: Identity, keys: Mapping[str, bytes], audience: str) -> str:
    """The value of X-Identity for one request to one service."""
    kid, key = next(iter(keys.items()))
    now = int(time.time())
    claims: dict[str, object] = {
        "iss": ISSUER,
        "aud": audience,
        "sub": identity.subject,
        "roles": sorted(identity.roles),
        "kind": identity.kind,
        "iat": now,
        "exp": now + LIFETIME,
    }
    claims |= {"tid": identity.token_id} if identity.token_id else {}
    claims |= {"sid": identity.session_id} if identity.session_id else {}
    claims |= {"texp": identity.expires} if identity.expires else {}
    return jwt.encode(claims, key, algorithm="HS256", headers={"kid": kid})


def verify(header: str, keys: Mapping[str, bytes], audience: str) -> Identity:
    """The identity inside a header that one of our keys signed for this service; raises InvalidToken."""
    try:
        kid = jwt.get_unverified_header(header).get("kid")
        key = keys.get(kid) if isinstance(kid, str) else None
        if key is None:
            raise InvalidToken("unknown key")
        claims = jwt.decode(
            header, key, algorithms=["HS256"], audience=audience, issuer=ISSUER, options={"require": _REQUIRED}
        )
    except (jwt.PyJWTError, ValueError) as problem:
        raise InvalidToken("the identity header does not verify") from problem
    roles = frozenset(claims.get("roles", ()))
    return Identity(
        subject=claims["sub"],
        roles=roles,
        permissions=permissions_of(roles),
        kind=claims["kind"],
        token_id=claims.get("tid"),
        session_id=claims.get("sid"),
        expires=claims.get("texp"),
    )
