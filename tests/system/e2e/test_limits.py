"""How much anybody may ask, and what becomes of that when nobody can count."""

from __future__ import annotations

import time
import uuid

from tests.system.harness.asking import BELIEVED, REFUSED, statuses
from tests.system.harness.base import Account, Response, System
from tests.system.harness.load import at_once
from tests.system.harness.waiting import eventually

PROBLEM = "application/problem+json"
BURST = 60  # of the limit `orders` in the routes file


def _cancel_nothing(system: System, account: Account) -> Response:
    """A request that counts against the limit of orders and changes nothing."""
    return system.call("POST", f"/api/orders/{uuid.UUID(int=0)}/cancel", token=account.token)


def test_who_asks_too_much_is_told_when_to_come_back(system: System, customer: Account) -> None:
    """429 with Retry-After beyond the burst, to this customer alone; by then it is served again."""
    answers: list[Response] = []
    while not (refused := [answer for answer in answers if answer.status == 429]) and len(answers) < 20 * BURST:
        # The bucket fills while it is emptied: a machine that is busy takes more than one volley to get ahead of it.
        answers += at_once(lambda: _cancel_nothing(system, customer), 2 * BURST)
    assert {answer.status for answer in answers} == {404, 429}
    assert len(answers) - len(refused) >= BURST
    for answer in refused:
        assert answer.headers["content-type"] == PROBLEM
        assert int(answer.headers["retry-after"]) >= 1
        assert answer.headers["ratelimit"].startswith('"orders";r=0;')
    assert _cancel_nothing(system, system.register()).status == 404
    assert system.call("GET", "/api/orders", token=customer.token).status == 200
    time.sleep(int(refused[0].headers["retry-after"]))  # the promise is about time
    assert _cancel_nothing(system, customer).status == 404


def test_without_redis_the_shop_goes_on_and_passwords_cannot_be_tried(system: System, customer: Account) -> None:
    """Limits fail open, as configured, but those of passwords; nothing has to be restarted afterwards."""
    system.stop("redis")
    assert system.order(customer).status == 201
    assert statuses(system, customer.token) == BELIEVED
    login = {"email": customer.email, "password": customer.password}
    refused = system.call("POST", "/api/auth/login", json=login)
    assert (refused.status, refused.headers["content-type"]) == (503, PROBLEM)
    assert int(refused.headers["retry-after"]) >= 1
    registration = {**login, "email": f"{uuid.uuid4().hex}@example.com", "name": "Eve"}
    assert system.call("POST", "/api/users", json=registration).status == 503
    renewed = system.call("POST", "/api/auth/refresh", json={"refresh_token": customer.refresh_token})
    assert renewed.status == 200
    system.wait_ready()
    system.start("redis")
    eventually(lambda: system.call("POST", "/api/auth/login", json=login).status == 200)


def test_a_logout_without_redis_is_true_as_soon_as_redis_is_back(system: System, customer: Account) -> None:
    """The answer says that it is not yet everywhere; the refresh token is dead at once, the other without a retry."""
    system.stop("redis")
    answer = system.call("POST", "/api/auth/logout", token=customer.token)
    assert (answer.status, answer.headers["content-type"]) == (503, PROBLEM)
    refresh = system.call("POST", "/api/auth/refresh", json={"refresh_token": customer.refresh_token})
    assert refresh.status == 401
    system.start("redis")
    eventually(lambda: statuses(system, customer.token) == REFUSED)


def test_a_gateway_that_must_count_refuses_without_redis(system: System, customer: Account) -> None:
    """RATE_LIMIT_MODE=closed: 503 for what has no mode of its own, unready, and both over when Redis is back."""
    system.reconfigure("gateway", RATE_LIMIT_MODE="closed")
    system.wait_ready("gateway")
    assert system.call("GET", "/api/orders", token=customer.token).status == 200
    system.stop("redis")
    eventually(lambda: system.ops("gateway", "GET", "/health/ready").status == 503)
    answer = system.call("GET", "/api/orders", token=customer.token)
    assert (answer.status, answer.headers["content-type"]) == (503, PROBLEM)
    assert system.call("GET", "/api/.well-known/jwks.json").status == 200
    system.start("redis")
    system.wait_ready("gateway")
    eventually(lambda: system.call("GET", "/api/orders", token=customer.token).status == 200)
