"""The shape of the routes file: upstreams, limits, routes, and every number that tunes them.

Refuses unknown keys (a misspelt `timout` must not become "no timeout"), names that are not defined, two routes for
the same request, and retries of POST that nobody asked for by name.
"""

from typing import Annotated, Literal
from urllib.parse import urlsplit

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, field_validator, model_validator

from gateway.templates import segments

Name = Annotated[str, Field(pattern=r"^[a-z][a-z0-9-]{0,40}$")]
Seconds = Annotated[float, Field(gt=0, le=300, allow_inf_nan=False)]
Share = Annotated[float, Field(gt=0, le=1, allow_inf_nan=False)]
Method = Literal["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE"]

SELF = "gateway"  # a route with this upstream is answered here
LARGEST_BODY = 1_048_576  # the server in front reads no more anyway, see MAX_BODY_BYTES


def _comma_list(value: object) -> object:
    """`a, b` from an environment variable means the same as a YAML list."""
    if not isinstance(value, str):
        return value
    return [part.strip() for part in value.split(",") if part.strip()]


class Frozen(BaseModel):
    """Configuration is read once and then compared, never changed."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class Breaker(Frozen):
    """See chassis.breaker."""

    window: Seconds = 10
    minimum: int = Field(20, ge=1)
    error_rate: Share = 0.5
    open_for: Seconds = 5
    half_open: int = Field(3, ge=1, le=100)


class RetryBudget(Frozen):
    """Retries may be this share of the requests, plus a few a second so that a quiet upstream can be retried too."""

    ratio: Share = 0.2
    per_second: float = Field(1, ge=0, le=100, allow_inf_nan=False)
    burst: int = Field(10, ge=1, le=1000)


class Ejection(Frozen):
    """An instance that fails `failures` times in a row gets no traffic for `seconds`, then twice that, and so on."""

    failures: int = Field(3, ge=1)
    seconds: Seconds = 5
    longest: Seconds = 60
    share: Annotated[float, Field(ge=0, le=1, allow_inf_nan=False)] = 0.5


class Upstream(Frozen):
    """One service behind the gateway."""

    instances: Annotated[tuple[str, ...], BeforeValidator(_comma_list), Field(min_length=1, max_length=100)]
    consul: Name | None = None
    balance: Literal["round_robin", "least_connections"] = "round_robin"
    max_in_flight: int = Field(100, ge=1, le=10_000)
    connect_timeout: Seconds = 1
    breaker: Breaker = Breaker()
    retry_budget: RetryBudget = RetryBudget()
    ejection: Ejection = Ejection()

    @field_validator("instances")
    @classmethod
    def _base_urls(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        return tuple(_base_url(url) for url in value)


class Limit(Frozen):
    """A token bucket per client: `rate` requests a second on average, `burst` at once."""

    rate: float = Field(gt=0, le=100_000, allow_inf_nan=False)
    burst: int = Field(ge=1, le=100_000)
    # Without Redis: browsing may go on, guessing passwords may not. None follows RATE_LIMIT_MODE.
    without_redis: Literal["open", "closed"] | None = None


class Retry(Frozen):
    """Further attempts after a failure that another attempt may cure."""

    attempts: int = Field(3, ge=1, le=10)
    pause: Seconds = 0.05
    longest_pause: Seconds = 0.5
    # The header alone proves nothing about the service behind it: only a route may say that its service honours it.
    post_with_idempotency_key: bool = False


class Route(Frozen):
    """Which requests, to whom, and under which conditions."""

    path: str
    methods: Annotated[tuple[Method, ...], BeforeValidator(_comma_list), Field(min_length=1)]
    upstream: Name
    auth: Literal["required", "optional", "none"] = "required"
    limit: Name = "default"
    timeout: Seconds = 5
    attempt_timeout: Seconds | None = None
    max_body: int = Field(65_536, ge=0, le=LARGEST_BODY)
    retry: Retry = Retry()

    @field_validator("path")
    @classmethod
    def _template(cls, value: str) -> str:
        segments(value)
        return value

    @model_validator(mode="after")
    def _makes_sense(self) -> "Route":
        if self.attempt_timeout is not None and self.attempt_timeout > self.timeout:
            raise ValueError("attempt_timeout is one attempt's part of timeout and cannot be longer")
        if self.upstream == SELF and self.auth != "required":
            raise ValueError("what the gateway answers itself is about a user, so auth has to be required")
        return self


class Configuration(Frozen):
    """A whole routes file."""

    strip_prefix: str = Field("/api", pattern=r"^(/[a-z0-9-]+)*$")
    limits: dict[Name, Limit] = Field(min_length=1)
    upstreams: dict[Name, Upstream] = Field(min_length=1)
    routes: tuple[Route, ...] = Field(min_length=1)


def _base_url(url: str) -> str:
    """The URL, which no message repeats: it may come from a variable, and variables hold secrets at times."""
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:
        raise ValueError("is not a list of URLs such as http://orders:8000") from None
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise ValueError("is not a list of URLs such as http://orders:8000")
    if parts.path not in ("", "/") or parts.query or parts.fragment or "@" in parts.netloc:
        raise ValueError("must be only scheme, host and port")
    if port == 0:
        raise ValueError("has a URL without a usable port")
    return url.rstrip("/")
