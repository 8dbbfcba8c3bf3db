"""A service: its parts, its two HTTP applications, and its API with errors that are problems.

Refuses to be ready before everything is started.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

from fastapi import APIRouter, FastAPI, Request
from starlette.responses import JSONResponse, Response
from starlette.types import ASGIApp, Receive, Scope, Send

from chassis import faults, metrics, problems
from chassis.health import Health
from chassis.middleware import Edge
from chassis.settings import ServiceSettings


class Component(Protocol):
    """A part with a life of its own: a pool, a relay, a consumer. Started in order, stopped in reverse."""

    async def start(self) -> None:
        """Begin. A dependency that is down is no reason to fail: retry in the background, readiness says no."""

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
    # Routes for the ops port, which no gateway routes to and no host publishes.
    ops: Sequence[APIRouter] = field(default=())


class _Api(FastAPI):
    def openapi(self) -> dict[str, Any]:
        """The contract, with the problems that FastAPI does not know about."""
        if self.openapi_schema is None:
            problems.document(super().openapi())
        return super().openapi()


def new_api(title: str, version: str = "1.0.0") -> FastAPI:
    """An API whose errors are problems, and whose contract says so; no interactive pages on a production port."""
    app = _Api(title=title, version=version, docs_url=None, redoc_url=None, redirect_slashes=False)
    problems.install(app)
    return app


def business_app(service: Service, fault: faults.Faults) -> ASGIApp:
    """What the business port serves."""
    service.api.include_router(_health_router(service.health))
    return Edge(service.api, max_body=service.settings.max_body_bytes, faults=fault)


def ops_app(service: Service, fault: faults.Faults) -> ASGIApp:
    """What the ops port serves; nothing in here counts as a request to the service."""
    api = new_api(f"{service.name} operations")
    api.include_router(_health_router(service.health))
    if service.settings.faults == "on":
        api.include_router(faults.router(fault))
    for router in service.ops:
        api.include_router(router)

    @api.get("/metrics", include_in_schema=False)
    async def scrape() -> Response:
        return Response(metrics.exposition(), media_type=metrics.CONTENT_TYPE)

    return Edge(api, max_body=service.settings.max_body_bytes, measured=False)


def _health_router(health: Health) -> APIRouter:
    """The two questions an orchestrator asks."""
    router = APIRouter(prefix="/health", include_in_schema=False)

    @router.get("/live")
    async def live() -> dict[str, object]:
        return health.live()

    @router.get("/ready")
    async def ready(request: Request) -> JSONResponse:
        usable, report = await health.readiness()
        # Probes want the status at once; a cache in between would turn the truth into a rumour.
        return JSONResponse(report, 200 if usable else 503, {"Cache-Control": "no-store"})

    return router


def asgi(service: Service) -> ASGIApp:
    """The business application as it is served, for tests without sockets; its lifespan starts the components."""
    edge = business_app(service, faults.Faults())

    async def application(scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "lifespan":
            await _lifespan(service, receive, send)
        else:
            await edge(scope, receive, send)

    return application


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
