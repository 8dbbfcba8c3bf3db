"""What the gateway publishes about itself, and whether it keeps to it whatever it is asked."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
import schemathesis
from hypothesis import HealthCheck, given, settings

from tests.system.gateway.conftest import StartGateway, StartUpstream
from tests.system.gateway.running import Gateway, routes
from tests.system.gateway.tokens import bearer, token
from tests.system.gateway.upstream import Behaviour, Received, answer, answer_json, hang_up

ME, SOMEBODY = (f"{digit * 8}-0000-4000-8000-000000000000" for digit in "12")  # part of names of tests
PATH = "/api/user-dashboard/{id}"
DASHBOARD = {"path": PATH, "methods": "GET", "upstream": "gateway"}
# How the service of users behaves, and what a dashboard is answered with because of that.
WORLDS = {
    "all is well": (answer_json({"id": ME}), {200, 422}),
    "no such user": (answer(404), {404, 422}),
    "users is down": (hang_up, {200, 422}),
}


async def shop(start_gateway: StartGateway, start_upstream: StartUpstream, users: Behaviour) -> Gateway:
    """A gateway with a users that behaves like this, orders that work, and notifications that do not."""

    async def knowing_no_token(request: Received, writer: asyncio.StreamWriter) -> None:
        asked = request.target == "/auth/introspect"
        await (answer_json({"active": False}) if asked else users)(request, writer)

    behaviours = {"users": knowing_no_token, "orders": answer_json({"items": []}), "notifications": hang_up}
    described = {name: [(await start_upstream(one)).url] for name, one in behaviours.items()}
    return await start_gateway(routes(described, DASHBOARD))


def fuzz(contract: dict[str, Any], url: str, headers: dict[str, str]) -> set[int]:
    """Ask whatever the contract allows and does not allow; every answer has to be in the contract."""
    operation = schemathesis.openapi.from_dict(contract)[PATH]["GET"]
    statuses: set[int] = set()

    @given(case=operation.as_strategy())
    @settings(max_examples=40, deadline=None, database=None, suppress_health_check=list(HealthCheck))
    def ask(case: Any) -> None:
        answered = case.call(base_url=url, headers=headers)
        statuses.add(answered.status_code)
        case.validate_response(answered, headers=headers)

    ask()
    return statuses


@pytest.mark.parametrize("world", WORLDS)
async def test_every_answer_is_in_the_contract(
    start_gateway: StartGateway, start_upstream: StartUpstream, world: str
) -> None:
    """Fuzzed against its own contract, the gateway answers with nothing that is not in it."""
    behaviour, expected = WORLDS[world]
    gateway = await shop(start_gateway, start_upstream, behaviour)
    contract = (await gateway.get("/openapi.json")).json()
    url = f"http://127.0.0.1:{gateway.port}"
    seen = await asyncio.to_thread(fuzz, contract, url, bearer(token(ME, "support")))
    assert seen <= expected | {400}
    assert seen & expected
    assert await asyncio.to_thread(fuzz, contract, url, {}) <= {400, 401}


async def test_the_contract_names_what_one_can_meet(gateway: Gateway) -> None:
    """The dashboard with its token, its parts, and a problem for each way it can go wrong; health is not in it."""
    contract = (await gateway.get("/openapi.json")).json()
    assert list(contract["paths"]) == [PATH]
    operation = contract["paths"][PATH]["get"]
    assert operation["security"] == [{"HTTPBearer": []}]
    assert " ".join(sorted(operation["responses"])) == "200 400 401 403 404 405 408 413 422 429 431 503"
    for status, described in operation["responses"].items():
        kind = "application/json" if status == "200" else "application/problem+json"
        assert list(described["content"]) == [kind]


@pytest.mark.parametrize(
    ("path", "known", "status"),
    [
        (f"/api/user-dashboard/{ME}", False, 401),
        (f"/api/user-dashboard/{SOMEBODY}", True, 403),
        ("/api/user-dashboard/%2f", True, 400),
        ("/api/user-dashboard/me", True, 422),
        ("/api/nothing", False, 404),
    ],
)
async def test_each_problem_has_the_published_shape(
    start_gateway: StartGateway, start_upstream: StartUpstream, path: str, known: bool, status: int
) -> None:
    """Type, title, status, instance and correlation id, whoever in the gateway says no."""
    gateway = await shop(start_gateway, start_upstream, answer())
    answered = await gateway.get(path, **(bearer(token(ME)) if known else {}))
    assert answered.status_code == status
    assert answered.headers["content-type"] == "application/problem+json"
    problem = answered.json()
    assert problem.keys() >= {"type", "title", "status", "instance", "correlation_id"}
    assert (problem["status"], problem["correlation_id"]) == (status, answered.headers["x-correlation-id"])
