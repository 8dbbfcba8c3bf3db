"""One attempt: a request on the wire to one instance, and its answer or its failure.

Refuses to put a request that must not be repeated on a connection that was used before. The other side may be closing
it at this very moment (it restarts, it cleans up), and then nobody can tell whether the request was read. A new
connection either comes about or does not, and one that does not has certainly carried no request.
"""

import asyncio
import logging
import ssl
from dataclasses import dataclass, field
from types import TracebackType

import aiohttp
from multidict import CIMultiDict
from prometheus_client import Counter
from yarl import URL

from chassis import tracing
from chassis.breaker import Permit
from chassis.problems import Problem
from gateway.balancer import Instance
from gateway.config import Retry
from gateway.upstream import RunningUpstream

log = logging.getLogger(__name__)

ATTEMPTS = Counter("gateway_attempts_total", "Requests sent to an upstream", ["upstream", "outcome"])

BUFFERED = 262_144  # answers up to this size are read whole, so that a broken one can still be repeated
LARGEST_WHOLE = 1_048_576
# The side that sends requests has to be the one that closes idle connections: servers here wait for 75 s.
KEEP_ALIVE = 15
# What aiohttp would add by itself: the client's own values are forwarded, or none.
NOT_ADDED = frozenset(("User-Agent", "Accept", "Accept-Encoding", "Content-Type"))
WITHOUT_BODY = frozenset((204, 304))


@dataclass(slots=True)
class Outgoing:
    """A request as it leaves; `deadline` is in the event loop's time, `tried` is filled by the attempts."""

    method: str
    target: str
    headers: CIMultiDict[str]
    deadline: float
    body: bytes = b""
    retry: Retry = field(default_factory=Retry)
    attempt_timeout: float | None = None
    may_repeat: bool = False
    whole: bool = False  # the gateway reads the answer itself and has no use for a stream
    tried: list[Instance] = field(default_factory=list)


class AttemptFailed(Exception):
    """No usable answer; `problem` is what the client is told, `unsent` that the request certainly did not arrive."""

    def __init__(self, problem: Problem, *, unsent: bool = False) -> None:
        super().__init__(problem.title)
        self.problem = problem
        self.unsent = unsent


class Attempt:
    """What one attempt holds, and the one outcome that it reports to breaker, balancer and metrics."""

    def __init__(self, upstream: RunningUpstream, instance: Instance, permit: Permit) -> None:
        self.upstream = upstream
        self.instance = instance
        self._permit: Permit | None = permit
        instance.in_flight += 1

    def answered(self, status: int) -> None:
        """There is an answer. 4xx is the client's fault and 501 nobody's; any other 5xx counts against the service."""
        self._finish(f"{status // 100}xx", status < 500 or status == 501)

    def failed(self, outcome: str) -> None:
        """There is none, or only half of one."""
        self._finish(outcome, False)

    def cancelled(self) -> None:
        """The client left, or this process stops: nothing was learnt about the service."""
        self._finish("cancelled", None)

    def _finish(self, outcome: str, good: bool | None) -> None:
        permit, self._permit = self._permit, None
        if permit is None:
            return
        self.instance.in_flight -= 1
        if good is None:
            permit.cancelled()
        elif good:
            permit.success()
            self.upstream.balancer.succeeded(self.instance)
        else:
            permit.failure()
            self.upstream.balancer.failed(self.instance)
        ATTEMPTS.labels(self.upstream.name, outcome).inc()


class BrokenOff(Exception):
    """The upstream stopped in the middle of its answer."""


class Answer:
    """An upstream's answer: `body` when it was read whole, else there are chunks to come. Close it."""

    __slots__ = ("_attempt", "_response", "body", "headers", "status")

    def __init__(self, response: aiohttp.ClientResponse, attempt: Attempt, body: bytes | None) -> None:
        self._response: aiohttp.ClientResponse | None = response
        self._attempt = attempt
        self.status = response.status
        self.headers = response.raw_headers
        self.body = body
        if body is not None:
            self._complete()
        elif response.status >= 500:
            attempt.answered(response.status)  # the head says enough: nobody may want to read the rest

    async def chunk(self, deadline: float) -> bytes:
        """The next part, empty at the end; BrokenOff when it does not come in time."""
        if self._response is None:
            return b""
        try:
            async with asyncio.timeout_at(deadline):
                part = await self._response.content.readany()
        except (aiohttp.ClientError, OSError, ValueError) as error:  # TimeoutError is an OSError
            self._attempt.failed("timeout" if isinstance(error, TimeoutError) else "error")
            raise BrokenOff(_reason(error)) from error
        if not part:
            self._complete()
        return part

    def _complete(self) -> None:
        self._attempt.answered(self.status)
        self.close()

    def close(self) -> None:
        """Give the connection back; one with unread bytes is closed instead."""
        if self._response is not None:
            self._response.release()
            self._response = None
        self._attempt.cancelled()  # unless it has ended already

    def __enter__(self) -> "Answer":
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.close()


class Wire:
    """A component: the connections to all upstreams."""

    def __init__(self, tls: ssl.SSLContext | None = None) -> None:
        self._tls = tls
        self._kept: aiohttp.ClientSession | None = None
        self._fresh: aiohttp.ClientSession | None = None

    async def start(self) -> None:
        """Make the pools; connections are opened when needed."""
        tls = self._tls or True
        self._kept = _session(aiohttp.TCPConnector(limit=0, keepalive_timeout=KEEP_ALIVE, ssl=tls))
        self._fresh = _session(aiohttp.TCPConnector(limit=0, force_close=True, ssl=tls))

    async def stop(self) -> None:
        """Close the pools."""
        for session in (self._kept, self._fresh):
            if session is not None:
                await session.close()

    async def exchange(self, request: Outgoing, attempt: Attempt) -> Answer:
        """The answer, whatever its status, or AttemptFailed; the outcome is reported unless the answer is a stream."""
        until, name = request.deadline, attempt.upstream.name
        if request.attempt_timeout is not None:
            until = min(until, asyncio.get_running_loop().time() + request.attempt_timeout)
        try:
            async with asyncio.timeout_at(until):
                return await self._sent(request, attempt)
        except (aiohttp.ClientError, OSError, ValueError) as error:
            failure = _failure(name, error)
            attempt.failed("timeout" if failure.problem.status == 504 else "error")
            log.warning("no usable answer from %s: %s", attempt.instance.base, _reason(error))
            raise failure from error
        except BaseException:
            attempt.cancelled()
            raise

    async def _sent(self, request: Outgoing, attempt: Attempt) -> Answer:
        session = self._kept if request.may_repeat and request.retry.attempts > 1 else self._fresh
        assert session is not None
        address = attempt.instance.address
        request.headers["Host"] = address.authority
        with tracing.span(f"{request.method} {attempt.upstream.name}", kind="client") as span:
            tracing.inject(request.headers)
            response = await session.request(
                request.method,
                URL(attempt.instance.base + request.target, encoded=True),  # byte for byte what was checked
                headers=request.headers,
                data=request.body or None,
                allow_redirects=False,  # a redirect is the client's to follow, or to refuse
                server_hostname=address.name if address.scheme == "https" else None,
                timeout=aiohttp.ClientTimeout(total=None, sock_connect=attempt.upstream.config.connect_timeout),
            )
            span.set_attribute("http.request.method", request.method)
            span.set_attribute("http.response.status_code", response.status)
            span.set_attribute("server.address", attempt.instance.base)
            if response.status >= 500:
                tracing.failed(span, str(response.status))
            try:
                return Answer(response, attempt, await _body(response, request))
            except BaseException:
                response.close()
                raise


def _session(connector: aiohttp.TCPConnector) -> aiohttp.ClientSession:
    session = aiohttp.ClientSession(
        connector=connector,
        cookie_jar=aiohttp.DummyCookieJar(),  # one client's cookies are not another's
        auto_decompress=False,
        skip_auto_headers=NOT_ADDED,
        timeout=aiohttp.ClientTimeout(total=None),
    )
    # By itself aiohttp sends an idempotent request a second time when the connection breaks, and says nothing. What is
    # repeated is decided in `forward`, where it is counted and has a budget; a test notices if this switch goes away.
    session._retry_connection = False
    return session


def _failure(name: str, error: Exception) -> AttemptFailed:
    if isinstance(error, aiohttp.ConnectionTimeoutError):
        return AttemptFailed(Problem(504, f"{name} cannot be reached in time"), unsent=True)
    if isinstance(error, aiohttp.ClientConnectorError):
        return AttemptFailed(Problem(502, f"{name} cannot be reached"), unsent=True)
    if isinstance(error, TimeoutError):
        return AttemptFailed(Problem(504, f"{name} did not answer in time"))
    return AttemptFailed(Problem(502, f"{name} gave no usable answer"))


def _reason(error: Exception) -> str:
    """For the log. Not its repr: aiohttp's errors carry the whole request, credentials and all."""
    text = error.message if isinstance(error, aiohttp.ClientResponseError) else str(error)
    return f"{type(error).__name__}: {' '.join(text.split())[:200]}"


async def _body(response: aiohttp.ClientResponse, request: Outgoing) -> bytes | None:
    """The body if it is to be read now; ValueError when there can be no use for it."""
    if response.status < 200:
        raise ValueError(f"status {response.status}")
    length = response.content_length
    if request.method == "HEAD" or response.status in WITHOUT_BODY:
        return await response.read()
    if not request.whole:
        return await response.read() if length is not None and length <= BUFFERED else None
    received = bytearray()
    async for part in response.content.iter_any():
        received += part
        if len(received) > LARGEST_WHOLE:
            raise ValueError(f"more than {LARGEST_WHOLE} bytes")
    return bytes(received)
