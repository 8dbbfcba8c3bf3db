"""Settings of a service: read from the environment once, checked before anything starts.

Refuses to start on a bad value, to guess one, and to print a secret: fields with ``repr=False`` are never echoed.
"""

import re
import socket
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Annotated, Any, Literal, TypeVar
from urllib.parse import unquote, urlsplit

from pydantic import AfterValidator, Field, ValidationError, model_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

from chassis.identity.internal import parse_keys
from chassis.identity.service_keys import parse_callers

# Anything shorter is guessed sooner than it is leaked, and would be cut out of ordinary words.
_SHORTEST_SECRET = 6
TLS_FILES = ("ca.pem", "cert.pem", "key.pem")


def _base_url(value: str) -> str:
    """An http(s) base URL without a trailing slash, or nothing at all."""
    if not value:
        return ""
    if not _is_url(value, "http", "https"):
        raise ValueError("must be a URL such as http://host:1234")
    return value.rstrip("/")


def _scheme(*schemes: str) -> AfterValidator:
    def check(value: str) -> str:
        if not _is_url(value, *schemes):
            raise ValueError(f"must be a URL that starts with {' or '.join(f'{scheme}://' for scheme in schemes)}")
        return value

    return AfterValidator(check)


def _is_url(value: str, *schemes: str) -> bool:
    try:
        parts = urlsplit(value)
        return parts.scheme in schemes and bool(parts.hostname) and parts.port != 0
    except ValueError:  # a port that is no port, a bracket that does not close
        return False


def _readable(parse: Callable[[str], object]) -> AfterValidator:
    def check(value: str) -> str:
        parse(value)
        return value

    return AfterValidator(check)


BaseUrl = Annotated[str, AfterValidator(_base_url)]
Port = Annotated[int, Field(ge=0, le=65535)]


class ServiceSettings(BaseSettings):
    """What every service is told; the field ``ops_port`` is the variable OPS_PORT, and so on."""

    # An empty variable counts as not set: Compose passes `${X:-}` as an empty string.
    model_config = SettingsConfigDict(extra="ignore", frozen=True, env_ignore_empty=True, hide_input_in_errors=True)

    host: str = "0.0.0.0"
    port: Port = 8000
    ops_port: Port = 9000
    instance_id: str = Field(default_factory=socket.gethostname, pattern=r"^[A-Za-z0-9._-]{1,64}$")
    log_level: Literal["DEBUG", "INFO", "WARNING", "ERROR"] = "INFO"
    shutdown_grace: float = Field(default=10.0, ge=1, le=600)
    drain_delay: float = Field(default=0.0, ge=0, le=60)
    otlp_endpoint: BaseUrl = ""
    otlp_logs_endpoint: BaseUrl = ""
    trace_sample: float = Field(default=1.0, ge=0, le=1)
    faults: Literal["off", "on"] = "off"
    consul_url: BaseUrl = ""
    advertise_url: BaseUrl = ""
    tls_dir: str = ""
    tls_callers: str = ""
    max_body_bytes: int = Field(default=1_048_576, ge=1024)
    # Signs access tokens, and verifies them: the same value everywhere, so everybody can verify without asking anybody.
    token_secret: str = Field(min_length=32, repr=False)

    @model_validator(mode="after")
    def _agree(self) -> "ServiceSettings":
        if self.port and self.port == self.ops_port:
            raise ValueError("PORT and OPS_PORT must differ")
        if self.drain_delay >= self.shutdown_grace:
            raise ValueError("DRAIN_DELAY must be shorter than SHUTDOWN_GRACE")
        missing = [name for name in TLS_FILES if self.tls_dir and not (Path(self.tls_dir) / name).is_file()]
        if missing:
            raise ValueError(f"TLS_DIR must hold {', '.join(TLS_FILES)}; it lacks {', '.join(missing)}")
        if self.serves_tls and not self.callers:
            raise ValueError("TLS_CALLERS must name whose certificates are accepted when TLS_DIR is set")
        return self

    @property
    def serves_tls(self) -> bool:
        """Whether callers of the business port have to show a certificate."""
        return bool(self.tls_dir)

    @property
    def callers(self) -> frozenset[str]:
        """Whose certificates the business port accepts."""
        return frozenset(filter(None, (name.strip() for name in self.tls_callers.split(","))))


class DatabaseSettings(BaseSettings):
    """For services with a database of their own."""

    database_url: Annotated[str, _scheme("postgresql+asyncpg")] = Field(repr=False)
    database_pool: int = Field(default=10, ge=1, le=200)


class EventSettings(BaseSettings):
    """For services that publish or consume events."""

    events_url: Annotated[str, _scheme("amqp", "amqps", "redis", "rediss")] = Field(repr=False)
    prefetch: int = Field(default=20, ge=1, le=1000)


class RedisSettings(BaseSettings):
    """For services that share something fast and perishable: limits, denials, opaque tokens."""

    redis_url: Annotated[str, _scheme("redis", "rediss")] = Field(repr=False)


class IdentitySettings(BaseSettings):
    """What access tokens say, and the keys of X-Identity: for issuer and verifiers alike."""

    token_issuer: str = "https://users.shop.test"
    token_audience: str = "shop"
    identity_keys: Annotated[str, _readable(parse_keys)] = Field(repr=False)


class TokenSettings(IdentitySettings):
    """For services that know who is asking."""

    jwks_url: BaseUrl


class ServiceKeySettings(BaseSettings):
    """For services that call others, or are called by them."""

    service_key: str = Field(default="", repr=False)
    service_keys: Annotated[str, _readable(parse_callers)] = Field(default="", repr=False)


S = TypeVar("S", bound=BaseSettings)


def load(cls: type[S]) -> S:
    """The settings from the environment; on bad ones one line per problem on stderr, and exit code 2."""
    try:
        return cls()
    except ValidationError as error:
        for problem in error.errors(include_url=False, include_context=False):
            sys.stderr.write(_sentence(cls, problem) + "\n")
        raise SystemExit(2) from None


def secrets_of(settings: BaseSettings) -> frozenset[str]:
    """Every value that must appear in no log: secret settings, and the passwords and keys inside of them."""
    found: set[str] = set()
    for name, field in type(settings).model_fields.items():
        value = str(getattr(settings, name))
        if not field.repr:
            found |= {value, *(_passwords(value) if "://" in value else _keys(value))}
    return frozenset(secret for secret in found if len(secret) >= _SHORTEST_SECRET)


def _passwords(url: str) -> set[str]:
    password = urlsplit(url).password or ""
    return {password, unquote(password)}


def _keys(value: str) -> set[str]:
    """The secrets in `k1=secret,k0=older`, and in a list without names."""
    pieces = re.split("[,;]", value)
    return {*pieces, *(piece.partition("=")[2] for piece in pieces)}


def _sentence(cls: type[BaseSettings], problem: Any) -> str:
    message = problem["msg"].removeprefix("Value error, ")
    if not problem["loc"]:
        return f"Settings: {message}."
    name = str(problem["loc"][0])
    if problem["type"] == "missing":
        return f"Settings: {name.upper()} is required and not set."
    message = re.sub(r"^\w+ should ", "must ", message)
    claim = f" {message}" if message.startswith("must ") else f": {message}"
    field = cls.model_fields.get(name)
    told = f", not {problem['input']!r}" if field is not None and field.repr else ""
    return f"Settings: {name.upper()}{claim}{told}."
