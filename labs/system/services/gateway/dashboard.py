"""`GET /api/user-dashboard/{id}`: one answer made of three, asked in parallel, partial when it must be.

A page that needs user, orders and notifications would otherwise make three calls over a mobile network. The price of
composition is coupling of availability, so it is not paid: a part that fails or is late is left out and named, and the
rest is delivered. All parts share one deadline, because sequential calls would add up their worst cases.

Refuses to show somebody else's page without `users:read:any`, to let a part be more than the services themselves
would show to this caller (each part is asked with the caller's own identity), and to invent a user: 404 stays 404.
"""

import asyncio
import json
from dataclasses import dataclass
from typing import Annotated, Any, Literal
from urllib.parse import quote
from uuid import UUID

from fastapi import APIRouter, Depends, Request, Security
from fastapi.security import HTTPBearer
from multidict import CIMultiDict
from pydantic import BaseModel, Field

from chassis import context
from chassis.identity.model import Identity
from chassis.problems import Problem, responses
from gateway.disconnect import while_connected
from gateway.exchange import Outgoing
from gateway.forward import Forwarder
from gateway.proxy import ADMITTED, REQUEST
from gateway.routing import Routing
from gateway.signing import Signer
from gateway.upstream import RunningUpstream

MARGIN = 0.1  # of the deadline is kept for putting the answer together and sending it
_BEARER = HTTPBearer(auto_error=False, description="JWT or opaque access token")


class FailedPart(BaseModel):
    """A part that is missing, and why."""

    part: Literal["user", "orders", "notifications"]
    reason: Literal["timed_out", "unavailable", "refused", "malformed"]
    status: int = Field(description="What the service, or the gateway in its place, answered")


class Dashboard(BaseModel):
    """What could be had in time; a missing part is null and named in `failed`."""

    user: dict[str, Any] | None
    orders: list[Any] | None
    notifications: list[Any] | None
    failed: list[FailedPart]
    complete: bool


@dataclass(frozen=True)
class Part:
    """One call."""

    name: Literal["user", "orders", "notifications"]
    upstream: str
    path: str


class PartFailed(Exception):
    """A part that cannot be shown."""

    def __init__(self, failed: FailedPart) -> None:
        super().__init__(failed.part)
        self.failed = failed


def parts_of(user: str, viewer: Identity) -> list[Part]:
    """Lists of somebody else are asked for by id; the services check the viewer's right to that again."""
    whose = "" if user == viewer.subject else f"&user_id={quote(user, safe='')}"
    return [
        Part("user", "users", f"/users/{quote(user, safe='')}"),
        Part("orders", "orders", f"/orders?limit=10{whose}"),
        Part("notifications", "notifications", f"/notifications?limit=10{whose}"),
    ]


class Composer:
    """Asks for the parts through the same breakers, places and instances as everybody else."""

    def __init__(self, routing: Routing, forwarder: Forwarder, signer: Signer) -> None:
        self._routing = routing
        self._forwarder = forwarder
        self._signer = signer

    async def compose(self, user: str, viewer: Identity, asked: Outgoing) -> Dashboard:
        """The page, or a Problem when the user does not exist or nothing at all could be had."""
        parts = parts_of(user, viewer)
        upstreams = self._routing.in_force.upstreams
        calls = (self._part(part, upstreams.get(part.upstream), viewer, asked) for part in parts)
        answers = await asyncio.gather(*calls, return_exceptions=True)
        found: dict[str, Any] = dict.fromkeys((part.name for part in parts), None)
        failed: list[FailedPart] = []
        for part, answer in zip(parts, answers, strict=True):
            if isinstance(answer, PartFailed):
                failed.append(answer.failed)
            elif isinstance(answer, BaseException):
                raise answer
            else:
                found[part.name] = answer
        if any(each.part == "user" and each.status == 404 for each in failed):
            raise Problem(404, "Not found", detail="There is no such user.")
        if len(failed) == len(parts):
            raise Problem(
                503,
                "No part of the dashboard is available",
                headers={"Retry-After": "2"},
                failed=[each.model_dump() for each in failed],
            )
        return Dashboard(**found, failed=failed, complete=not failed)

    async def _part(self, part: Part, upstream: RunningUpstream | None, viewer: Identity, asked: Outgoing) -> Any:
        if upstream is None:
            raise PartFailed(FailedPart(part=part.name, reason="unavailable", status=503))
        headers: CIMultiDict[str] = CIMultiDict(Accept="application/json")
        headers["Authorization"] = asked.headers["authorization"]
        headers["X-Identity"] = self._signer.header(viewer, upstream.name)
        headers["X-Correlation-Id"] = context.correlation_id()
        request = Outgoing(
            "GET",
            part.path,
            headers,
            asked.deadline - MARGIN,
            retry=asked.retry,
            attempt_timeout=asked.attempt_timeout,
            may_repeat=True,
            whole=True,
        )
        try:
            with upstream.place(), await self._forwarder.send(upstream, request) as answer:
                return _content(part, answer.status, answer.body or b"")
        except Problem as problem:
            reason: Literal["timed_out", "unavailable"] = "timed_out" if problem.status == 504 else "unavailable"
            raise PartFailed(FailedPart(part=part.name, reason=reason, status=problem.status)) from None


def _content(part: Part, status: int, body: bytes) -> Any:
    if status != 200:
        reason: Literal["unavailable", "refused"] = "unavailable" if status >= 500 else "refused"
        raise PartFailed(FailedPart(part=part.name, reason=reason, status=status))
    try:
        content = json.loads(body)
        # Lists come in an envelope with a cursor; a dashboard shows the first page.
        if part.name != "user" and isinstance(content, dict):
            content = content["items"]
        if not isinstance(content, dict if part.name == "user" else list):
            raise ValueError
    except (ValueError, KeyError, RecursionError):
        raise PartFailed(FailedPart(part=part.name, reason="malformed", status=status)) from None
    return content


def router(composer: Composer) -> APIRouter:
    """The endpoint; the proxy in front of it has checked token and limit."""
    routes = APIRouter(prefix="/api", tags=["dashboard"])

    @routes.get(
        "/user-dashboard/{id}",
        responses=responses(400, 401, 403, 404, 405, 408, 413, 429, 431, 503),
        dependencies=[Depends(_BEARER)],
    )
    async def user_dashboard(
        request: Request, id: UUID, _token: Annotated[object, Security(_BEARER)] = None
    ) -> Dashboard:
        """User, latest orders and latest notifications of one user: your own, or anyone's with users:read:any."""
        viewer = request.scope[ADMITTED].identity
        if str(id) != viewer.subject and not viewer.may("users:read:any"):
            raise Problem(403, "Not permitted", detail="This is somebody else's dashboard.")
        async with while_connected(request.receive):
            return await composer.compose(str(id), viewer, request.scope[REQUEST])

    return routes
