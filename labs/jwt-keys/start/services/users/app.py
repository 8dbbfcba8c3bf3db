"""Puts users together. Refuses logic of its own: which parts there are, and in which order they start."""

from datetime import timedelta
from pathlib import Path

from fastapi import FastAPI

from chassis.database import Database
from chassis.events.bus import connect
from chassis.health import Health
from chassis.identity.denylist import Denylist
from chassis.identity.dependency import identity_required
from chassis.identity.internal import parse_keys
from chassis.identity.service_keys import parse_callers
from chassis.redis import Redis
from chassis.relay import Relay
from chassis.service import Component, Service, new_api
from chassis.settings import load
from users.accounts import NAME
from users.denials import Denials
from users.entrance import Entrance
from users.exits import Exits
from users.first_admin import FirstAdmin
from users.issuing import Issuer
from users.keys.ring import KeyRing
from users.keys.sealing import Box, parse
from users.limits import LoginLimits
from users.opaque import OpaqueTokens
from users.passwords import Passwords
from users.routes import entering, keys, profiles, roles, tokens
from users.routes.parts import Parts
from users.sessions import Lifetimes
from users.settings import Settings
from users.sweeper import Sweeper
from users.verifying import OwnTokens

MIGRATIONS = Path(__file__).parent / "migrations"


def build() -> Service:
    """The service as the environment describes it."""
    return assemble(load(Settings))


def assemble(settings: Settings) -> Service:
    """The service with these settings."""
    database = Database(settings.database_url, migrations=MIGRATIONS, pool=settings.database_pool, name=NAME)
    redis = Redis(settings.redis_url)
    bus = connect(settings.events_url, service=NAME, instance=settings.instance_id, prefetch=settings.prefetch)
    passwords = Passwords(settings)
    ring = _ring(settings, database)
    opaque, denylist = OpaqueTokens(redis), Denylist(redis)
    denials = Denials(database, redis, denylist, opaque)
    names = {"issuer": settings.token_issuer, "audience": settings.token_audience}
    own = OwnTokens(settings.token_secret, opaque, denylist, **names)
    issuer, lifetimes = Issuer(ring, opaque, secret=settings.token_secret, **names), _lifetimes(settings)
    entrance = Entrance(database, passwords, LoginLimits(redis, settings), issuer, denials, lifetimes)
    admin = FirstAdmin(database, passwords, settings.admin_email, settings.admin_password)

    parts = Parts(database, passwords, entrance, Exits(database, denials, own, opaque), own, ring)
    health = Health()
    health.add("database", database.check)
    health.add("signing_keys", ring.check)
    health.add("administrator", admin.check)
    # Not required: profiles, refreshing and the key set need neither, and what does says so with a 503. Going unready
    # would turn an outage of Redis into one of everything behind this service.
    health.add("redis", redis.check, required=False)
    health.add("events", bus.check, required=False)
    # Stopped in reverse: the relay before the bus it publishes to, and last the database that all of them use.
    sweeper, relay = Sweeper(database, denials), Relay(database, bus)
    components: list[Component] = [database, redis, passwords, ring, admin, sweeper, bus, relay]
    return Service(NAME, settings, _api(settings, parts), health, components)


def _api(settings: Settings, parts: Parts) -> FastAPI:
    api = new_api("Users")
    for concern in (profiles, roles, entering, tokens, keys):
        api.include_router(concern.router)
    api.state.parts = parts
    # The same dependency as everywhere, with a verifier that has the keys already instead of fetching them.
    api.state.identify = identity_required(parts.tokens, parse_keys(settings.identity_keys), NAME)
    api.state.callers = parse_callers(settings.service_keys)
    return api


def _ring(settings: Settings, database: Database) -> KeyRing:
    box = Box(parse(settings.key_encryption_key))
    return KeyRing(database, box, access_ttl=settings.access_ttl, lead=settings.key_lead)


def _lifetimes(settings: Settings) -> Lifetimes:
    return Lifetimes(
        access=timedelta(seconds=settings.access_ttl),
        refresh=timedelta(seconds=settings.refresh_ttl),
        session=timedelta(seconds=settings.session_ttl),
    )
