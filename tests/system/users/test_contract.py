"""What users publishes about itself, and whether it keeps to it whatever it is asked."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
import schemathesis
from hypothesis import HealthCheck, given
from hypothesis import settings as hypothesis_settings

from tests.system.users.running import SERVICE_KEYS, Users, running
from users.settings import Settings

PROBLEM = "application/problem+json"
# FastAPI's own contract says the same for each operation with a body.
OPERATIONS = {
    ("POST", "/users"): {201, 409, 503},
    ("GET", "/users"): {200, 401, 403, 422, 503},
    ("GET", "/users/me"): {200, 401, 503},
    ("PATCH", "/users/me"): {200, 401, 503},
    ("PUT", "/users/me/password"): {204, 401, 403, 429, 503},
    ("GET", "/users/{user_id}"): {200, 401, 404, 422, 503},
    ("PUT", "/users/{user_id}/roles"): {200, 401, 403, 404, 409, 503},
    ("POST", "/auth/login"): {200, 401, 429, 503},
    ("POST", "/auth/refresh"): {200, 401, 503},
    ("POST", "/auth/logout"): {204, 401, 503},
    ("POST", "/auth/introspect"): {200, 401, 403, 415, 503},
    ("POST", "/auth/revoke"): {200, 415, 503},
    ("GET", "/.well-known/jwks.json"): {200, 503},
    ("GET", "/auth/keys"): {200, 401, 403, 503},
    ("POST", "/auth/keys/rotate"): {201, 401, 403, 409, 503},
}
WITH_BODY = {400, 408, 413, 422}


async def test_the_contract_names_every_operation_and_every_status(users: Users) -> None:
    """All operations, nothing else; every error is a problem."""
    contract = (await users.call("GET", "/openapi.json")).json()
    found: dict[tuple[str, str], set[int]] = {}
    for path, operations in contract["paths"].items():
        for method, operation in operations.items():
            statuses = {int(status) for status in operation["responses"]}
            found[method.upper(), path] = statuses - WITH_BODY if "requestBody" in operation else statuses
            for status, described in operation["responses"].items():
                assert int(status) < 400 or list(described["content"]) == [PROBLEM], (method, path, status)
    assert found == OPERATIONS


def fuzz(operation: Any, url: str, headers: dict[str, str]) -> set[int]:
    """Ask whatever the contract allows and does not allow; every answer has to be in the contract."""
    statuses: set[int] = set()

    @given(case=operation.as_strategy())
    @hypothesis_settings(max_examples=15, deadline=None, database=None, suppress_health_check=list(HealthCheck))
    def ask(case: Any) -> None:
        answered = case.call(base_url=url, headers=headers)
        statuses.add(answered.status_code)
        case.validate_response(answered, headers=headers)

    ask()
    return statuses


def fuzz_all(contract: dict[str, Any], url: str, headers: dict[str, str]) -> dict[tuple[str, str], set[int]]:
    """Each operation in turn; what it answered."""
    schema = schemathesis.openapi.from_dict(contract)
    return {(method, path): fuzz(schema[path][method], url, headers) for method, path in OPERATIONS}


# The service runs in the same process, and its jitter is taken for randomness of the strategies.
@pytest.mark.filterwarnings("ignore:Do not use the `random` module")
@pytest.mark.parametrize("who", ["nobody", "customer", "admin", "service"])
async def test_every_answer_is_in_the_contract(configured: Settings, who: str) -> None:
    """Fuzzed as anybody: no 500, no status, media type or body that the contract does not have."""
    async with running(configured.model_copy(update={"login_account_burst": 10_000})) as users:
        contract = (await users.call("GET", "/openapi.json")).json()
        headers: dict[str, str] = {}
        if who == "service":
            headers["X-Api-Key"] = SERVICE_KEYS["gateway"]
        elif who != "nobody":
            person = await (users.admin() if who == "admin" else users.person())
            headers["Authorization"] = f"Bearer {person.access}"
        seen = await asyncio.to_thread(fuzz_all, contract, users.url, headers)
    assert 201 in seen["POST", "/users"]
    assert not any(status >= 500 for statuses in seen.values() for status in statuses)
    assert (200 in seen["POST", "/auth/introspect"]) == (who == "service")
    assert (200 in seen["GET", "/users"]) == (who == "admin")
    assert (200 in seen["GET", "/users/me"]) == (who in ("customer", "admin"))


async def test_another_method_is_told_which_ones_there_are(users: Users) -> None:
    """405 as a problem, with every method of that path in Allow."""
    wrong = {"/users": ("DELETE", "GET, POST"), "/users/me": ("POST", "GET, PATCH"), "/auth/login": ("GET", "POST")}
    for path, (method, allowed) in wrong.items():
        answer = await users.call(method, path)
        assert (answer.status_code, answer.headers["allow"]) == (405, allowed)
        assert answer.headers["content-type"] == PROBLEM
