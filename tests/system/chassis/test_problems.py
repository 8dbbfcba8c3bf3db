"""Every error is an RFC 9457 problem: the same shape, the right status, and nothing of the inside."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Callable
from typing import Annotated, Any

import pytest
from fastapi import Query
from httpx import ASGITransport, AsyncClient, Response
from hypothesis import given
from hypothesis import strategies as st
from pydantic import BaseModel, Field

from chassis import problems
from chassis.health import Health
from chassis.problems import Problem
from chassis.service import Service, asgi, new_api
from tests.system.chassis.conftest import Settings


class Order(BaseModel):
    """A body."""

    sku: str = Field(max_length=5)
    lines: list[dict[str, int]] = Field(default_factory=list)
    password: int = 0


@pytest.fixture
async def client(make_settings: Callable[..., Settings]) -> AsyncIterator[AsyncClient]:
    """A service that fails in every way."""
    api = new_api("Failing")

    @api.post("/orders", status_code=201)
    async def create(order: Order) -> None:
        """Take an order."""

    @api.get("/items/{number}")
    async def item(number: int, limit: Annotated[int, Query(ge=1)] = 1) -> None:
        """Take a number."""

    @api.get("/refused")
    async def refused() -> None:
        raise Problem(
            409, "Out of stock", detail="None left.", type="/problems/stock", headers={"Retry-After": "7"}, sku="A"
        )

    @api.get("/broken")
    async def broken() -> None:
        raise RuntimeError("postgresql://u:hunter2@db")

    service = Service("failing", make_settings(), api, Health(), [])
    async with AsyncClient(transport=ASGITransport(app=asgi(service)), base_url="http://s") as client:
        yield client


def _problem(answer: Response, status: int) -> dict[str, Any]:
    assert answer.status_code == status, answer.text
    assert answer.headers["content-type"] == "application/problem+json"
    body: dict[str, Any] = answer.json()
    assert body["status"] == status
    assert body["title"]
    assert body["type"]
    assert body["correlation_id"] == answer.headers["x-correlation-id"]
    return body


async def test_a_problem_says_what_why_and_where(client: AsyncClient) -> None:
    """All members of the RFC, the service's own, and its headers."""
    answer = await client.get("/refused", headers={"X-Correlation-Id": "corr-1"})
    assert _problem(answer, 409) == {
        "type": "/problems/stock",
        "title": "Out of stock",
        "status": 409,
        "detail": "None left.",
        "instance": "/refused",
        "correlation_id": "corr-1",
        "sku": "A",
    }
    assert answer.headers["retry-after"] == "7"


async def test_a_crash_shows_nothing_of_itself(client: AsyncClient, caplog: pytest.LogCaptureFixture) -> None:
    """The client gets an id to ask for; the traceback is in the log, under the same id."""
    body = _problem(await client.get("/broken"), 500)
    assert set(body) == {"type", "title", "status", "instance", "correlation_id"}
    assert body["title"] == "Internal Server Error"
    assert "RuntimeError" in caplog.text


@pytest.mark.parametrize(
    ("method", "path", "content", "status"),
    [
        ("GET", "/nowhere", b"", 404),
        ("DELETE", "/orders", b"", 405),
        ("POST", "/orders", b"{", 400),
        ("POST", "/orders", b"\xff\xfe", 400),
        ("POST", "/orders", b"[" * 100_000, 400),
        ("POST", "/orders", b'{"sku": ' + b"9" * 5000 + b"}", 400),
        ("POST", "/orders", b'{"sku": "too long for it"}', 422),
        ("POST", "/orders", b"", 422),
        ("POST", "/orders", b"null", 422),
        ("POST", "/orders", b'{"sku": "\\ud800"}', 422),
        ("GET", "/items/x", b"", 422),
        ("GET", "/items/99999999999999999999999999?limit=0", b"", 422),
        ("GET", "/nowhere/%00%ff%2e%2e", b"", 404),
    ],
    ids=[
        *[
            "path",
            "method",
            "torn",
            "bytes",
            "deep",
            "digits",
            "long",
            "empty",
            "null",
            "surrogate",
            "number",
            "huge",
            "odd",
        ]
    ],
)
async def test_whatever_is_sent_is_answered_with_a_problem(
    client: AsyncClient, method: str, path: str, content: bytes, status: int
) -> None:
    """Wrong paths, methods, bodies and parameters, each with its own status and never a 500."""
    headers = {"Content-Type": "application/json"} if content else {}
    _problem(await client.request(method, path, content=content, headers=headers), status)


async def test_each_error_of_a_body_is_located(client: AsyncClient) -> None:
    """JSON pointers to what is wrong; the values themselves are not repeated."""
    sent = {"sku": "hunter2-hunter2", "password": "hunter2", "lines": [{"a/b~c": "hunter2"}]}
    body = _problem(await client.post("/orders", json=sent), 422)
    assert [(error["in"], error["pointer"]) for error in body["errors"]] == [
        ("body", "/sku"),
        ("body", "/lines/0/a~1b~0c"),
        ("body", "/password"),
    ]
    assert "hunter2" not in json.dumps(body)


async def test_many_and_huge_errors_stay_small(client: AsyncClient) -> None:
    """A body of a thousand mistakes with long names is not answered with a megabyte."""
    lines = [{"x" * 1000 + str(number): "y"} for number in range(900)]
    answer = await client.post("/orders", json={"sku": "A", "lines": lines})
    assert len(_problem(answer, 422)["errors"]) == problems.MAX_ERRORS
    assert len(answer.content) < 10_000


def test_the_contract_says_which_problems_there_are() -> None:
    """OpenAPI lists them for each operation, in the one shape, instead of FastAPI's own."""
    api = new_api("Documented")

    @api.post("/things", responses=problems.responses(409))
    async def make(order: Order) -> None:
        """Make one."""

    contract = api.openapi()
    answers = contract["paths"]["/things"]["post"]["responses"]
    assert {"200", "400", "408", "409", "413", "422"} == set(answers)
    for status in ("400", "409", "422"):
        assert answers[status]["content"] == {problems.MEDIA_TYPE: {"schema": {"$ref": "#/components/schemas/Problem"}}}
    assert "HTTPValidationError" not in contract["components"]["schemas"]
    assert api.openapi() is contract


@given(st.text(max_size=300), st.text(max_size=300))
def test_a_problem_can_be_written_whatever_the_path(path: str, detail: str) -> None:
    """Even what no URL can hold becomes valid JSON with a valid reference."""
    path = path.encode("utf-8", "replace").decode()
    detail = detail.encode("utf-8", "replace").decode()
    body = json.loads(bytes(problems.render(Problem(400, "Bad Request", detail=detail), path).body))
    assert body["instance"].isascii()


@pytest.mark.parametrize(("status", "title"), [(404, "Not Found"), (499, "Error"), (503, "Service Unavailable")])
def test_the_title_of_about_blank_is_the_standard_one(status: int, title: str) -> None:
    """RFC 9457: with this type, the title is the status phrase."""
    assert problems.phrase(status) == title
