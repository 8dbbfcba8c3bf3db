"""The hot path: one ASGI application that takes a request from its first header to the last byte of the answer.

Plain ASGI and not FastAPI routes, because nothing here needs parsing or validation of a body, and at hundreds of
requests a second each layer costs. The gateway's own endpoints are FastAPI's, behind the same checks.

Refuses what is not in the table of routes, bodies over the route's limit, and to send anything after an answer broke
off half-way: the connection is closed, so that half an answer does not look whole. An Upgrade is ignored, as HTTP
allows: a WebSocket would pass every check once and then carry anything.
"""

import asyncio
import logging

from multidict import CIMultiDict
from starlette.requests import ClientDisconnect
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from chassis import context
from chassis.problems import Problem, render
from gateway import body, headers
from gateway.admission import Admission, Admitted
from gateway.config import SELF, Route
from gateway.disconnect import while_connected
from gateway.exchange import Answer, BrokenOff, Outgoing
from gateway.forward import IDEMPOTENT, Forwarder
from gateway.routing import InForce, Routing
from gateway.signing import Signer
from gateway.templates import UnsafePath, safe, safe_query
from gateway.upstream import RunningUpstream

log = logging.getLogger(__name__)

REQUEST = "gateway.request"  # keys of the scope that own endpoints read
ADMITTED = "gateway.admitted"
# Answered by the inner application without a token or a limit: for orchestrators and for readers of the contract.
OPEN = frozenset(("/health/live", "/health/ready", "/openapi.json"))


class Proxy:
    """An ASGI middleware around the gateway's own endpoints."""

    def __init__(self, app: ASGIApp, *, routing: Routing, admission: Admission, forwarder: Forwarder, signer: Signer):
        self._app = app
        self._routing = routing
        self._admission = admission
        self._forwarder = forwarder
        self._signer = signer

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        if scope["type"] != "http" or (scope["method"] == "GET" and scope["path"] in OPEN):
            await self._app(scope, receive, send)
            return
        try:
            await self._handle(scope, receive, send)
        except Problem as problem:
            await render(problem, scope["path"])(scope, receive, send)
        except ClientDisconnect:
            return  # nobody is left to be answered, and it is no error of ours: the access line says 499

    async def _handle(self, scope: Scope, receive: Receive, send: Send) -> None:
        now = self._routing.in_force  # for this request to its end, whatever is reloaded meanwhile
        target, route = _route(now, scope)
        raw = scope["headers"]
        outgoing = Outgoing(scope["method"], target, _passed(raw), 0.0, retry=route.retry)
        outgoing.attempt_timeout = route.attempt_timeout
        peer = scope["client"][0] if scope.get("client") else ""
        limit = now.configuration.limits[route.limit]
        admitted = await self._admission.admit(route, limit, headers.one(raw, b"authorization"), peer)
        if admitted.identity is not None:
            context.bind_log(subject=admitted.identity.subject)
        outgoing.body = await body.read(raw, receive, route.max_body)
        # The promise starts here: how long the client takes to send its request is not the upstream's time.
        outgoing.deadline = asyncio.get_running_loop().time() + route.timeout
        if route.upstream == SELF:
            scope[REQUEST], scope[ADMITTED] = outgoing, admitted
            await self._app(scope, receive, _with_headers(send, admitted))
            return
        self._sign(route, outgoing, admitted, peer)
        try:
            async with while_connected(receive):
                await self._forward(now.upstreams[route.upstream], outgoing, admitted, send)
        finally:
            context.bind_log(upstream=route.upstream, attempts=len(outgoing.tried))
            if outgoing.tried:
                context.bind_log(upstream_instance=outgoing.tried[-1].base)

    def _sign(self, route: Route, outgoing: Outgoing, admitted: Admitted, peer: str) -> None:
        own = outgoing.headers
        with_key = route.retry.post_with_idempotency_key and "idempotency-key" in own
        outgoing.may_repeat = outgoing.method in IDEMPOTENT or (outgoing.method == "POST" and with_key)
        if route.auth == "none":
            own.popall("authorization", None)  # a route that asks for no token passes none on
        if admitted.identity is not None:
            own["X-Identity"] = self._signer.header(admitted.identity, route.upstream)
            # Orders reads these: it is still as it was before X-Identity.
            own["X-User-Id"] = admitted.identity.subject
            own["X-User-Roles"] = ",".join(sorted(admitted.identity.roles))
        own["X-Correlation-Id"] = context.correlation_id()
        # The client's own claim is gone, so what users counts failed logins by is the address that we saw.
        own["X-Forwarded-For"] = peer

    async def _forward(self, upstream: RunningUpstream, request: Outgoing, admitted: Admitted, send: Send) -> None:
        with upstream.place(), await self._forwarder.send(upstream, request) as answer:
            try:
                start = [*headers.outbound(answer.headers, answer.status), *admitted.headers]
            except headers.BadHeaders as problem:
                raise Problem(problem.status, f"{upstream.name} gave no usable answer") from None
            await send({"type": "http.response.start", "status": answer.status, "headers": start})
            if answer.body is not None:
                await send({"type": "http.response.body", "body": answer.body})
            else:
                await _stream(answer, request.deadline, send)


async def _stream(answer: Answer, deadline: float, send: Send) -> None:
    try:
        while part := await answer.chunk(deadline):
            # A client that does not read holds a place, an instance and a connection: its time is bounded as well.
            async with asyncio.timeout_at(deadline):
                await send({"type": "http.response.body", "body": part, "more_body": True})
    except (BrokenOff, TimeoutError) as error:
        # The status is sent, so all that can still be said is said by closing the connection: without the last
        # message the server does that, and the client sees that the answer is not whole.
        log.warning("an answer broke off: %s", str(error) or "the client reads too slowly")
        return
    await send({"type": "http.response.body", "body": b""})


def _route(now: InForce, scope: Scope) -> tuple[str, Route]:
    """Where the request goes, and the path and query that are sent there."""
    try:
        path = scope["raw_path"].decode("ascii")
        query = scope["query_string"].decode("ascii")
        parts = safe(path)
        safe_query(query)
    except UnicodeDecodeError:
        raise Problem(400, "Bad path", detail="the path holds a character that must be encoded") from None
    except UnsafePath as problem:
        raise Problem(400, "Bad path", detail=str(problem)) from None
    methods = now.tree.find(parts)
    if not methods:
        raise Problem(404, "Not found", detail="No route leads there.")
    scope["route_template"] = next(iter(methods.values())).path  # the label of metrics, log and span
    route = methods.get(scope["method"])
    if route is None:
        raise Problem(405, "Method not allowed", headers={"Allow": ", ".join(sorted(methods))})
    prefix = now.configuration.strip_prefix
    stripped = path.removeprefix(prefix) if path.startswith(f"{prefix}/") else path
    return f"{stripped}?{query}" if query else stripped, route


def _passed(raw: headers.Raw) -> CIMultiDict[str]:
    try:
        return headers.inbound(raw)
    except headers.BadHeaders as problem:
        raise Problem(problem.status, "Bad headers", detail=str(problem)) from None


def _with_headers(send: Send, admitted: Admitted) -> Send:
    async def sending(message: Message) -> None:
        if message["type"] == "http.response.start":
            message["headers"] = [*message.get("headers", ()), *admitted.headers]
        await send(message)

    return sending
