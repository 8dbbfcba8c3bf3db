"""The secrets of one started system, made when it starts, and the variables by which Compose takes them.

Refuses fixed secrets: two runs share none.
"""

from __future__ import annotations

import base64
import hashlib
import json
import os
import secrets
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path

from tutor.errors import MachineError

DATABASES: Mapping[str, str] = {
    "users": "users-db",
    "orders": "orders-db",
    "inventory": "saga-db",
    "payments": "saga-db",
    "notifications": "saga-db",
}
"""The part that holds each service's database."""

READER = "tutor_reader"
ADMIN = "admin@shop.test"


def _secret() -> str:
    return secrets.token_urlsafe(24)


def _accepted(**keys: str) -> str:
    """SERVICE_KEYS of a service: the hashes of its callers' keys, never the keys."""
    return ";".join(f"{name}=sha256:{hashlib.sha256(key.encode()).hexdigest()}" for name, key in keys.items())


@dataclass(frozen=True)
class Access:
    """What the parts of one run trust each other, the administrator and the checks by."""

    admin: str = field(default_factory=_secret, repr=False)
    identity: str = field(default_factory=lambda: secrets.token_urlsafe(36), repr=False)
    encryption: str = field(
        default_factory=lambda: base64.urlsafe_b64encode(secrets.token_bytes(32)).decode(), repr=False
    )
    gateway_key: str = field(default_factory=_secret, repr=False)
    orders_key: str = field(default_factory=_secret, repr=False)
    postgres: str = field(default_factory=_secret, repr=False)
    reader: str = field(default_factory=_secret, repr=False)
    rabbitmq: str = field(default_factory=_secret, repr=False)
    databases: Mapping[str, str] = field(
        default_factory=lambda: {service: _secret() for service in DATABASES}, repr=False
    )

    def variables(self) -> dict[str, str]:
        """What the Compose file is told."""
        return {
            "ADMIN_EMAIL": ADMIN,
            "ADMIN_PASSWORD": self.admin,
            "IDENTITY_KEYS": f"k1={self.identity}",
            "KEY_ENCRYPTION_KEY": self.encryption,
            "GATEWAY_SERVICE_KEY": self.gateway_key,
            "ORDERS_SERVICE_KEY": self.orders_key,
            "USERS_SERVICE_KEYS": _accepted(gateway=self.gateway_key, orders=self.orders_key),
            "PAYMENTS_SERVICE_KEYS": _accepted(orders=self.orders_key),
            "POSTGRES_PASSWORD": self.postgres,
            "RABBITMQ_PASSWORD": self.rabbitmq,
            **{f"{service.upper()}_DB_PASSWORD": password for service, password in self.databases.items()},
        }

    def credentials(self, addresses: Mapping[str, str]) -> dict[str, str]:
        """What the learner and the checks log in with."""
        given = {
            "admin.email": ADMIN,
            "admin.password": self.admin,
            "rabbitmq.user": "shop",
            "rabbitmq.password": self.rabbitmq,
            "rabbitmq.vhost": "shop",
            "identity.key": self.identity,
        }
        for service, part in DATABASES.items():
            if address := addresses.get(f"{part}.sql"):
                given[f"sql.{service}"] = f"postgresql://{READER}:{self.reader}@{address}/{service}"
        return given


class Kept:
    """Addresses and secrets of what was started, one file a project: volumes remember passwords longer than we run."""

    def __init__(self, home: Path) -> None:
        self._home = home

    def get(self, project: str) -> tuple[dict[str, str], Access] | None:
        """What was kept, or None when there is nothing that can be read."""
        try:
            found = json.loads(self._file(project).read_text(encoding="utf-8"))
            return dict(found["addresses"]), Access(**found["access"])
        except (OSError, ValueError, LookupError, TypeError):
            return None

    def put(self, project: str, addresses: Mapping[str, str], access: Access) -> None:
        """Keep them, for the owner's eyes only.

        Raises: MachineError when they cannot be written.
        """
        content = json.dumps({"addresses": dict(addresses), "access": asdict(access)})
        try:
            self._home.mkdir(parents=True, exist_ok=True)
            descriptor = os.open(self._file(project), os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
            with os.fdopen(descriptor, "w", encoding="utf-8") as stream:
                stream.write(content)
        except OSError as error:
            raise MachineError(f"{self._home} cannot be written: {error.strerror}.", "Make room there.") from None

    def forget(self, project: str) -> None:
        """Nothing of it is there any more."""
        self._file(project).unlink(missing_ok=True)

    def _file(self, project: str) -> Path:
        return self._home / f"{project}.access.json"
