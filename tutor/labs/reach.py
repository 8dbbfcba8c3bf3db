"""What a look may use: where the parts are, who may log in, what was captured, the workspace. Refuses decisions.

One `Reach` serves one evaluation, inside one event loop. Clients are made when first asked for and shared.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Protocol

from tutor.labs.arguments import VARIABLE
from tutor.labs.check import CannotLook
from tutor.labs.hiding import Secrets

if TYPE_CHECKING:
    import httpx

    from tutor.labs.engine.base import LogLine, PartFacts


class Inspector(Protocol):
    """The part of an engine that only looks. Every method may raise CannotLook."""

    def facts(self, part: str) -> list[PartFacts]:
        """One entry per instance of the part, running or not."""

    def logs(self, part: str, since: datetime, limit: int) -> list[LogLine]:
        """The lines that a part wrote since then, oldest first, at most `limit` of the newest."""

    def address(self, part: str, port: str = "http") -> str:
        """Where a port of a part is reached from here, as host:port; ports are named in `engine.base.PORTS`."""


@dataclass
class Reach:
    """Everything that a look may use.

    `variables` holds what `${name}` stands for: captures, the accounts (`customer.token`, `customer.id`,
    `customer.email`, `customer.password`; likewise `stranger`, `support`, `admin`), `lab.started`, and what the
    learner has found (`input.<id>`). `dsns` holds a database URL per service, of a role that may only read. `secrets`
    holds `rabbitmq.user`, `rabbitmq.password`, `rabbitmq.vhost` (`shop` when absent), `redis.password` (none when
    absent) and `redis.database` (0 when absent). `began` is when this evaluation began.
    """

    engine: Inspector
    workspace: Path
    started: datetime
    variables: dict[str, Any] = field(default_factory=dict)
    dsns: Mapping[str, str] = field(default_factory=dict)
    secrets: Mapping[str, str] = field(default_factory=dict)
    trusted: bool = False
    """True when the lab may run code of its own (`script`): it ships with the program, or was trusted by name."""
    lab_folder: Path = Path()
    began: datetime | None = None
    _stack: AsyncExitStack = field(default_factory=AsyncExitStack)
    _http: httpx.AsyncClient | None = None

    def url(self, part: str, port: str = "http") -> str:
        """The base URL of a part; raises CannotLook when it has none here."""
        return f"http://{self.engine.address(part, port)}"

    def dsn(self, service: str) -> str:
        """The database of a service, for a role that may only read."""
        if service not in self.dsns:
            raise CannotLook(f"{service} has no database here")
        return self.dsns[service]

    def http(self) -> httpx.AsyncClient:
        """The one HTTP client: no proxies of the environment, no redirects, no retries."""
        import httpx

        if self._http is None:
            # A connection that went stale between two looks would look like a service that hangs up: none is kept.
            limits = httpx.Limits(max_connections=100, max_keepalive_connections=0)
            # The lab speaks plain HTTP on this machine; loading certificates would take longer than most checks.
            self._http = httpx.AsyncClient(
                timeout=10.0, trust_env=False, verify=False, follow_redirects=False, limits=limits
            )
            self._stack.push_async_callback(self._http.aclose)
        return self._http

    def filled(self, value: Any, **more: Any) -> Any:
        """The value with each `${name}` replaced; a text that is one variable alone becomes the variable's value.

        `more` are variables of this one look, such as the number of a request. Keys are left as they are.

        Raises: CannotLook when a variable is not known: then a check before it has not run.
        """
        if isinstance(value, str):
            return self._text(value, more)
        if isinstance(value, Mapping):
            return {key: self.filled(inner, **more) for key, inner in value.items()}
        if isinstance(value, list | tuple):
            return [self.filled(inner, **more) for inner in value]
        return value

    def _text(self, text: str, more: Mapping[str, Any]) -> Any:
        if (whole := VARIABLE.fullmatch(text)) is not None:
            return self.variable(whole[1], more)
        return VARIABLE.sub(lambda found: str(self.variable(found[1], more)), text)

    def variable(self, name: str, more: Mapping[str, Any] = MappingProxyType({})) -> Any:
        """What `${name}` stands for. Raises: CannotLook when nothing is known by that name."""
        known = more if name in more else self.variables
        if name not in known:
            raise CannotLook(f"nothing is known as ${{{name}}}")
        return known[name]

    def hiding(self) -> Secrets:
        """What must not be shown, as far as it is known by now."""
        return Secrets.among(
            {**self.secrets, **{f"sql.{name}": dsn for name, dsn in self.dsns.items()}}, self.variables
        )

    @asynccontextmanager
    async def open(self) -> AsyncIterator[Reach]:
        """Use it; afterwards every client is closed."""
        async with self._stack:
            yield self
