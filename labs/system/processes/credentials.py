"""Every secret of one run, made when it starts. Refuses fixed secrets: two runs share none."""

from __future__ import annotations

import base64
import hashlib
import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field

SERVICES = ("users", "orders", "inventory", "payments", "notifications", "gateway")
# who calls whom directly; everything else goes through the gateway or the broker
CALLERS: Mapping[str, tuple[str, ...]] = {
    "users": ("gateway", "orders"),
    "orders": ("gateway",),
    "inventory": ("gateway",),
    "payments": ("gateway", "orders"),
    "notifications": ("gateway",),
    "gateway": (),
}


def _secret() -> str:
    return secrets.token_urlsafe(24)


@dataclass(frozen=True)
class Credentials:
    """What the services of one run trust each other and the administrator by."""

    admin_email: str = "admin@shop.test"
    admin_password: str = field(default_factory=_secret, repr=False)
    identity_key: str = field(default_factory=_secret, repr=False)
    encryption_key: str = field(
        default_factory=lambda: base64.urlsafe_b64encode(secrets.token_bytes(32)).decode(), repr=False
    )
    service_keys: Mapping[str, str] = field(default_factory=lambda: {name: _secret() for name in SERVICES}, repr=False)

    def accepted_by(self, service: str) -> str:
        """SERVICE_KEYS of one service: the hashes of its callers' keys, never the keys."""
        hashes = {name: hashlib.sha256(self.service_keys[name].encode()).hexdigest() for name in CALLERS[service]}
        return ";".join(f"{name}=sha256:{digest}" for name, digest in hashes.items())

    def secrets(self) -> list[str]:
        """Every value that must appear in no log."""
        return [self.admin_password, self.identity_key, self.encryption_key, *self.service_keys.values()]
