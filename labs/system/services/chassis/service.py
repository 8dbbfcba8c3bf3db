"""A service and its life: start in order, serve two ports, drain, stop in reverse, all within the grace period.

Refuses to be ready before everything is started, and to take longer to stop than it was given.
"""

import asyncio
import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Protocol

from fastapi import APIRouter, FastAPI
from starlette.responses import JSONResponse
from starlette.types import ASGIApp, Receive, Scope, Send

from chassis import problems
from chassis.faults import Faults
from chassis.health import Health
from chassis.middleware import Edge
from chassis.settings import ServiceSettings

logger = logging.getLogger(__name__)


class Component(Protocol):
    """A part with a life of its own: a pool, a relay, a consumer."""

    async def start(self) -> None:
        """Begin; a dependency that is down is retried in the background, readiness says so."""

    async def stop(self) -> None:
        """Finish what is in flight and let go."""


@dataclass
class Service:
    """Everything that one process runs."""

    name: str
    settings: ServiceSettings
    api: FastAPI
    health: Health
    components: Sequence[Component]
    ops: Sequence[APIRouter] = field(default=())


def new_api(title: str, version: str = "1.0.0") -> FastAPI:
    """An API whose errors are problems, and whose contract says so; no interactive pages on a production port."""
    app = FastAPI(title=title, version=version, docs_url=None, redoc_url=None, redirect_slashes=False)
    problems.install(app)
    return app


def health_router(health: Health) -> APIRouter:
    """The two questions an orchestrator asks."""
    router = APIRouter(prefix="/health", include_in_schema=False)

    @router.get("/live")
    async def live() -> dict[str, object]:
        return health.live()

    @router.get("/ready")
    async def ready() -> JSONResponse:
        usable, report = await health.readiness()
        return JSONResponse(report, 200 if usable else 503)

    return router


def asgi(service: Service) -> ASGIApp:
    """The business application as it is served, for tests without sockets; its lifespan starts the components."""
    edge = business(service, Faults())

    async def application(scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "lifespan":
            await _lifespan(service, receive, send)
        else:
            await edge(scope, receive, send)

    return application


def business(service: Service, faults: Faults) -> ASGIApp:
    """What the business port serves."""
    service.api.include_router(health_router(service.health))
    return Edge(service.api, max_body=service.settings.max_body_bytes, faults=faults)


async def _lifespan(service: Service, receive: Receive, send: Send) -> None:
    await receive()
    for component in service.components:
        await component.start()
    service.health.ready = True
    await send({"type": "lifespan.startup.complete"})
    await receive()
    service.health.draining = True
    for component in reversed(service.components):
        await component.stop()
    await send({"type": "lifespan.shutdown.complete"})


def run(build: Callable[[], Service]) -> None:
    """The process: build, serve until SIGTERM or SIGINT, drain and exit."""
    from chassis import server

    raise SystemExit(asyncio.run(server.serve(build())))
