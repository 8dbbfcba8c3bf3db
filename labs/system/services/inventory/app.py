"""Puts inventory together. Refuses logic of its own: which parts there are, and in which order they start."""

from pathlib import Path

from chassis.consumer import Consumer
from chassis.database import Database
from chassis.events.bus import connect
from chassis.health import Health
from chassis.identity.dependency import identity_required
from chassis.identity.internal import parse_keys
from chassis.identity.tokens import TokenVerifier
from chassis.relay import Relay
from chassis.service import Service, new_api
from chassis.settings import load
from inventory.api import router
from inventory.handlers import HANDLERS, NAME
from inventory.settings import Settings

MIGRATIONS = Path(__file__).parent / "migrations"


def build() -> Service:
    """The service as the environment describes it."""
    return assemble(load(Settings))


def assemble(settings: Settings) -> Service:
    """The service with these settings."""
    database = Database(settings.database_url, migrations=MIGRATIONS, pool=settings.database_pool, name=NAME)
    bus = connect(settings.events_url, service=NAME, instance=settings.instance_id, prefetch=settings.prefetch)
    Consumer(database, bus, "inventory.orders", HANDLERS)
    verifier = TokenVerifier(settings.jwks_url, settings.token_issuer, settings.token_audience, settings)

    api = new_api("Inventory")
    api.include_router(router)
    api.state.database = database
    api.state.identify = identity_required(verifier, parse_keys(settings.identity_keys), NAME)

    health = Health()
    health.add("database", database.check)
    # Not required: without the broker stock can still be read and set, and orders wait in their queue. Going
    # unready would turn a broker outage into an outage of everything that only asks.
    health.add("events", bus.check, required=False)
    # Stopped in reverse: the relay before the bus it publishes to, the bus before the database its handlers use.
    return Service(NAME, settings, api, health, [database, verifier, bus, Relay(database, bus)])
