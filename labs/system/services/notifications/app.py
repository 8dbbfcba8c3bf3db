"""Puts notifications together. Refuses logic of its own: which parts there are, and in which order they start."""

from pathlib import Path
from typing import get_args

from chassis.consumer import Consumer
from chassis.database import Database
from chassis.events.bus import connect
from chassis.health import Health
from chassis.http import Client
from chassis.identity.dependency import identity_required
from chassis.identity.internal import parse_keys
from chassis.identity.tokens import TokenVerifier
from chassis.relay import Relay
from chassis.service import Service, new_api
from chassis.settings import load
from notifications import api as messages
from notifications import dead_letters
from notifications.channel_client import Channels
from notifications.channels.routes import ChannelsApi
from notifications.courier import Courier
from notifications.handlers import HANDLERS, NAME, SUBSCRIPTION
from notifications.model import Channel
from notifications.settings import Settings
from notifications.waiting import Waiting

MIGRATIONS = Path(__file__).parent / "migrations"


def build() -> Service:
    """The service as the environment describes it."""
    return assemble(load(Settings))


def assemble(settings: Settings) -> Service:
    """The service with these settings."""
    database = Database(settings.database_url, migrations=MIGRATIONS, pool=settings.database_pool, name=NAME)
    bus = connect(settings.events_url, service=NAME, instance=settings.instance_id, prefetch=settings.prefetch)
    verifier = TokenVerifier(settings.jwks_url, settings.token_issuer, settings.token_audience, settings)
    client = _channels_client(settings)
    Consumer(database, bus, SUBSCRIPTION, HANDLERS)
    for channel in get_args(Channel):
        Courier(database, bus, channel, Channels(client), timeout=settings.channel_timeout)

    api = new_api("Notifications")
    api.include_router(messages.router)
    api.include_router(dead_letters.router)
    api.state.database = database
    api.state.bus = bus
    api.state.identify = identity_required(verifier, parse_keys(settings.identity_keys), NAME)

    health = Health()
    health.add("database", database.check)
    # Every route has to know who asks.
    health.add("token_keys", verifier.check)
    # Not required: without the broker nothing new is sent, but what was sent can still be read. Going unready would
    # take that away too, and would bring no broker back.
    health.add("events", bus.check, required=False)
    return Service(
        NAME,
        settings,
        api,
        health,
        # Stopped in reverse: no new commands, then no new deliveries, then the connections that they used.
        [database, verifier, client, Waiting(database), bus, Relay(database, bus)],
        ops=[ChannelsApi(database, misbehaves=settings.faults == "on").router],
    )


def _channels_client(settings: Settings) -> Client:
    # The providers are other companies: they do not get our certificate.
    outside = settings.model_copy(update={"tls_dir": ""})
    return Client(settings.channels_base, timeout=settings.channel_timeout, name="channels", settings=outside)
