"""Asks users what an opaque token stands for (RFC 7662), each time: a cache of even a second would break the one
promise that opaque tokens make, that revoking them takes effect at once.

Goes through the same breaker, places and instances as the requests of clients, and may be repeated, for asking changes
nothing. Refuses to believe an answer that is not about an active user, and to let a token pass because nobody answers.
"""

import asyncio
import json
import logging
from typing import Any
from urllib.parse import urlencode

from multidict import CIMultiDict

from chassis import context
from chassis.identity.model import Identity
from chassis.identity.permissions import permissions_of
from chassis.problems import Problem
from gateway.exchange import Outgoing
from gateway.forward import Forwarder
from gateway.routing import Routing

log = logging.getLogger(__name__)

ISSUER = "users"
PATH = "/auth/introspect"
TIMEOUT = 1.0
ATTEMPT_TIMEOUT = 0.6


class Introspection:
    """Opaque tokens as identities."""

    def __init__(self, routing: Routing, forwarder: Forwarder, service_key: str) -> None:
        self._routing = routing
        self._forwarder = forwarder
        self._service_key = service_key

    async def identity(self, token: str) -> Identity | None:
        """Whom the token speaks for, None when it speaks for nobody; a Problem when that cannot be found out."""
        try:
            status, body = await self._ask(token)
            claims = json.loads(body) if status == 200 else None
        except (Problem, ValueError, RecursionError) as error:
            raise _unavailable() from error
        if not isinstance(claims, dict) or not isinstance(claims.get("active"), bool):
            # 401 and 403 as well: then it is this gateway that is not trusted, and not the bearer.
            log.error("introspection answered %s", status)
            raise _unavailable()
        return _identity(claims) if claims["active"] else None

    async def _ask(self, token: str) -> tuple[int, bytes]:
        upstream = self._routing.in_force.upstreams.get(ISSUER)
        if upstream is None:
            raise _unavailable()
        headers = CIMultiDict(
            {
                "Accept": "application/json",
                "Content-Type": "application/x-www-form-urlencoded",
                "X-Api-Key": self._service_key,
                "X-Correlation-Id": context.correlation_id(),
            }
        )
        request = Outgoing(
            "POST",
            PATH,
            headers,
            asyncio.get_running_loop().time() + TIMEOUT,
            body=urlencode({"token": token}).encode(),
            attempt_timeout=ATTEMPT_TIMEOUT,
            may_repeat=True,
            whole=True,
        )
        with upstream.place(), await self._forwarder.send(upstream, request) as answer:
            return answer.status, answer.body or b""


def _unavailable() -> Problem:
    return Problem(503, "Tokens cannot be checked at the moment", headers={"Retry-After": "2"})


def _identity(claims: dict[str, Any]) -> Identity | None:
    subject, roles, session, expires = (claims.get(name) for name in ("sub", "roles", "sid", "exp"))
    if not isinstance(subject, str) or not subject:
        return None
    granted = frozenset(role for role in roles if isinstance(role, str)) if isinstance(roles, list) else frozenset()
    return Identity(
        subject=subject,
        roles=granted,
        permissions=permissions_of(granted),
        kind="user",
        session_id=session if isinstance(session, str) else None,
        expires=expires if isinstance(expires, int) else None,
    )
