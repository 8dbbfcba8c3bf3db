"""What users needs from its environment. Refuses times that contradict each other, keys of the wrong size, and
password hashes that take hardly any memory: that is what guessing hardware has least of.
"""

import re
from typing import Annotated, Literal

from pydantic import AfterValidator, Field, model_validator

from chassis.settings import (
    DatabaseSettings,
    EventSettings,
    IdentitySettings,
    RedisSettings,
    ServiceKeySettings,
    ServiceSettings,
)
from users.addresses import LONGEST, PATTERN, normalised
from users.keys.sealing import parse

PASSWORD_LENGTH = (12, 128)


def _encryption_key(value: str) -> str:
    parse(value)
    return value


def _address(value: str) -> str:
    if value and (len(value) > LONGEST or not re.fullmatch(PATTERN, value)):
        raise ValueError("must be an e-mail address such as admin@example.com")
    return normalised(value)


class Settings(DatabaseSettings, EventSettings, RedisSettings, IdentitySettings, ServiceKeySettings, ServiceSettings):
    """Lifetimes in seconds; bursts are attempts at once, pauses seconds until there is one more."""

    # One or more keys with commas between them: the first seals, all open. That is how this key is replaced.
    key_encryption_key: Annotated[str, AfterValidator(_encryption_key)] = Field(repr=False)
    key_lead: float = Field(default=30, ge=1, le=3600)

    admin_email: Annotated[str, AfterValidator(_address)] = ""
    admin_password: str = Field(default="", max_length=PASSWORD_LENGTH[1], repr=False)

    access_ttl: int = Field(default=900, ge=1, le=86_400)
    refresh_ttl: int = Field(default=1_209_600, ge=1, le=31_536_000)
    session_ttl: int = Field(default=2_592_000, ge=1, le=31_536_000)

    # RFC 9106's choice for machines with little memory, with one lane: more lanes finish one hash sooner on an idle
    # machine, and take the cores from everybody else on a busy one.
    hash_memory_kib: int = Field(default=65_536, ge=8192, le=1_048_576)
    hash_passes: int = Field(default=3, ge=1, le=20)
    hash_lanes: int = Field(default=1, ge=1, le=8)
    hash_slots: int = Field(default=2, ge=1, le=64)
    hash_queue: int = Field(default=32, ge=0, le=1000)

    login_without_redis: Literal["open", "closed"] = "closed"
    login_account_burst: int = Field(default=20, ge=1)
    login_account_pause: float = Field(default=30, gt=0)
    login_address_burst: int = Field(default=120, ge=1)
    login_address_pause: float = Field(default=0.5, gt=0)

    @model_validator(mode="after")
    def _consistent(self) -> "Settings":
        if not self.access_ttl < self.refresh_ttl <= self.session_ttl:
            raise ValueError("ACCESS_TTL must be less than REFRESH_TTL, and REFRESH_TTL at most SESSION_TTL")
        if bool(self.admin_email) != bool(self.admin_password):
            raise ValueError("ADMIN_EMAIL and ADMIN_PASSWORD belong together: set both or none")
        if self.admin_password and len(self.admin_password) < PASSWORD_LENGTH[0]:
            raise ValueError(f"ADMIN_PASSWORD must have {PASSWORD_LENGTH[0]} characters or more")
        return self
