"""What a look may use: where the parts are, who may log in, what was captured, the workspace. Refuses decisions.

One `Reach` serves one evaluation, inside one event loop. Clients are made when first asked for and shared.
"""

from __future__ import annotations

import re
from collections.abc import AsyncIterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

from tutor.labs.check import CannotLook

if TYPE_CHECKING:
    import httpx

    from tutor.labs.engine.base import LogLine, PartFacts

_VARIABLE = re.compile(r"\$\{([a-z][a-z0-9_.]*)\}")


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
    learner has found (`input.<id>`). `dsn` gives a database URL for a read-only look at a service's database.
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
            limits = httpx.Limits(max_connections=100, max_keepalive_connections=20)
            self._http = httpx.AsyncClient(timeout=10.0, trust_env=False, follow_redirects=False, limits=limits)
            self._stack.push_async_callback(self._http.aclose)
        return self._http

    def filled(self, value: Any) -> Any:
        """The value with each `${name}` replaced; a text that is one variable alone becomes the variable's value.

        Raises: CannotLook when a variable is not known: then a check before it has not run.
        """
        if isinstance(value, str):
            return self._text(value)
        if isinstance(value, Mapping):
            return {key: self.filled(inner) for key, inner in value.items()}
        if isinstance(value, list | tuple):
            return [self.filled(inner) for inner in value]
        return value

    def _text(self, text: str) -> Any:
        if (whole := _VARIABLE.fullmatch(text)) is not None:
            return self._variable(whole[1])
        return _VARIABLE.sub(lambda found: str(self._variable(found[1])), text)

    def _variable(self, name: str) -> Any:
        if name not in self.variables:
            raise CannotLook(f"nothing is known as ${{{name}}}")
        return self.variables[name]

    @asynccontextmanager
    async def open(self) -> AsyncIterator[Reach]:
        """Use it; afterwards every client is closed."""
        async with self._stack:
            yield self
