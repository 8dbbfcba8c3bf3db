"""Sends a request to an upstream: attempts, deadline, retries, and what an outcome means to the breaker.

One deadline covers everything from the first attempt to the last byte of the answer, so that attempts and pauses
cannot add up to more than the client was promised.

Refuses to repeat what may have happened already: only idempotent methods are repeated after bytes were sent, and POST
only where the route says that its service honours the Idempotency-Key. A connection that never came about was
certainly not a request, so that is repeated for every method.
"""

import asyncio
import logging
import random
import ssl
from dataclasses import dataclass, field
from types import TracebackType

import aiohttp
from chassis import tracing
from chassis.breaker import CircuitOpen
from chassis.problems import Problem
from multidict import CIMultiDict
from prometheus_client import Counter
from yarl import URL

from gateway.balancer import Instance
from gateway.config import Retry
from gateway.upstream import RunningUpstream

log = logging.getLogger(__name__)

ATTEMPTS = Counter("gateway_attempts_total", "Requests sent to an upstream", ["upstream", "outcome"])
RETRIES = Counter("gateway_retries_total", "Attempts after the first, and those the budget refused", ["upstream", "made"])

IDEMPOTENT = frozenset(("GET", "HEAD", "PUT", "DELETE"))
RETRIED_STATUSES = frozenset((502, 503, 504))
BUFFERED = 262_144  # answers up to this size are read whole, so that a broken one can still be repeated
# What aiohttp would add by itself: the client's own values are forwarded, or none.
NOT_ADDED = frozenset(("User-Agent", "Accept", "Accept-Encoding", "Content-Type"))


@dataclass(slots=True)
class Outgoing:
    """A request as it leaves; `deadline` is in the event loop's time."""

    method: str
    target: str
    headers: CIMultiDict[str]
    deadline: float
    body: bytes = b""
    retry: Retry = field(default_factory=Retry)
    attempt_timeout: float | None = None
    may_repeat: bool = False


class Answer:
    """An upstream's answer: `body` when it was read whole, else the open response to stream from. Close it."""

    __slots__ = ("_instance", "_response", "attempts", "body", "headers", "status")

    def __init__(self, response: aiohttp.ClientResponse, instance: Instance, body: bytes | None) -> None:
        self._response: aiohttp.ClientResponse | None = response
        self._instance = instance
        self.status = response.status
        self.headers = response.raw_headers
        self.body = body
        self.attempts = 1
        if body is not None:
            self.close()

    @property
    def instance(self) -> str:
        """Which instance answered."""
        return self._instance.base

    @property
    def stream(self) -> aiohttp.StreamReader:
        """The rest of an answer that was not read whole."""
        assert self._response is not None
        return self._response.content

    def close(self) -> None:
        """Give the connection back; one with unread bytes is closed instead."""
        if self._response is not None:
            self._instance.in_flight -= 1
            self._response.release()
            self._response = None

    def __enter__(self) -> "Answer":
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.close()


class AttemptFailed(Exception):
    """No usable answer; `problem` is what the client is told, `unsent` that the request certainly did not arrive."""

    def __init__(self, problem: Problem, *, unsent: bool = False) -> None:
        super().__init__(problem.title)
        self.problem = problem
        self.unsent = unsent


class Forwarder:
    """A component: the pool of connections to all upstreams."""

    def __init__(self, tls: ssl.SSLContext | None = None) -> None:
        self._tls = tls
        self._session: aiohttp.ClientSession | None = None

    async def start(self) -> None:
        """Make the pool; connections are opened when needed."""
        # Idle connections go before the servers' own limit (uvicorn: 5 s): a request written to a connection that the
        # other side is just closing cannot be told from one that was lost on the way.
        connector = aiohttp.TCPConnector(limit=0, keepalive_timeout=3, ssl=self._tls or True)
        self._session = aiohttp.ClientSession(
            connector=connector,
            cookie_jar=aiohttp.DummyCookieJar(),  # one client's cookies are not another's
            auto_decompress=False,
            skip_auto_headers=NOT_ADDED,
            timeout=aiohttp.ClientTimeout(total=None),
        )

    async def stop(self) -> None:
        """Close the pool."""
        if self._session is not None:
            await self._session.close()

    async def send(self, upstream: RunningUpstream, request: Outgoing) -> Answer:
        """The answer, whatever its status, or a Problem when there was none in time."""
        upstream.budget.deposit()
        tried: list[Instance] = []
        while True:
            answer, failure = None, None
            try:
                answer = await self._attempt(upstream, request, tried)
                answer.attempts = len(tried)
            except AttemptFailed as problem:
                failure = problem
            pause = _pause(request.retry, len(tried))
            if not self._repeats(upstream, request, answer, failure, len(tried), pause):
                if failure is not None:
                    raise failure.problem
                assert answer is not None
                return answer
            if answer is not None:
                answer.close()
            await asyncio.sleep(pause)

    def _repeats(
        self,
        upstream: RunningUpstream,
        request: Outgoing,
        answer: Answer | None,
        failure: AttemptFailed | None,
        attempts: int,
        pause: float,
    ) -> bool:
        if answer is not None:
            curable = request.may_repeat and _curable(answer)
        else:
            curable = failure is not None and (failure.unsent or request.may_repeat)
        if not curable or not 0 < attempts < request.retry.attempts:
            return False
        if asyncio.get_running_loop().time() + pause >= request.deadline:
            return False
        made = upstream.budget.spend()
        RETRIES.labels(upstream.name, "yes" if made else "no_budget").inc()
        return made

    async def _attempt(self, upstream: RunningUpstream, request: Outgoing, tried: list[Instance]) -> Answer:
        instance = upstream.balancer.choose(tried)
        if instance is None:
            raise Problem(503, f"{upstream.name} has no instance", headers={"Retry-After": "2"})
        try:
            permit = upstream.breaker.allow()
        except CircuitOpen as refusal:
            wait = {"Retry-After": str(max(1, round(refusal.retry_after + 0.5)))}
            raise Problem(503, f"{upstream.name} is not available", headers=wait) from None
        tried.append(instance)
        try:
            answer = await self._exchange(upstream, request, instance)
        except AttemptFailed as failure:
            permit.failure()
            upstream.balancer.failed(instance)
            ATTEMPTS.labels(upstream.name, "timeout" if failure.problem.status == 504 else "error").inc()
            raise
        except BaseException:
            permit.cancelled()  # this process is stopping: the upstream is not to blame
            raise
        if answer.status >= 500 and answer.status != 501:
            permit.failure()
            upstream.balancer.failed(instance)
        else:
            permit.success()
            upstream.balancer.succeeded(instance)
        ATTEMPTS.labels(upstream.name, f"{answer.status // 100}xx").inc()
        return answer

    async def _exchange(self, upstream: RunningUpstream, request: Outgoing, instance: Instance) -> Answer:
        loop = asyncio.get_running_loop()
        until = request.deadline
        if request.attempt_timeout is not None:
            until = min(until, loop.time() + request.attempt_timeout)
        name = upstream.name
        instance.in_flight += 1
        handed_over = False
        try:
            async with asyncio.timeout_at(until):
                answer = await self._request(upstream, request, instance)
            handed_over = True
            return answer
        except aiohttp.ClientConnectorError as error:
            raise AttemptFailed(Problem(502, f"{name} cannot be reached"), unsent=True) from error
        except aiohttp.ConnectionTimeoutError as error:
            raise AttemptFailed(Problem(504, f"{name} cannot be reached in time"), unsent=True) from error
        except TimeoutError as error:
            raise AttemptFailed(Problem(504, f"{name} did not answer in time")) from error
        except (aiohttp.ClientError, OSError, ValueError) as error:
            log.warning("no usable answer from %s: %r", instance.base, error)
            raise AttemptFailed(Problem(502, f"{name} gave no usable answer")) from error
        finally:
            if not handed_over:
                instance.in_flight -= 1

    async def _request(self, upstream: RunningUpstream, request: Outgoing, instance: Instance) -> Answer:
        assert self._session is not None
        address = instance.address
        with tracing.span(f"{request.method} {upstream.name}", kind="client") as span:
            tracing.inject(request.headers)
            response = await self._session.request(
                request.method,
                URL(instance.base + request.target, encoded=True),  # byte for byte what was checked
                headers=request.headers,
                data=request.body or None,
                allow_redirects=False,  # a redirect is the client's to follow, or to refuse
                server_hostname=address.name if address.scheme == "https" else None,
                timeout=aiohttp.ClientTimeout(total=None, sock_connect=upstream.config.connect_timeout),
            )
            span.set_attribute("http.response.status_code", response.status)
            span.set_attribute("server.address", instance.base)
            if response.status >= 500:
                tracing.failed(span, str(response.status))
            try:
                return Answer(response, instance, await _small_body(response))
            except BaseException:
                response.close()
                raise


async def _small_body(response: aiohttp.ClientResponse) -> bytes | None:
    if response.status < 200:
        raise ValueError(f"status {response.status}")
    length = response.content_length
    if length is None or length > BUFFERED:
        return None
    return await response.read()


def _curable(answer: Answer) -> bool:
    # A service that says when to come back is believed: trying again in 50 ms would be rude, and in vain.
    return answer.status in RETRIED_STATUSES and all(name.lower() != b"retry-after" for name, _ in answer.headers)


def _pause(retry: Retry, attempts: int) -> float:
    """Full jitter: clients that failed together must not come back together."""
    return random.uniform(0, min(retry.longest_pause, retry.pause * 2 ** max(0, attempts - 1)))
