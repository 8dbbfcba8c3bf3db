"""Puts payments together. Refuses logic of its own: which parts there are, and in which order they start."""

from pathlib import Path

from chassis.breaker import CircuitBreaker
from chassis.consumer import Consumer
from chassis.database import Database
from chassis.events.bus import connect
from chassis.health import Health
from chassis.http import Client
from chassis.identity.dependency import identity_required
from chassis.identity.internal import parse_keys
from chassis.identity.service_keys import parse_callers
from chassis.identity.tokens import TokenVerifier
from chassis.relay import Relay
from chassis.service import Service, new_api
from chassis.settings import load
from payments.announcements import NAME
from payments.api import router
from payments.cashier import Cashier
from payments.handlers import HANDLERS
from payments.provider.routes import ProviderApi
from payments.provider_client import Provider
from payments.settings import Settings

MIGRATIONS = Path(__file__).parent / "migrations"


def build() -> Service:
    """The service as the environment describes it."""
    return assemble(load(Settings))


def assemble(settings: Settings) -> Service:
    """The service with these settings."""
    database = Database(settings.database_url, migrations=MIGRATIONS, pool=settings.database_pool, name=NAME)
    bus = connect(settings.events_url, service=NAME, instance=settings.instance_id, prefetch=settings.prefetch)
    Consumer(database, bus, "payments.orders", HANDLERS)
    verifier = TokenVerifier(settings.jwks_url, settings.token_issuer, settings.token_audience, settings)
    client = _provider_client(settings)
    breaker = CircuitBreaker("provider", window=5, minimum=6, error_rate=0.6, open_for=4, half_open=1)
    cashier = Cashier(database, Provider(client), breaker, timeout=settings.provider_timeout)

    api = new_api("Payments")
    api.include_router(router)
    api.state.database = database
    api.state.identify = identity_required(verifier, parse_keys(settings.identity_keys), NAME)
    api.state.callers = parse_callers(settings.service_keys)

    health = Health()
    health.add("database", database.check)
    # Not required: without the broker, payments in flight are still settled and orders' questions still answered.
    health.add("events", bus.check, required=False)
    return Service(
        NAME,
        settings,
        api,
        health,
        # Stopped in reverse: no new intents, then no new calls, then the connections they used.
        [database, verifier, client, cashier, bus, Relay(database, bus)],
        ops=[ProviderApi(database, misbehaves=settings.faults == "on").router],
    )


def _provider_client(settings: Settings) -> Client:
    # The provider is another company: it gets neither our key between services nor our certificate.
    outside = settings.model_copy(update={"service_key": "", "tls_dir": ""})
    return Client(settings.provider_base, timeout=settings.provider_timeout, name="provider", settings=outside)
