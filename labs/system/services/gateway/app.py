"""Puts the gateway together. Refuses to serve anything before it has read its routes."""

import os
import sys

from chassis.health import Health
from chassis.identity.internal import parse_keys
from chassis.identity.tokens import TokenVerifier
from chassis.redis import Redis
from chassis.service import Service, new_api
from chassis.settings import load
from chassis.tls import client_context
from gateway import dashboard
from gateway.admission import Admission
from gateway.exchange import Wire
from gateway.forward import Forwarder
from gateway.introspection import Introspection
from gateway.proxy import Proxy
from gateway.routes_file import BadRoutes
from gateway.routing import Routing
from gateway.settings import GatewaySettings
from gateway.signing import Signer

REDIS_TIMEOUT = 0.25


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
    wire = Wire(client_context(settings.tls_dir) if settings.tls_dir else None)
    forwarder = Forwarder(wire)
    signer = Signer(parse_keys(settings.identity_keys))
    introspection = Introspection(routing, forwarder, settings.service_key)
    admission = Admission(verifier, redis, introspection, settings.rate_limit_mode)

    api = new_api("gateway")
    api.include_router(dashboard.router(dashboard.Composer(routing, forwarder, signer)))
    api.add_middleware(Proxy, routing=routing, admission=admission, forwarder=forwarder, signer=signer)

    health = Health()
    # Without keys every token would be answered 503, so that decides. Redis does not: limits say what happens without.
    health.add("token_keys", verifier.check)
    health.add("redis", redis.check, required=settings.rate_limit_mode == "closed")
    return Service("gateway", settings, api, health, [redis, verifier, wire, routing])
