"""What happens around every request, in one pass: correlation id, span, metrics, body limit, faults, access line.

Refuses to be a stack of middlewares: each layer would wrap ``send`` again and cost as much as all of this together.
"""

import asyncio
import logging
import time
from contextlib import nullcontext

from opentelemetry.context import Context
from opentelemetry.trace import Span
from starlette.requests import ClientDisconnect
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from chassis import context, metrics, tracing
from chassis.faults import Faults
from chassis.problems import Problem, phrase, render

logger = logging.getLogger("chassis.access")

# The client never reads it, the log and the metrics do: nginx' number for a client that went away.
CLIENT_GONE = 499
BODY_TIMEOUT = 20.0
# A refused body is read on for a while and thrown away: closing at once would reset the connection, and the client
# would see a broken pipe in place of the refusal.
LINGER_BYTES = 16 * 1024 * 1024
LINGER_SECONDS = 2.0

_WANTED = frozenset({b"x-correlation-id", b"traceparent", b"tracestate", b"content-length", b"expect"})
_CLOSE = {"Connection": "close"}


def _quiet(path: str) -> bool:
    """Probes and scrapes come every few seconds, for ever: not worth a line each."""
    return path.startswith("/health/") or path == "/metrics"


class Exchange:
    """One request and its answer, seen from the outside."""

    __slots__ = (
        "complete",
        "correlation",
        "due",
        "gone",
        "limit",
        "path",
        "raw_receive",
        "raw_send",
        "received",
        "refusal",
        "status",
    )

    def __init__(self, path: str, receive: Receive, send: Send, limit: int, correlation: str) -> None:
        self.path = path
        self.limit = limit
        self.correlation = (b"x-correlation-id", correlation.encode())
        self.raw_receive = receive
        self.raw_send = send
        self.received = 0
        self.due = 0.0
        self.status = 0
        self.complete = False
        self.gone = False
        self.refusal: Problem | None = None

    async def receive(self) -> Message:
        """Read on, within the limits: a chunked body announces no length, so what arrives is counted."""
        if self.complete:  # the application waits for the client to leave, which may take as long as it likes
            return await self.raw_receive()
        # One deadline for the whole body: with one for each piece, a byte now and then would hold a request for ever.
        self.due = self.due or asyncio.get_running_loop().time() + BODY_TIMEOUT
        try:
            async with asyncio.timeout_at(self.due):
                message = await self.raw_receive()
        except TimeoutError:
            raise self.refuse(Problem(408, phrase(408), headers=_CLOSE)) from None
        if message["type"] == "http.request":
            self.received += len(message.get("body", b""))
            self.complete = not message.get("more_body", False)
            if self.received > self.limit:
                raise self.refuse(too_large(self.limit))
        else:
            # Whatever the application makes of half a body, it is no error of ours and nobody reads the answer.
            self.gone, self.status = True, CLIENT_GONE
        return message

    def refuse(self, problem: Problem) -> Problem:
        """Remember why: frameworks turn an error that is raised while they read a body into one of their own."""
        self.refusal = problem
        return problem

    async def send(self, message: Message) -> None:
        """Answer, with the correlation id; after a refusal, or to a client that has left, nothing gets through."""
        if self.refusal or self.gone:  # not by the status: a gateway may pass on somebody else's 499
            return
        if message["type"] == "http.response.start":
            self.status = message["status"]
            headers = [header for header in message.get("headers", ()) if header[0] != b"x-correlation-id"]
            headers.append(self.correlation)
            message["headers"] = headers
        await self.raw_send(message)

    async def answer(self, problem: Problem, *, linger: bool = False) -> None:
        """Answer with a problem, unless an answer has begun."""
        if self.status:
            return
        self.refusal = None
        response = render(problem, self.path)
        await self.send({"type": "http.response.start", "status": problem.status, "headers": response.raw_headers})
        if linger:
            await self.raw_send({"type": "http.response.body", "body": response.body, "more_body": True})
            await self._linger()
            await self.raw_send({"type": "http.response.body", "body": b""})
        else:
            await self.raw_send({"type": "http.response.body", "body": response.body})

    async def _linger(self) -> None:
        left = LINGER_BYTES
        try:
            async with asyncio.timeout(LINGER_SECONDS):
                while left > 0:
                    message = await self.raw_receive()
                    left -= len(message.get("body", b""))
                    if not message.get("more_body", False):
                        return
        except TimeoutError:
            return


def too_large(limit: int) -> Problem:
    """The refusal of a body over the limit."""
    return Problem(413, phrase(413), detail=f"A request body has at most {limit} bytes.", headers=_CLOSE)


class Edge:
    """The outermost ASGI application of a port."""

    def __init__(self, app: ASGIApp, *, max_body: int, faults: Faults | None = None, measured: bool = True) -> None:
        self.app = app
        self.max_body = max_body
        self.faults = faults
        self.measured = measured
        self._in_flight = metrics.in_flight.track_inprogress() if measured else nullcontext()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handle one request; no exception gets past here."""
        if scope["type"] != "http":  # there are no web sockets, and the lifespan is ours
            return
        started = time.perf_counter()
        headers = {name: value.decode("latin-1") for name, value in scope["headers"] if name in _WANTED}
        correlation = context.accept(headers.get(b"x-correlation-id"))
        exchange = Exchange(scope["path"], receive, send, self.max_body, correlation)
        with (
            context.bind(correlation),
            tracing.span(scope["method"], kind="server", parent=_parent(headers)) as span,
            self._in_flight,
        ):
            try:
                await self._guarded(exchange, scope, headers)
            finally:
                self._record(exchange, scope, span, time.perf_counter() - started)

    async def _guarded(self, exchange: Exchange, scope: Scope, headers: dict[bytes, str]) -> None:
        try:
            length = headers.get(b"content-length", "")
            if length.isdigit() and int(length) > self.max_body:
                raise exchange.refuse(too_large(self.max_body))
            if self.faults and self.faults.active:
                await self.faults.strike(exchange.path)
            await self.app(scope, exchange.receive, exchange.send)
        except Problem as problem:
            exchange.refusal = exchange.refusal or problem
        except ClientDisconnect:
            exchange.status = exchange.status or CLIENT_GONE
        except asyncio.CancelledError:
            # The grace period of a stopping process is over. Saying so beats a connection that just breaks.
            await exchange.answer(Problem(503, phrase(503), detail="The service is stopping.", headers=_CLOSE))
            raise
        except Exception:
            logger.exception("unhandled exception in %s %s", scope["method"], exchange.path)
            await exchange.answer(Problem(500, phrase(500)))
        if exchange.refusal:
            # A client that waits for "100 Continue" has sent nothing yet that would have to be read.
            unread = exchange.refusal.status == 413 and b"expect" not in headers
            await exchange.answer(exchange.refusal, linger=unread)

    def _record(self, exchange: Exchange, scope: Scope, span: Span, seconds: float) -> None:
        method, status = scope["method"], exchange.status or CLIENT_GONE
        # A gateway's framework route is one catch-all: it names the configured route here instead.
        route = str(scope.get("route_template") or getattr(scope.get("route"), "path", "unmatched"))
        if self.measured:
            metrics.observe(method, route, status, seconds)
        if span.is_recording():
            span.update_name(f"{method} {route}")
            span.set_attributes(
                {"http.request.method": method, "http.route": route, "http.response.status_code": status}
            )
            if status >= 500:
                tracing.failed(span, str(status))
        level = logging.DEBUG if _quiet(exchange.path) else logging.WARNING if status >= 500 else logging.INFO
        if logger.isEnabledFor(level):
            client = scope.get("client")
            line = {
                "method": method,
                "route": route,
                "path": exchange.path[:500],
                "status": status,
                "duration_ms": round(seconds * 1000, 2),
                "client": client[0] if client else "",
            }
            logger.log(level, "%s %s %s", method, route, status, extra=line)


def _parent(headers: dict[bytes, str]) -> Context:
    if b"traceparent" not in headers:
        return tracing.NOTHING
    carrier = {"traceparent": headers[b"traceparent"], "tracestate": headers.get(b"tracestate", "")}
    return tracing.extract(carrier)
