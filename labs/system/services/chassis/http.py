"""Calls to another service over HTTP: always with a timeout, a trace and a correlation id.

Refuses to retry (only the caller knows what may be repeated), to follow redirects, to keep cookies and to read an
answer without end.
"""

import json as jsonlib
from collections.abc import Mapping
from dataclasses import dataclass
from ssl import SSLContext
from typing import Any

import aiohttp

from chassis import context, tracing
from chassis.settings import ServiceKeySettings, ServiceSettings
from chassis.tls import client_context

MAX_ANSWER = 8 * 1024 * 1024
NO_HEADERS: Mapping[str, str] = {}


class UpstreamError(Exception):
    """The other service gave no usable answer."""


class Unreachable(UpstreamError):
    """There is no telling whether the request arrived, except that no answer did."""


class TimedOut(UpstreamError):
    """No answer in time; the other service may still act on the request."""


@dataclass(frozen=True, slots=True)
class Response:
    """An answer, whatever its status."""

    status: int
    headers: Mapping[str, str]
    body: bytes

    def json(self) -> Any:
        """The body as JSON; :class:`UpstreamError` when it is none."""
        try:
            return jsonlib.loads(self.body)
        except (ValueError, RecursionError) as error:
            raise UpstreamError("the answer is not JSON") from error


class Client:
    """A component: connections to one base URL, kept open and shared."""

    def __init__(self, base_url: str, *, timeout: float, name: str, settings: ServiceSettings) -> None:
        self.name = name
        self._base = base_url.rstrip("/")
        self._timeout = timeout
        self._tls: SSLContext | None = client_context(settings.tls_dir) if settings.tls_dir else None
        self._key = settings.service_key if isinstance(settings, ServiceKeySettings) else ""
        self._session: aiohttp.ClientSession | None = None

    async def start(self) -> None:
        """Make the pool; nothing is connected until the first request."""
        # Idle connections are dropped well before the server's own limit, so that a request is never written to a
        # connection which the other side is just closing.
        connector = aiohttp.TCPConnector(limit=100, keepalive_timeout=15, ssl=self._tls or True)
        self._session = aiohttp.ClientSession(
            connector=connector, cookie_jar=aiohttp.DummyCookieJar(), auto_decompress=True
        )

    async def stop(self) -> None:
        """Close the pool."""
        if self._session:
            await self._session.close()

    async def request(
        self,
        method: str,
        path: str,
        *,
        json: object = None,
        data: Any = None,
        headers: Mapping[str, str] = NO_HEADERS,
        timeout: float | None = None,
    ) -> Response:
        """Send one request and read the whole answer; any status is an answer."""
        if self._session is None:
            raise RuntimeError(f"the client of {self.name} is not started")
        attributes = {"http.request.method": method, "server.address": self.name}
        with tracing.span(f"{method} {self.name}", kind="client", attributes=attributes) as span:
            try:
                async with self._session.request(
                    method,
                    self._base + path,
                    json=json,
                    data=data,
                    headers=self._headers(headers),
                    timeout=aiohttp.ClientTimeout(total=timeout or self._timeout),
                    allow_redirects=False,
                ) as answer:
                    body = await self._read(answer)
            except TimeoutError as error:
                raise TimedOut(f"{self.name} did not answer in time") from error
            except (aiohttp.ClientError, OSError) as error:
                raise Unreachable(f"{self.name} cannot be reached") from error
            span.set_attribute("http.response.status_code", answer.status)
            if answer.status >= 500:
                tracing.failed(span, str(answer.status))
            return Response(answer.status, answer.headers, body)

    def _headers(self, given: Mapping[str, str]) -> dict[str, str]:
        headers = dict(given)
        tracing.inject(headers)
        if correlation := context.correlation_id():
            headers["X-Correlation-Id"] = correlation
        if self._key:
            headers["X-Api-Key"] = self._key
        return headers

    async def _read(self, answer: aiohttp.ClientResponse) -> bytes:
        body = bytearray()
        async for chunk in answer.content.iter_any():
            body += chunk
            if len(body) > MAX_ANSWER:
                raise UpstreamError(f"{self.name} answers with more than {MAX_ANSWER} bytes")
        return bytes(body)
