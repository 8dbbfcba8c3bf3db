"""Sends HTTP requests to parts of the lab. Refuses redirects, retries, endless bodies, and answers that are not HTTP.

What comes back instead of an answer is a `NoAnswer` with one word for it. A kind that asks a tool (RabbitMQ, Consul,
Prometheus) takes every one of them as `CannotLook`; the `http` kind may be told to take it as something seen.
"""

from __future__ import annotations

import asyncio
import json
from base64 import b64encode
from collections.abc import AsyncIterator, Coroutine, Iterable, Iterator, Mapping, Sequence
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass
from secrets import token_hex
from typing import TYPE_CHECKING, Any, Literal, TypeVar

from tutor.labs.check import CannotLook

if TYPE_CHECKING:
    import httpx

    from tutor.labs.reach import Reach

T = TypeVar("T")

TOOL_SECONDS = 5.0
"""How long a tool of the lab may take for an answer."""

MAX_BODY = 1_048_576
MAX_TOOL_BODY = 32 * 1_048_576

Word = Literal["timeout", "refused", "reset", "garbage"]


class NoAnswer(Exception):
    """No HTTP answer came. `word` says how, the text in a clause such as `does not accept connections`."""

    def __init__(self, word: Word, clause: str) -> None:
        super().__init__(clause)
        self.word = word


@dataclass(frozen=True, slots=True)
class Answer:
    """One HTTP answer, read whole or up to a limit. Header names are in lower case."""

    status: int
    headers: Mapping[str, str]
    body: bytes
    seconds: float

    @property
    def text(self) -> str:
        """The body as text."""
        return self.body.decode("utf-8", "replace")

    @property
    def data(self) -> Any:
        """The body as JSON, None when it is none."""
        return parsed(self.body)


def parsed(text: str | bytes) -> Any:
    """JSON as plain data; None when it is none, or nested beyond reason."""
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        return None


async def send(client: httpx.AsyncClient, request: httpx.Request, seconds: float, limit: int = MAX_BODY) -> Answer:
    """Send a request and read the answer, up to `limit` bytes of it, within so many seconds.

    Raises: NoAnswer.
    """
    import httpx

    loop = asyncio.get_running_loop()
    begun = loop.time()
    try:
        async with asyncio.timeout(seconds):
            answer = await client.send(request, stream=True)
            try:
                body = await _body(answer, limit)
            finally:
                await answer.aclose()
    except (TimeoutError, httpx.TimeoutException):
        raise NoAnswer("timeout", f"gave no answer within {seconds:g} s") from None
    except httpx.ConnectError:
        raise NoAnswer("refused", "does not accept connections") from None
    except httpx.RemoteProtocolError as error:
        if "disconnected" in str(error) or "peer closed" in str(error):
            raise NoAnswer("reset", "hung up without an answer") from None
        raise NoAnswer("garbage", "answered with something that is not HTTP") from None
    except httpx.DecodingError:
        raise NoAnswer("garbage", "sent a body that does not decode") from None
    except httpx.NetworkError:
        raise NoAnswer("reset", "hung up in the middle of the exchange") from None
    headers = {name.lower(): value for name, value in answer.headers.items()}
    return Answer(answer.status_code, headers, body, loop.time() - begun)


async def _body(answer: httpx.Response, limit: int) -> bytes:
    body = bytearray()
    async for piece in answer.aiter_bytes():
        body += piece
        if len(body) >= limit:
            break
    return bytes(body[:limit])


async def ask(
    reach: Reach,
    part: str,
    path: str,
    *,
    query: Mapping[str, str | int] | None = None,
    login: Sequence[str] = (),
    port: str = "http",
    unseen: bool = False,
) -> Answer:
    """The answer of a tool's API; one that is asked `unseen` is told to make no trace of it.

    Raises: CannotLook when there is none, or when the tool itself is in trouble.
    """
    import httpx

    url = f"{reach.url(part, port)}{path}"
    headers = {"Authorization": f"Basic {b64encode(':'.join(login).encode()).decode()}"} if login else {}
    if unseen:
        headers["traceparent"] = f"00-{token_hex(16)}-{token_hex(8)}-00"
    try:
        request = reach.http().build_request("GET", url, params=dict(query or {}) or None, headers=headers)
        answer = await send(reach.http(), request, TOOL_SECONDS, MAX_TOOL_BODY)
    except NoAnswer as trouble:
        raise CannotLook(f"{part} {trouble}", part) from None
    except httpx.InvalidURL:
        raise CannotLook(f"{url!r:.200} is no address", part) from None
    if answer.status in (401, 403):
        raise CannotLook(f"{part} does not let us in (HTTP {answer.status})", part)
    if answer.status >= 500:
        raise CannotLook(f"{part} is in trouble: HTTP {answer.status} {answer.text.strip():.200}", part)
    return answer


@contextmanager
def understood(part: str) -> Iterator[None]:
    """Whatever cannot be read inside is an answer of a shape that this tool never gives."""
    try:
        yield
    except (LookupError, TypeError, ValueError, AttributeError):
        raise CannotLook(f"{part} answered something that is not its API", part) from None


async def together(looks: Iterable[Coroutine[Any, Any, T]]) -> list[T]:
    """The results of all, in order; when one raises, the others are ended first."""
    tasks = [asyncio.create_task(look) for look in looks]
    try:
        return await asyncio.gather(*tasks)
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


@asynccontextmanager
async def within(seconds: float, what: str, part: str = "") -> AsyncIterator[None]:
    """Ends what takes longer than this. Raises: CannotLook."""
    try:
        async with asyncio.timeout(seconds):
            yield
    except TimeoutError:
        raise CannotLook(f"{what} took longer than {seconds:g} s", part) from None
