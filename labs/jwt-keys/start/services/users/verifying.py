"""Access tokens, looked at by their issuer: with the same checks as everybody (chassis/identity/claims.py), and with
what only this service knows.

Refuses to answer about a token when Redis cannot be asked: "active" would be a guess, and so would "inactive".
"""

from dataclasses import dataclass, field
from typing import Any

import jwt

from chassis.identity.claims import InvalidToken, read
from chassis.identity.denylist import Denylist
from chassis.identity.model import Identity
from users import opaque
from users.opaque import OpaqueTokens


@dataclass(frozen=True)
class Known:
    """A token that is valid now, with its claims."""

    identity: Identity
    claims: dict[str, Any] = field(repr=False)


class OwnTokens:
    """Verifies what this service issued."""

    def __init__(self, secret: str, tokens: OpaqueTokens, denylist: Denylist, *, issuer: str, audience: str) -> None:
        self._secret = secret
        self._opaque = tokens
        self._denylist = denylist
        self._issuer = issuer
        self._audience = audience

    async def verify(self, token: str) -> Identity:
        """Whom the token speaks for, as every service asks; raises InvalidToken.

        Like them it does not ask the denylist for a JWT: that is done at the door, once per request.
        """
        if "." in token:
            return self._signed(token)
        known = await self.inspect(token)
        if known is None:
            raise InvalidToken("unknown token")
        return known.identity

    async def inspect(self, token: str) -> Known | None:
        """Everything about a token, or None when it is not active, for whatever reason. Raises RedisUnavailable."""
        known = await self._known(token)
        if known is None or await self._denylist.is_denied(known.identity.token_id, known.identity.session_id):
            return None
        return known

    async def _known(self, token: str) -> Known | None:
        if "." not in token:
            content = await self._opaque.read(token)
            if content is None:
                return None
            return Known(opaque.identity_in(content), {**content, "iss": self._issuer, "aud": self._audience})
        try:
            identity = self._signed(token)
        except InvalidToken:
            return None
        # Verified one line above; what an identity has no room for is read from the same token.
        return Known(identity, jwt.decode(token, options={"verify_signature": False}))

    def _signed(self, token: str) -> Identity:
        return read(token, self._secret, self._issuer, self._audience)
