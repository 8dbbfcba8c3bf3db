"""One HTTP request as a lab writes it, for the kinds that send some. Refuses a second body, and a host of its own.

    part: gateway            # which part, and which of its ports (http, ops)
    method: POST
    path: /api/orders
    headers: {X-User-Role: [admin, customer]}    # a list sends the header more than once
    json: {sku: STICKER, quantity: 1}            # or `form: {a: b}`, or `body: text`
    as: customer             # sends this account's token

`${number}` counts the requests of one look from 1, `${uuid}` is fresh for each of them.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from secrets import token_hex
from typing import TYPE_CHECKING, Annotated, Any, Literal, Self
from urllib.parse import urlencode
from uuid import uuid4

from pydantic import Field, StringConstraints, model_validator

from tutor.labs.check import CannotLook, Part
from tutor.shapes import Strict

if TYPE_CHECKING:
    import httpx

    from tutor.labs.hiding import Secrets
    from tutor.labs.reach import Reach

Account = Literal["customer", "stranger", "support", "admin"]
Path = Annotated[str, StringConstraints(pattern="^/", max_length=2000)]
HeaderName = Annotated[str, StringConstraints(pattern=r"^[!#$%&'*+.^_`|~0-9A-Za-z-]+$", max_length=100)]
HeaderValue = Annotated[str, StringConstraints(max_length=4000)]

_BREAKS = re.compile(r"[\r\n\0]")

READS = ("GET", "HEAD", "OPTIONS")
"""Methods that change nothing, by RFC 9110."""


@dataclass(frozen=True, slots=True)
class Prepared:
    """A request as it goes out."""

    method: str
    url: str
    headers: tuple[tuple[str, str], ...]
    body: bytes | None
    trace: str = ""

    def for_(self, client: httpx.AsyncClient) -> httpx.Request:
        """The same for an HTTP client. Raises: CannotLook when it is no HTTP request."""
        import httpx

        if any(_BREAKS.search(value) for _, value in self.headers):
            raise CannotLook(f"{self.method} {self.url:.200} is no HTTP request: a header has more than one line")
        try:
            # `send` bounds the whole exchange; the client's own times would end a check that may wait longer.
            return client.build_request(
                self.method, self.url, headers=list(self.headers), content=self.body, timeout=None
            )
        except (httpx.InvalidURL, ValueError) as error:
            raise CannotLook(f"{self.method} {self.url:.200} is no HTTP request: {error}") from None

    def curl(self, secrets: Secrets) -> str:
        """The same for a shell."""
        words = ["curl", "-i" if self.method != "HEAD" else "-I", secrets.word(self.url)]
        if self.method not in ("GET", "HEAD"):
            words[1:1] = ["-X", self.method]
        for name, value in self.headers:
            words += ["-H", secrets.word(f"{name}: {value}")]
        if self.body is not None:
            words += ["--data-raw", secrets.word(self.body.decode("utf-8", "replace"))]
        return " ".join(words)


class Request(Strict):
    """Where a request goes, and what it says."""

    part: Part = "gateway"
    port: Literal["http", "ops"] = "http"
    method: Literal["GET", "HEAD", "OPTIONS", "POST", "PUT", "PATCH", "DELETE"] = "GET"
    path: Path
    headers: Annotated[dict[HeaderName, HeaderValue | list[HeaderValue]], Field(max_length=50)] = Field(
        default_factory=dict
    )
    json_: Annotated[Any, Field(alias="json")] = None
    form: Annotated[dict[str, str], Field(min_length=1)] | None = None
    body: Annotated[str, StringConstraints(strip_whitespace=False, max_length=100_000)] | None = None
    as_: Annotated[Account | None, Field(alias="as")] = None
    traceparent: Literal["fresh"] | None = None
    """`fresh` begins a trace whose id is known here, so that it can be found."""

    @model_validator(mode="after")
    def _one_body(self) -> Self:
        bodies = [name for name in ("json_", "form", "body") if name in self.model_fields_set]
        if len(bodies) > 1:
            raise ValueError("a request has one body; keep one of `json`, `form` and `body`")
        return self

    @property
    def reads(self) -> bool:
        """True when it changes nothing, as far as HTTP knows."""
        return self.method in READS

    def prepared(self, reach: Reach, **more: Any) -> Prepared:
        """With every variable filled in. Raises: CannotLook when one is not known, or the part is not there."""
        more = {"uuid": str(uuid4()), "number": 1, **more}
        headers = self._headers(reach.filled(self.headers, **more))
        trace = ""
        if self.as_ is not None:
            headers.append(("Authorization", f"Bearer {reach.variable(f'{self.as_}.token')}"))
        if self.traceparent is not None:
            trace = token_hex(16)
            headers.append(("traceparent", f"00-{trace}-{token_hex(8)}-01"))
        body, kind = self._body(reach, more)
        if kind and not any(name.lower() == "content-type" for name, _ in headers):
            headers.append(("Content-Type", kind))
        url = reach.url(self.part, self.port) + str(reach.filled(self.path, **more))
        return Prepared(self.method, url, tuple(headers), body, trace)

    def _headers(self, filled: Mapping[str, Any]) -> list[tuple[str, str]]:
        return [
            (name, str(value))
            for name, values in filled.items()
            for value in (values if isinstance(values, list) else [values])
        ]

    def _body(self, reach: Reach, more: Mapping[str, Any]) -> tuple[bytes | None, str]:
        if "json_" in self.model_fields_set:
            return json.dumps(reach.filled(self.json_, **more)).encode(), "application/json"
        if self.form is not None:
            return urlencode(reach.filled(self.form, **more)).encode(), "application/x-www-form-urlencoded"
        return (str(reach.filled(self.body, **more)).encode(), "") if self.body is not None else (None, "")


def must_act(request: Request, act: bool) -> None:
    """Refuse a request that may change something in a check that does not say so. Raises: ValueError."""
    if not request.reads and not act:
        raise ValueError(
            f"`method: {request.method}` may change something; write `act: true`, and it is sent once, alone"
        )


def shown(status: int, headers: Mapping[str, str], text: str, secrets: Secrets) -> str:
    """An answer as a failed check shows it."""
    wanted = ("content-type", "retry-after", "location", "www-authenticate", "x-correlation-id")
    lines = [f"HTTP {status}", *(f"{name}: {headers[name]}" for name in wanted if name in headers), "", text[:2000]]
    return secrets.text("\n".join(lines).strip())
