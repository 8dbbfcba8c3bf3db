"""Puts the gateway together. Refuses to serve anything before it has read its routes."""

import os
import sys

from chassis.health import Health
from chassis.http import Client
from chassis.identity.internal import parse_keys
from chassis.identity.tokens import TokenVerifier
from chassis.redis import Redis
from chassis.service import Service, new_api
from chassis.settings import load
from chassis.tls import client_context

from gateway import dashboard
from gateway.admission import Admission
from gateway.forward import Forwarder
from gateway.proxy import Proxy
from gateway.routes_file import BadRoutes
from gateway.routing import Routing
from gateway.settings import GatewaySettings
from gateway.signing import Signer

REDIS_TIMEOUT = 0.1
INTROSPECTION_TIMEOUT = 1.0


def build() -> Service:
    """The gateway as the environment describes it; one line per problem and exit code 2 when it does so badly."""
    settings = load(GatewaySettings)
    try:
        return assemble(settings)
    except BadRoutes as bad:
        sys.stderr.write("".join(f"{problem}\n" for problem in bad.problems))
        raise SystemExit(2) from None


def assemble(settings: GatewaySettings) -> Service:
    """The gateway with these settings."""
    routing = Routing(settings.routes_file, os.environ, settings.consul_url)
    verifier = TokenVerifier(settings.jwks_url, settings.token_issuer, settings.token_audience, settings)
    redis = Redis(settings.redis_url, timeout=REDIS_TIMEOUT)
    users = Client(settings.users_url, timeout=INTROSPECTION_TIMEOUT, name="users", settings=settings)
    forwarder = Forwarder(client_context(settings.tls_dir) if settings.tls_dir else None)
    signer = Signer(parse_keys(settings.identity_keys))
    admission = Admission(verifier, redis, users, settings.rate_limit_mode)

    api = new_api("gateway")
    api.include_router(dashboard.router(dashboard.Composer(routing, forwarder, signer)))
    api.add_middleware(Proxy, routing=routing, admission=admission, forwarder=forwarder, signer=signer)

    health = Health()
    # Without keys every token would be answered 503, so that decides. Redis does not: limits say what happens without.
    health.add("signing keys of users", verifier.check)
    health.add("redis", redis.check, required=settings.rate_limit_mode == "closed")
    return Service("gateway", settings, api, health, [redis, users, verifier, forwarder, routing])
