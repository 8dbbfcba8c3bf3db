"""What is published says everything that a client can meet, and the gateway publishes what there is."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest

from gateway.config import SELF, Configuration, Route
from gateway.routes_file import read
from processes.environment import ROUTES
from tests.system.contract.serving import SERVICES, Ground

PROBLEM = "application/problem+json"
BODY = {"400", "408", "413", "422"}
# For services with their key, not for clients: the routes file leaves it out on purpose.
INTERNAL = {("users", "POST", "/auth/introspect")}
UNROUTED = {"gateway", "observer"}  # one is the door itself, the other has a page of its own
Operations = dict[tuple[str, str, str], Mapping[str, Any]]


@pytest.fixture
def operations(tmp_path: Path) -> Operations:
    """Every operation of every service, as published."""
    ground = Ground(
        "postgresql+asyncpg://nobody:x@127.0.0.1/none", "redis://127.0.0.1:9", "http://127.0.0.1:9", tmp_path
    )
    contracts = {name: make(ground, 1).api.openapi() for name, make in SERVICES.items()}
    return {
        (name, method.upper(), path): operation
        for name, contract in contracts.items()
        for path, found in contract["paths"].items()
        for method, operation in found.items()
    }


@pytest.fixture
def configuration() -> Configuration:
    """The routes as they are shipped."""
    return read(ROUTES, {})


def _routed(configuration: Configuration) -> Iterator[tuple[str, str, str, Route]]:
    """Service, method and the path that the service knows, for each route: a service may be several upstreams."""
    for route in configuration.routes:
        own = route.upstream == SELF
        path = route.path if own else route.path.removeprefix(configuration.strip_prefix)
        service = SELF if own else str(configuration.upstreams[route.upstream].consul)
        yield from ((service, method, path, route) for method in route.methods)


def _shape(path: str) -> str:
    """What a path is, whatever its parameters are called."""
    return "/".join("{}" if part.startswith("{") else part for part in path.split("/"))


def test_every_operation_tells_its_problems(operations: Operations) -> None:
    """Each error is a problem; whoever takes a body, a parameter or a token says what a bad one is answered with."""
    for name, operation in operations.items():
        answers = operation["responses"]
        wanted = BODY if "requestBody" in operation else set()
        if any(one["in"] in ("path", "query") for one in operation.get("parameters", ())):
            wanted = wanted | {"422"}
        if operation.get("security"):
            wanted = wanted | {"401"}
        assert wanted <= answers.keys(), name
        for status, described in answers.items():
            assert status < "400" or list(described["content"]) == [PROBLEM], (name, status)


def test_what_needs_a_database_says_that_it_may_be_away(operations: Operations) -> None:
    """503 is part of the contract of every service that stands on something."""
    assert [
        name for name, found in operations.items() if name[0] != "observer" and "503" not in found["responses"]
    ] == []


def test_every_route_leads_to_an_operation(operations: Operations, configuration: Configuration) -> None:
    """A route to nowhere would be a 404 that looks like the gateway's fault."""
    known = {(name, method, _shape(path)) for name, method, path in operations}
    lost = [(name, method, path) for name, method, path, _ in _routed(configuration)]
    assert [one for one in lost if (one[0], one[1], _shape(one[2])) not in known] == []


def test_every_operation_for_clients_has_a_route(operations: Operations, configuration: Configuration) -> None:
    """And what has none is on the short list of what is not for clients."""
    routed = {(name, method, _shape(path)) for name, method, path, _ in _routed(configuration)}
    hidden = {one for one in operations if (one[0], one[1], _shape(one[2])) not in routed and one[0] not in UNROUTED}
    assert hidden == INTERNAL


def test_the_gateway_asks_for_a_token_where_the_service_does(
    operations: Operations, configuration: Configuration
) -> None:
    """Nowhere does one of them let pass without a token what the other one wants a token for."""
    secured = {
        (name, method, _shape(path)): bool(found.get("security")) for (name, method, path), found in operations.items()
    }
    for name, method, path, route in _routed(configuration):
        assert (route.auth != "none") is secured[name, method, _shape(path)], (name, method, path)


def test_the_gateway_publishes_its_own_routes_and_nothing_else(
    operations: Operations, configuration: Configuration
) -> None:
    """Its contract is exactly what the routes file says that it answers itself."""
    own = {(SELF, method, path) for name, method, path, _ in _routed(configuration) if name == SELF}
    assert {one for one in operations if one[0] == "gateway"} == own
