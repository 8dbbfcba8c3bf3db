"""The hot path: one ASGI application that takes a request from its first header to the last byte of the answer.

Plain ASGI and not FastAPI routes, because nothing here needs parsing or validation of a body, and at hundreds of
requests a second each layer costs. The gateway's own endpoints are FastAPI's, behind the same checks.

Refuses what is not in the table of routes, upgrades (a WebSocket would pass every check once and then carry anything),
bodies over the route's limit, and to send anything after an answer broke off half-way: the connection is closed, so
that half an answer does not look whole.
"""

import asyncio
import logging
from types import SimpleNamespace

from chassis import context
from chassis.problems import Problem, render
from starlette.requests import ClientDisconnect
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from gateway import headers
from gateway.admission import Admission, Admitted
from gateway.config import SELF, Route
from gateway.forward import IDEMPOTENT, Answer, Forwarder, Outgoing
from gateway.routing import Routing
from gateway.signing import Signer
from gateway.templates import UnsafePath, safe, safe_query

log = logging.getLogger(__name__)

ADMITTED = "gateway.admitted"  # keys of the scope that own endpoints read
DEADLINE = "gateway.deadline"
BODY_SECONDS = 15.0
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
        if scope["type"] == "http":
            try:
                await self._handle(scope, receive, send)
            except Problem as problem:
                await render(problem, scope["path"])(scope, receive, send)
        elif scope["type"] == "websocket":
            await send({"type": "websocket.close", "code": 1008, "reason": "WebSocket is not offered here"})
        else:
            await self._app(scope, receive, send)

    async def _handle(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["method"] == "GET" and scope["path"] in OPEN:
            await self._app(scope, receive, send)
            return
        target, route = self._route(scope)
        raw = scope["headers"]
        if headers.one(raw, b"upgrade"):
            raise Problem(501, "Upgrades are not offered", detail="The gateway speaks HTTP/1.1 and nothing else.")
        outgoing = Outgoing(scope["method"], target, _forwarded(raw), 0.0, retry=route.retry)
        peer = scope["client"][0] if scope.get("client") else ""
        limit = self._routing.configuration.limits[route.limit]
        admitted = await self._admission.admit(route, limit, headers.one(raw, b"authorization"), peer)
        if admitted.identity is not None:
            context.bind_log(subject=admitted.identity.subject)
        outgoing.body = await _body(raw, receive, route.max_body)
        outgoing.deadline = asyncio.get_running_loop().time() + route.timeout
        outgoing.attempt_timeout = route.attempt_timeout
        if route.upstream == SELF:
            scope[ADMITTED], scope[DEADLINE] = admitted, outgoing.deadline
            await self._app(scope, receive, _with_headers(send, admitted))
        else:
            outgoing.headers["X-Forwarded-For"] = peer
            await self._forward(route, outgoing, admitted, send)

    def _route(self, scope: Scope) -> tuple[str, Route]:
        try:
            path = scope["raw_path"].decode("ascii")
            query = scope["query_string"].decode("ascii")
            parts = safe(path)
            safe_query(query)
        except UnicodeDecodeError:
            raise Problem(400, "Bad path", detail="the path holds a character that must be encoded") from None
        except UnsafePath as problem:
            raise Problem(400, "Bad path", detail=str(problem)) from None
        methods = self._routing.tree.find(parts)
        if not methods:
            raise Problem(404, "Not found", detail="No route leads there.")
        route = methods.get(scope["method"])
        scope["route"] = SimpleNamespace(path=next(iter(methods.values())).path)  # the label of metrics and log
        if route is None:
            raise Problem(405, "Method not allowed", headers={"Allow": ", ".join(sorted(methods))})
        prefix = self._routing.configuration.strip_prefix
        stripped = path.removeprefix(prefix) if path.startswith(f"{prefix}/") else path
        return f"{stripped}?{query}" if query else stripped, route

    async def _forward(self, route: Route, request: Outgoing, admitted: Admitted, send: Send) -> None:
        upstream = self._routing.upstreams[route.upstream]
        with_key = route.retry.post_with_idempotency_key and "idempotency-key" in request.headers
        request.may_repeat = request.method in IDEMPOTENT or (request.method == "POST" and with_key)
        own = request.headers
        own["X-Correlation-Id"] = context.correlation_id()
        if route.auth == "none":
            own.popall("Authorization", None)  # a route that asks for no token passes none on
        if admitted.identity is not None:
            own["X-Identity"] = self._signer.header(admitted.identity, upstream.name)
        with upstream.place(), await self._forwarder.send(upstream, request) as answer:
            context.bind_log(upstream=upstream.name, upstream_instance=answer.instance, attempts=answer.attempts)
            start = headers.outbound(answer.headers)
            start.extend(admitted.headers)
            await send({"type": "http.response.start", "status": answer.status, "headers": start})
            if answer.body is not None:
                await send({"type": "http.response.body", "body": answer.body})
            else:
                await _stream(answer, request.deadline, send)


async def _stream(answer: Answer, deadline: float, send: Send) -> None:
    try:
        async with asyncio.timeout_at(deadline):
            async for chunk in answer.stream.iter_any():
                await send({"type": "http.response.body", "body": chunk, "more_body": True})
    except Exception as error:  # noqa: BLE001 - whatever broke it, the rest will not come
        # The status is sent, so all that can still be said is said by closing the connection: without the last
        # message the server does that, and the client sees that the answer is not whole.
        log.warning("an answer broke off: %r", error)
        return
    await send({"type": "http.response.body", "body": b""})


def _forwarded(raw: headers.Raw) -> headers.CIMultiDict[str]:
    try:
        return headers.inbound(raw)
    except headers.BadHeaders as problem:
        raise Problem(problem.status, "Bad headers", detail=str(problem)) from None


async def _body(raw: headers.Raw, receive: Receive, limit: int) -> bytes:
    """The whole body. It is held in memory, because a retry must be able to send it again; hence the limit."""
    length = headers.one(raw, b"content-length")
    if not headers.one(raw, b"transfer-encoding"):
        if length in (b"", b"0"):
            return b""
        if length.isdigit() and int(length) > limit:
            raise _too_large(limit)
    received = bytearray()
    try:
        # Who sends a byte a minute would otherwise hold memory here for as long as they like.
        async with asyncio.timeout(BODY_SECONDS):
            more = True
            while more:
                message = await receive()
                if message["type"] == "http.disconnect":
                    raise ClientDisconnect
                received += message.get("body", b"")
                more = message.get("more_body", False)
                if len(received) > limit:
                    raise _too_large(limit)
    except TimeoutError:
        raise Problem(408, "The body came too slowly", headers={"Connection": "close"}) from None
    return bytes(received)


def _too_large(limit: int) -> Problem:
    detail = f"A body has at most {limit} bytes here."
    return Problem(413, "The body is too large", detail=detail, headers={"Connection": "close"})


def _with_headers(send: Send, admitted: Admitted) -> Send:
    async def sending(message: Message) -> None:
        if message["type"] == "http.response.start":
            message["headers"] = [*message.get("headers", ()), *admitted.headers]
        await send(message)

    return sending
