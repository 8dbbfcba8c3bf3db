"""Verifies access tokens with the published keys. Refuses to sign, and to let a token choose how it is checked."""

import asyncio
import contextlib
import logging
from urllib.parse import urlsplit

from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey

from chassis.http import Client, UpstreamError
from chassis.identity.claims import LONGEST, InvalidToken, Remembered, key_named, read
from chassis.identity.jwks import KeySet, parse
from chassis.identity.model import Identity
from chassis.problems import Problem
from chassis.settings import ServiceSettings

__all__ = ["InvalidToken", "KeysUnavailable", "TokenVerifier"]

log = logging.getLogger(__name__)

_EVERY = 3.0  # far below the lead, so a key is known before the first token that needs it, and nobody can make us ask


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
        self._background: asyncio.Task[None] | None = None
        self._remembered = Remembered()

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
        if len(token) > LONGEST:
            raise InvalidToken("too long")  # before it is hashed
        identity = self._remembered.get(token)
        if identity is None:
            key = await self._key(key_named(token))
            identity = read(token, key, self._issuer, self._audience)
            self._remembered.put(token, identity)
        return identity

    async def _key(self, kid: str) -> RSAPublicKey:
        key = self._keys.get(kid)
        if key is None:
            raise InvalidToken("unknown key") if self._keys else KeysUnavailable()
        return key

    async def _fetch(self) -> None:
        try:
            answer = await self._client.request("GET", self._path)
            keys = parse(answer.json()) if answer.status == 200 else {}
        except (UpstreamError, ValueError) as problem:
            log.warning("keys could not be fetched", extra={"reason": str(problem)})
            return
        if not keys:  # an empty or broken answer never replaces keys that work
            log.warning("the key set has no usable key", extra={"status": answer.status})
            return
        if any(keys.get(kid) != key for kid, key in self._keys.items()):
            self._remembered.forget_all()
        self._keys = keys

    async def _keep_fresh(self) -> None:
        while True:
            await self._fetch()
            await asyncio.sleep(_EVERY)
