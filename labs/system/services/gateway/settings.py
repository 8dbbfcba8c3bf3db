"""Settings of the gateway.

Refuses to start without keys to sign identities with, and with a routes file that it cannot read.
"""

from pathlib import Path
from typing import Annotated, Literal

from pydantic import AfterValidator, Field

from chassis.identity.internal import parse_keys
from chassis.settings import ServiceKeySettings, ServiceSettings, TokenSettings


def _signing_keys(value: str) -> str:
    parse_keys(value)
    return value


class GatewaySettings(TokenSettings, ServiceKeySettings, ServiceSettings):
    """What the gateway is told, beside the routes file."""

    identity_keys: Annotated[str, AfterValidator(_signing_keys)] = Field(repr=False)
    routes_file: Path
    redis_url: str = Field(repr=False, pattern=r"^(rediss?|unix)://")
    rate_limit_mode: Literal["open", "closed"] = "open"

    @property
    def serves_tls(self) -> bool:
        """No: people call this one and have no certificate of ours. What ends public TLS stands in front of it."""
        return False
