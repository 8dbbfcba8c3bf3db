"""The variables of each service: the one table that wires the system together here. Refuses to start anything.

Nothing is inherited from the shell that runs this: a stray PORT or DATABASE_URL must not reach a service.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from processes.credentials import Credentials
from processes.postgres import DatabaseAccess

ROUTES = Path(__file__).resolve().parents[1] / "config" / "gateway" / "routes.yaml"


@dataclass(frozen=True)
class Address:
    """The two loopback ports of a service."""

    port: int
    ops_port: int

    @property
    def url(self) -> str:
        """Where its business API is."""
        return f"http://127.0.0.1:{self.port}"


@dataclass(frozen=True)
class Wiring:
    """What there is to be wired."""

    addresses: Mapping[str, Address]
    databases: Mapping[str, DatabaseAccess]
    credentials: Credentials
    events_url: str
    redis_url: str
    folder: Path


def environment(service: str, wiring: Wiring) -> dict[str, str]:
    """The variables of one service."""
    address = wiring.addresses[service]
    variables = {
        "HOST": "127.0.0.1",
        "PORT": str(address.port),
        "OPS_PORT": str(address.ops_port),
        "INSTANCE_ID": f"{service}-1",
    }
    if service == "observer":
        return {**variables, "DATA_DIR": str(wiring.folder)}
    return {**variables, **_shared(service, wiring), **_own(service, wiring)}


def _shared(service: str, wiring: Wiring) -> dict[str, str]:
    secrets, users = wiring.credentials, wiring.addresses["users"].url
    variables = {
        "FAULTS": "on",
        "JWKS_URL": f"{users}/.well-known/jwks.json",
        "IDENTITY_KEYS": f"k1={secrets.identity_key}",
        "SERVICE_KEY": secrets.service_keys[service],
        "SERVICE_KEYS": secrets.accepted_by(service),
    }
    if service in wiring.databases:
        variables["DATABASE_URL"] = wiring.databases[service].url
        variables["EVENTS_URL"] = wiring.events_url
    if observer := wiring.addresses.get("observer"):
        variables |= {"OTLP_ENDPOINT": observer.url, "OTLP_LOGS_ENDPOINT": observer.url}
    return variables


def _own(service: str, wiring: Wiring) -> dict[str, str]:
    secrets, addresses = wiring.credentials, wiring.addresses
    if service == "users":
        return {
            "REDIS_URL": wiring.redis_url,
            "KEY_ENCRYPTION_KEY": secrets.encryption_key,
            "ADMIN_EMAIL": secrets.admin_email,
            "ADMIN_PASSWORD": secrets.admin_password,
        }
    if service == "orders":
        return {"PAYMENTS_URL": addresses["payments"].url}
    if service == "gateway":
        upstreams = {f"{name.upper()}_URL": address.url for name, address in addresses.items() if name != service}
        return {"REDIS_URL": wiring.redis_url, "ROUTES_FILE": str(ROUTES), **upstreams}
    return {}
