"""Access tokens of both kinds. Refuses to issue one for longer than its session lives.

A JWT is verified by everybody without asking, and so it is believed until it expires unless a denylist is asked. An
opaque token means nothing by itself: each use asks here, and ending it ends it. Which one fits is the client's choice
at login, a trade of latency and availability against control.
"""

import time
import uuid
from collections.abc import Sequence
from dataclasses import dataclass, field

import jwt

from chassis.identity.claims import SHARED, TYPE
from users.keys.ring import KeyRing
from users.opaque import OpaqueTokens
from users.sessions import Continued


@dataclass(frozen=True)
class Grant:
    """What a client gets: access for some minutes, and the means to renew it."""

    access_token: str = field(repr=False)
    refresh_token: str = field(repr=False)
    expires_in: int


class Issuer:
    """Makes access tokens for sessions."""

    def __init__(self, ring: KeyRing, opaque: OpaqueTokens, *, secret: str, issuer: str, audience: str) -> None:
        self._ring = ring
        self._secret = secret
        self._opaque = opaque
        self._issuer = issuer
        self._audience = audience

    async def prepare(self) -> None:
        """Make sure that there is a key to sign with; before a transaction, because it may need a connection."""
        await self._ring.fresh()

    async def grant(self, continued: Continued, roles: Sequence[str]) -> Grant:
        """The tokens of a session, inside the transaction that begins or continues it.

        Inside, so that an opaque token that Redis did not take leaves no session behind and no refresh token used up.
        """
        session, now = continued.session, int(time.time())
        expires = int(session.access_until.timestamp())
        if session.token_type == "opaque":
            token = await self._opaque.issue(session.user_id, session.id, list(roles), expires)
        else:
            token = self._signed(str(session.user_id), str(session.id), roles, now, expires)
        return Grant(token, continued.refresh_token, max(0, expires - now))

    def _signed(self, subject: str, session: str, roles: Sequence[str], now: int, expires: int) -> str:
        claims = {
            "iss": self._issuer,
            "aud": self._audience,
            "sub": subject,
            "sid": session,
            "jti": uuid.uuid4().hex,
            "roles": list(roles),
            "iat": now,
            "nbf": now,
            "exp": expires,
        }
        # With the secret that everybody has. The ring has had keys of its own since spring, and publishes them; on the
        # day that everybody verifies with those, `self._ring.active()` signs here.
        return jwt.encode(claims, self._secret, algorithm=SHARED, headers={"typ": TYPE})
