"""How often one may try to log in: per account, so that one password cannot be guessed from many addresses, and per
address, so that one address cannot try a leaked list of passwords on many accounts.

A login that succeeds fills the account's bucket again, so that people who log in often are never locked out by
themselves. It does not fill the address's: whoever has one account could then guess without end at all others. The
price of a limit per account: a stranger can use it up and keep its owner from logging in (not from working on: a
session that is there is not touched). A guess every half minute is what is left to both of them.

Without Redis nobody counts. LOGIN_WITHOUT_REDIS=closed, the default, refuses logins then (503): guessing is what this
exists for, and a limit that goes away when one can bring Redis down is none. Who is logged in stays so, because
refreshing needs no Redis. `open` lets people log in, with JWTs, for those whose passwords are no secret worth that.

Refuses to put addresses of people into Redis: keys are hashes.
"""

import hashlib
import ipaddress
import math

from fastapi import Request
from prometheus_client import Counter

from chassis.metrics import registry
from chassis.problems import Problem
from chassis.ratelimit import LimiterUnavailable, TokenBucket, client_network
from chassis.redis import Redis
from users.settings import Settings

_limited = Counter("logins_limited", "Attempts over a limit.", ("limit",), registry=registry)


class LoginLimits:
    """Two buckets for each attempt."""

    def __init__(self, redis: Redis, settings: Settings) -> None:
        self._bucket = TokenBucket(redis, "login")
        self._settings = settings

    async def admit(self, email: str, address: str) -> None:
        """Count an attempt; raises 429, or LimiterUnavailable (503) when closed without Redis."""
        # The address first: who is over that limit must not be able to use up the accounts of others as well.
        settings = self._settings
        network = client_network(address)
        await self._take("address", network, settings.login_address_pause, settings.login_address_burst)
        await self.admit_account(email)

    async def admit_account(self, email: str) -> None:
        """Count an attempt at the password of this account, whether or not there is one."""
        settings = self._settings
        await self._take("account", _hashed(email), settings.login_account_pause, settings.login_account_burst)

    async def succeeded(self, email: str) -> None:
        """The password was right: earlier attempts are forgotten."""
        try:
            await self._bucket.forget(f"account:{_hashed(email)}")
        except LimiterUnavailable:
            return  # the login has succeeded all the same; the bucket fills by itself

    async def _take(self, kind: str, key: str, pause: float, burst: int) -> None:
        try:
            decision = await self._bucket.take(f"{kind}:{key}", 1 / pause, burst)
        except LimiterUnavailable:
            if self._settings.login_without_redis == "open":
                return
            raise
        if not decision.allowed:
            _limited.labels(kind).inc()
            wait = {"Retry-After": str(max(1, math.ceil(decision.retry_after)))}
            raise Problem(429, "Too Many Requests", detail="Too many attempts to log in.", headers=wait)


def client_address(request: Request) -> str:
    """Whose attempt this is.

    X-Forwarded-For is what anybody can write, and may be believed here for two reasons: the gateway lets no client's
    X- header pass and writes the address of its own peer (one address, never a list), and nothing from outside gets
    here past the gateway: this service has no port on the host and lives in an internal network. (A neighbour that
    was broken into could lie about addresses; the limit per account holds against it all the same.) Behind a load
    balancer that peer would be the balancer, and reading the right entry of the list the gateway's task.
    """
    peer = request.client.host if request.client else ""
    forwarded = request.headers.get("x-forwarded-for", "")
    try:
        return str(ipaddress.ip_address(forwarded))
    except ValueError:
        return peer


def _hashed(email: str) -> str:
    return hashlib.sha256(email.encode()).hexdigest()
