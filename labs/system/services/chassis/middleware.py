"""What happens around every request, in one pass: correlation id, span, metrics, body limit, faults, access line.

Refuses to be a stack of middlewares: each layer would wrap ``send`` again and cost as much as all of this together.
"""

import asyncio
import logging
import time
from http import HTTPStatus

from starlette.requests import ClientDisconnect
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from chassis import context, metrics, tracing
from chassis.faults import Faults
from chassis.problems import Problem, phrase, render

logger = logging.getLogger("chassis.access")

# What the client will never read, but the log and the metrics should: nginx' number for a client that went away.
CLIENT_GONE = 499
# After a refused body this much more is read and thrown away, so that the client gets to see the refusal.
LINGER_BYTES = 16 * 1024 * 1024
LINGER_SECONDS = 2.0


class Exchange:
    """One request and its answer."""

    __slots__ = ("correlation", "limit", "path", "receive_raw", "received", "send_raw", "status", "too_large")

    def __init__(self, scope: Scope, receive: Receive, send: Send, limit: int, correlation: str) -> None:
        self.path: str = scope["path"]
        self.limit = limit
        self.correlation = correlation.encode()
        self.receive_raw = receive
        self.send_raw = send
        self.received = 0
        self.status = 0
        self.too_large = False

    async def receive(self) -> Message:
        """Read on, up to the limit: a chunked body announces no length, so what arrives is counted."""
        message = await self.receive_raw()
        if message["type"] == "http.request":
            self.received += len(message.get("body", b""))
            if self.received > self.limit:
                self.too_large = True
                raise too_large(self.limit)
        return message

    async def send(self, message: Message) -> None:
        """Answer, with the correlation id; once the body proved too large only the refusal gets through."""
        if self.too_large:
            return
        if message["type"] == "http.response.start":
            self.status = message["status"]
            headers = [header for header in message.get("headers", ()) if header[0] != b"x-correlation-id"]
            headers.append((b"x-correlation-id", self.correlation))
            message["headers"] = headers
        await self.send_raw(message)

    async def answer(self, problem: Problem, scope: Scope) -> None:
        """Answer with a problem, unless an answer has begun."""
        if not self.status:
            self.too_large = False
            await render(problem, self.path)(scope, self.receive_raw, self.send)


def too_large(limit: int) -> Problem:
    """The refusal of a body over the limit."""
    detail = f"A request body has at most {limit} bytes."
    return Problem(413, phrase(413), detail=detail, headers={"Connection": "close"})


class Edge:
    """The outermost ASGI application of a port."""

    def __init__(self, app: ASGIApp, *, max_body: int, faults: Faults | None = None, measured: bool = True) -> None:
        self.app = app
        self.max_body = max_body
        self.faults = faults
        self.measured = measured

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handle one request; nothing that goes wrong inside gets past here."""
        if scope["type"] != "http":
            return
        headers = {name: value for name, value in scope["headers"] if name in _WANTED}
        correlation = context.accept(headers.get(b"x-correlation-id", b"").decode("latin-1"))
        exchange = Exchange(scope, receive, send, self.max_body, correlation)
        started = time.perf_counter()
        carrier = {name.decode(): value.decode("latin-1") for name, value in headers.items()}
        with (
            context.bind(correlation),
            tracing.span(scope["method"], kind="server", parent=tracing.extract(carrier)) as span,
        ):
            metrics.in_flight.inc()
            try:
                await self._guarded(exchange, scope, headers)
            finally:
                metrics.in_flight.dec()
                route = getattr(scope.get("route"), "path", "unmatched")
                seconds = time.perf_counter() - started
                if self.measured:
                    metrics.observe(scope["method"], route, exchange.status, seconds)
                span.update_name(f"{scope['method']} {route}")
                span.set_attribute("http.response.status_code", exchange.status)
                logger.info(
                    "%s %s %s",
                    scope["method"],
                    route,
                    exchange.status,
                    extra={"path": exchange.path, "duration_ms": round(seconds * 1000, 2)},
                )

    async def _guarded(self, exchange: Exchange, scope: Scope, headers: dict[bytes, bytes]) -> None:
        try:
            length = headers.get(b"content-length", b"0")
            if length.isdigit() and int(length) > self.max_body:
                raise too_large(self.max_body)
            if self.faults:
                await self.faults.strike(exchange.path)
            await self.app(scope, exchange.receive, exchange.send)
        except Problem as problem:
            await exchange.answer(problem, scope)
        except ClientDisconnect:
            exchange.status = exchange.status or CLIENT_GONE
        except asyncio.CancelledError:
            await exchange.answer(Problem(503, phrase(503), detail="The service is stopping."), scope)
            raise
        except Exception:
            logger.exception("unhandled exception")
            await exchange.answer(Problem(500, HTTPStatus(500).phrase), scope)
        if exchange.too_large:
            await exchange.answer(too_large(self.max_body), scope)


_WANTED = frozenset({b"x-correlation-id", b"traceparent", b"tracestate", b"content-length", b"expect"})
