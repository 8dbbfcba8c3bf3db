"""One question for each service that only makes sense with an identity; through the gateway, or past it.

Refuses to judge the answer: 200 and 403 both say that the identity was believed, 401 that it was not.
"""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from typing import Any

from tests.system.harness.base import Response, System

Question = tuple[str, str, Any]
Headers = Mapping[str, str] | list[tuple[str, str]]
QUESTIONS: Mapping[str, Question] = {
    "users": ("GET", "/users/me", None),
    "orders": ("GET", "/orders", None),
    "inventory": ("PUT", "/stock/NOT-SOLD", {"quantity": 1}),
    "payments": ("GET", f"/payments/by-order/{uuid.UUID(int=0)}", None),
    "notifications": ("GET", "/notifications", None),
}
# What somebody with a good token and no special rights is answered.
BELIEVED = {"users": 200, "orders": 200, "inventory": 403, "payments": 403, "notifications": 200}
REFUSED = dict.fromkeys(QUESTIONS, 401)


def ask(
    system: System, service: str, token: str | None = None, *, headers: Headers | None = None, direct: bool = False
) -> Response:
    """Ask a service for something, with this token and these headers."""
    method, path, body = QUESTIONS[service]
    if direct:
        return system.call(method, path, token=token, json=body, headers=headers, service=service)
    return system.call(method, f"/api{path}", token=token, json=body, headers=headers)


def statuses(
    system: System, token: str | None = None, *, headers: Headers | None = None, direct: bool = False
) -> dict[str, int]:
    """What each service answers."""
    return {name: ask(system, name, token, headers=headers, direct=direct).status for name in QUESTIONS}
