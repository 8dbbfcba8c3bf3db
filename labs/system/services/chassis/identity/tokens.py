"""Verifies access tokens with the published keys. Refuses to sign, and to let a token choose how it is checked."""

from __future__ import annotations

import asyncio
import contextlib
import hashlib
import logging
import time
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import jwt

from chassis.http import Client, UpstreamError
from chassis.identity.jwks import KeySet, parse
from chassis.identity.model import Identity
from chassis.identity.permissions import permissions_of
from chassis.problems import Problem

if TYPE_CHECKING:
    from chassis.settings import ServiceSettings

log = logging.getLogger(__name__)

ALGORITHM = "RS256"
TYPE = "at+jwt"  # RFC 9068: a token made for another purpose (an ID token, X-Identity) is not an access token
LEEWAY = 5
_REQUIRED = ["iss", "aud", "sub", "exp", "iat", "nbf", "jti"]
_LONGEST = 4096  # characters; ours have about 700, and parsing before checking is work for whoever sends more
_KEYS_FRESH = 300.0
_REFETCH_WINDOW = 10.0
_REMEMBERED = 10_000


class InvalidToken(Exception):
    """The token proves nothing. The reason is for logs; clients get one answer for all reasons."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


class KeysUnavailable(Problem):
    """No key was ever loaded, so nothing can be said about any token: 503, not 401, which would end good sessions."""

    def __init__(self) -> None:
        super().__init__(503, "Tokens cannot be verified yet", headers={"Retry-After": "2"})


class TokenVerifier:
    """Local verification: users may be down, and no request waits for it (after the first keys arrived)."""

    def __init__(self, jwks_url: str, issuer: str, audience: str, settings: ServiceSettings) -> None:
        url = urlsplit(jwks_url)
        self._path = url.path or "/"
        self._client = Client(f"{url.scheme}://{url.netloc}", timeout=2.0, name="jwks", settings=settings)
        self._issuer, self._audience = issuer, audience
        self._keys: KeySet = {}
        self._fetched = self._attempted = float("-inf")
        self._fetching = asyncio.Lock()
        self._background: asyncio.Task[None] | None = None
        self._verified: dict[bytes, tuple[Identity, int]] = {}

    async def start(self) -> None:
        """Load the keys, and keep them fresh. Does not wait for users: readiness says no until the first keys came."""
        await self._client.start()
        self._background = asyncio.create_task(self._keep_fresh())

    async def stop(self) -> None:
        """Stop refreshing."""
        if self._background is not None:
            self._background.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._background
        await self._client.stop()

    async def check(self) -> None:
        """Ready when there are keys, however old: old keys verify, users being down is not our outage."""
        if not self._keys:
            raise KeysUnavailable

    async def verify(self, token: str) -> Identity:
        """Who this token speaks for; raises InvalidToken, or KeysUnavailable before the first key arrived."""
        if len(token) > _LONGEST:
            raise InvalidToken("too long")
        # RSA and JSON cost about 0.1 ms per request and hop; a client sends the same token hundreds of times.
        # Remembered by hash: this cache must not be a place to steal tokens from.
        digest = hashlib.sha256(token.encode("utf-8", "replace")).digest()
        known = self._verified.get(digest)
        if known is not None:
            if known[1] + LEEWAY <= time.time():
                del self._verified[digest]
                raise InvalidToken("expired")
            return known[0]
        identity = self._identity(token, await self._key(_kid(token)))
        self._remember(digest, identity)
        return identity

    def _remember(self, digest: bytes, identity: Identity) -> None:
        while len(self._verified) >= _REMEMBERED:
            del self._verified[next(iter(self._verified))]  # the oldest: bounded memory whatever is sent
        self._verified[digest] = (identity, identity.expires or 0)

    def _identity(self, token: str, key: Any) -> Identity:
        try:
            claims = jwt.decode(
                token,
                key,
                algorithms=[ALGORITHM],  # ours, never the header's: `none` and HS256-with-the-public-key end here
                issuer=self._issuer,
                audience=self._audience,
                leeway=LEEWAY,
                options={"require": _REQUIRED},
            )
        except (jwt.PyJWTError, ValueError, TypeError, OverflowError) as problem:
            raise InvalidToken(type(problem).__name__) from problem
        return _from_claims(claims)

    async def _key(self, kid: str) -> Any:
        if kid not in self._keys:
            await self._refetch()
        key = self._keys.get(kid)
        if key is None:
            raise InvalidToken("unknown key") if self._keys else KeysUnavailable()
        return key

    async def _refetch(self) -> None:
        """At most one fetch per window, whoever asks and however often.

        Anybody can invent a kid. Without the window each forged token would be a request to users. The price, that a
        real new key may be unknown for up to a window, is not paid in practice: keys are published before they sign.
        """
        async with self._fetching:
            if time.monotonic() - self._attempted >= _REFETCH_WINDOW:
                await self._fetch()

    async def _fetch(self) -> None:
        self._attempted = time.monotonic()
        try:
            answer = await self._client.request("GET", self._path)
            keys = parse(answer.json()) if answer.status == 200 else {}
        except (UpstreamError, ValueError) as problem:
            log.warning("keys could not be fetched", extra={"reason": str(problem)})
            return
        if not keys:  # an empty or broken answer never replaces keys that work
            log.warning("the key set has no usable key", extra={"status": answer.status})
            return
        self._fetched = time.monotonic()
        if self._keys.keys() - keys.keys():
            self._verified.clear()  # a key was withdrawn: what it vouched for must be proved again
        self._keys = keys

    async def _keep_fresh(self) -> None:
        while True:
            async with self._fetching:
                await self._fetch()
            await asyncio.sleep(_KEYS_FRESH if self._keys and self._fetched >= self._attempted else 1.0)


def _kid(token: str) -> str:
    """The key that the token names. Nothing of the header is believed: it only chooses among our keys."""
    try:
        header = jwt.get_unverified_header(token)
    except (jwt.PyJWTError, ValueError, RecursionError) as problem:
        raise InvalidToken("not a JWT") from problem
    if header.get("alg") != ALGORITHM or str(header.get("typ")).lower() != TYPE or "crit" in header:
        raise InvalidToken("wrong kind of token")
    kid = header.get("kid")
    if not isinstance(kid, str) or not 0 < len(kid) <= 64:
        raise InvalidToken("no key named")
    return kid


def _from_claims(claims: dict[str, Any]) -> Identity:
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
