"""Puts Orders together.  Refuses logic of its own: which parts there are, and in which sequence they start."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

from chassis.consumer import Consumer
from chassis.database import Database
from chassis.events.bus import Bus, connect
from chassis.health import Health
from chassis.http import Client
from chassis.identity.dependency import identity_required
from chassis.identity.internal import parse_keys
from chassis.identity.tokens import TokenVerifier
from chassis.relay import Relay
from chassis.service import Service, new_api
from chassis.settings import load
from orders import news
from orders.changes import NAME
from orders.pace import Pace
from orders.payments import Payments
from orders.routes import cancelling, placing, products, reading
from orders.routes.access import as_the_gateway_says
from orders.settings import Settings
from orders.sweeper import Sweeper

MIGRATIONS = Path(__file__).parent / "migrations"
_ASKING_TIMEOUT = 2.0


def build() -> Service:
    """The service as the environment describes it."""
    settings = load(Settings)
    bus = connect(settings.events_url, service=NAME, instance=settings.instance_id, prefetch=settings.prefetch)
    return assemble(settings, bus)


def assemble(settings: Settings, bus: Bus) -> Service:
    """The service with these settings and this transport."""
    database = Database(settings.database_url, migrations=MIGRATIONS, pool=settings.database_pool, name=NAME)
    pace = Pace(deadline=timedelta(seconds=settings.saga_deadline))
    Consumer(database, bus, news.SUBSCRIPTION, news.handlers(pace))
    verifier = TokenVerifier(settings.jwks_url, settings.token_issuer, settings.token_audience, settings)
    client = Client(settings.payments_url, timeout=_ASKING_TIMEOUT, name="payments", settings=settings)

    api = new_api("Orders")
    for concern in (products, placing, reading, cancelling):
        api.include_router(concern.router)
    api.state.database = database
    api.state.saga = settings.saga
    api.state.pace = pace
    proven = identity_required(verifier, parse_keys(settings.identity_keys), NAME)
    api.state.identify = as_the_gateway_says(proven)

    health = Health()
    health.add("database", database.check)
    # Without any key nobody can be told from anybody; old keys are enough, so users may be down later.
    health.add("token_keys", verifier.check)
    # Not required: with an outbox orders can be taken while the broker is away.  Requiring it would take all
    # instances out at once, for a reason that none of them can mend and no customer would notice.
    health.add("events", bus.check, required=False)
    sweeper = Sweeper(database, Payments(client), pace)
    # Stopped in reverse: the relay before the bus it publishes to, the bus before the database its handlers use.
    return Service(NAME, settings, api, health, [database, verifier, client, sweeper, bus, Relay(database, bus)])
