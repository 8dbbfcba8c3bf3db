"""Verifies access tokens. Refuses to sign, and to ask users about a token: a request waits for nobody.

Tokens are verified with the secret that users signs with. The keys that users publishes are loaded as well, since
spring; nothing is verified with them yet.
"""

import asyncio
import contextlib
import logging
from urllib.parse import urlsplit

from chassis.http import Client, UpstreamError
from chassis.identity.claims import LONGEST, InvalidToken, Remembered, read
from chassis.identity.jwks import KeySet, parse
from chassis.identity.model import Identity
from chassis.problems import Problem
from chassis.settings import ServiceSettings

__all__ = ["InvalidToken", "KeysUnavailable", "TokenVerifier"]

log = logging.getLogger(__name__)

_FIRST_KEYS = 1.0


class KeysUnavailable(Problem):
    """No key was ever loaded: 503, not 401, which would end good sessions."""

    def __init__(self) -> None:
        super().__init__(503, "Tokens cannot be verified yet", headers={"Retry-After": "2"})


class TokenVerifier:
    """Local verification: users may be down, and no request waits for it."""

    def __init__(self, jwks_url: str, issuer: str, audience: str, settings: ServiceSettings) -> None:
        url = urlsplit(jwks_url)
        self._path = url.path or "/"
        self._client = Client(f"{url.scheme}://{url.netloc}", timeout=2.0, name="jwks", settings=settings)
        self._secret = settings.token_secret
        self._issuer, self._audience = issuer, audience
        self._keys: KeySet = {}
        self._background: asyncio.Task[None] | None = None
        self._remembered = Remembered()

    async def start(self) -> None:
        """Load the keys. Does not wait for users: readiness says no until they came."""
        await self._client.start()
        self._background = asyncio.create_task(self._load())

    async def stop(self) -> None:
        """Stop loading."""
        if self._background is not None:
            self._background.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._background
        await self._client.stop()

    async def check(self) -> None:
        """Ready when there are keys."""
        if not self._keys:
            raise KeysUnavailable

    async def verify(self, token: str) -> Identity:
        """Who this token speaks for; raises InvalidToken."""
        if len(token) > LONGEST:
            raise InvalidToken("too long")  # before it is hashed
        identity = self._remembered.get(token)
        if identity is None:
            identity = read(token, self._secret, self._issuer, self._audience)
            self._remembered.put(token, identity)
        return identity

    async def _load(self) -> None:
        while not self._keys:  # once is enough: a key does not change while it is in use
            await self._fetch()
            await asyncio.sleep(_FIRST_KEYS)

    async def _fetch(self) -> None:
        try:
            answer = await self._client.request("GET", self._path)
            keys = parse(answer.json()) if answer.status == 200 else {}
        except (UpstreamError, ValueError) as problem:
            log.warning("keys could not be fetched", extra={"reason": str(problem)})
            return
        if not keys:
            log.warning("the key set has no usable key", extra={"status": answer.status})
            return
        self._keys = keys
