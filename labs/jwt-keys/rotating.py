"""Rotates the key of a running shop while requests go on, and asks for keys that nobody has.

Refuses to decide who is right: it counts who was refused, and how often keys were fetched.
"""

from __future__ import annotations

import asyncio
import json
import time
import uuid
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Mapping
from typing import Any

from tutor.labs.asking import Answer, NoAnswer, send
from tutor.labs.check import CannotLook
from tutor.labs.reach import Reach

ORDERS = {"gateway": "/api/orders", "orders": "/orders"}
SECONDS = 10.0
AT_ONCE = 10


async def flood(reach: Reach, token: str, times: int) -> dict[str, Any]:
    """Tokens that name keys which nobody has: how they are answered, and how often the keys were fetched for that."""
    before, begun = await _fetches(reach), time.monotonic()
    answers: list[int] = []

    async def one() -> None:
        made_up = {"alg": "RS256", "typ": "at+jwt", "kid": uuid.uuid4().hex}
        forged = f"{_packed(made_up)}.{token.split('.')[1]}.{_b64(bytes(256))}"
        for part, path in ORDERS.items():
            answers.append((await _asked(reach, part, path, forged)).status)

    for _ in range(0, times, AT_ONCE):
        await asyncio.gather(*(one() for _ in range(min(AT_ONCE, times))))
    windows = max(1.0, (time.monotonic() - begun) / 10)  # a slow machine takes longer, and may fetch as much more often
    return {"statuses": _counted(answers), "fetches": round((await _fetches(reach) - before) / windows, 1)}


async def rotation(reach: Reach, admin: str, email: str, password: str, seconds: float) -> dict[str, Any]:
    """Rotates the key while requests go on with tokens from before and with new ones, and counts who is refused.

    Right before it somebody comes with a key that nobody has, as happens to whoever is attacked: a verifier that bounds
    how often it fetches may then not fetch at once when the new key appears.
    """
    refresh = (await session(reach, email, password))["refresh_token"]
    old = []
    for _ in range(10):
        token, refresh = await _refreshed(reach, refresh)
        old.append(token)
    await flood(reach, old[0], 1)
    answer = await _rotated(reach, admin)
    kid = answer.data.get("kid") if answer.status == 201 and isinstance(answer.data, dict) else None
    seen: dict[str, list[int]] = {"old": [], "new": []}
    kids: set[Any] = set()
    ends = time.monotonic() + seconds
    while time.monotonic() < ends:
        token, refresh = await _refreshed(reach, refresh)
        kids.add(_part(token, 0).get("kid"))
        old.append(old.pop(0))
        for part, path in ORDERS.items():
            seen["old"].append((await _asked(reach, part, path, old[0])).status)
            seen["new"].append((await _asked(reach, part, path, token)).status)
        await asyncio.sleep(0.2)
    return {
        "status": answer.status,
        "kid": kid,
        "signs_with_it": kid is not None and kid in kids,
        "answered_old": seen["old"].count(200),
        "answered_new": seen["new"].count(200),
        "refused_old": seen["old"].count(401),
        "refused_new": seen["new"].count(401),
        "before": _part(old[0], 0).get("kid"),
    }


async def _rotated(reach: Reach, admin: str) -> Answer:
    """The answer to a rotation; one that has not come into effect yet is waited for."""
    for _ in range(20):
        answer = await _asked(reach, "gateway", "/api/auth/keys/rotate", admin, body={})
        if answer.status != 409:
            break
        await asyncio.sleep(1.0)
    return answer


async def session(reach: Reach, email: str, password: str) -> dict[str, Any]:
    """The tokens of a new session. A login that the busy system puts off is tried again, as it asks for."""
    for _ in range(4):
        answer = await _asked(reach, "gateway", "/api/auth/login", body={"email": email, "password": password})
        if answer.status not in (503, 504):
            break
        await asyncio.sleep(2.0)
    return {name: str(_field(answer, name)) for name in ("access_token", "refresh_token")}


async def _refreshed(reach: Reach, refresh: str) -> tuple[str, str]:
    answer = await _asked(reach, "gateway", "/api/auth/refresh", body={"refresh_token": refresh})
    return str(_field(answer, "access_token")), str(_field(answer, "refresh_token"))


def _field(answer: Answer, name: str) -> Any:
    if answer.status != 200 or not isinstance(answer.data, dict) or name not in answer.data:
        raise CannotLook(f"users gave no {name}: HTTP {answer.status}", "users")
    return answer.data[name]


async def _fetches(reach: Reach) -> int:
    """How often the key set was asked for since users started."""
    answer = await _asked(reach, "users", "/metrics", port="ops")
    lines = [line for line in answer.text.splitlines() if line.startswith("http_requests_total{")]
    return sum(int(float(line.rpartition(" ")[2])) for line in lines if '/.well-known/jwks.json"' in line)


async def _asked(
    reach: Reach, part: str, path: str, token: str = "", *, body: Any = None, port: str = "http"
) -> Answer:
    headers = {"Authorization": f"Bearer {token}"} if token else {}
    method = "GET" if body is None else "POST"
    request = reach.http().build_request(method, f"{reach.url(part, port)}{path}", headers=headers, json=body)
    try:
        return await send(reach.http(), request, SECONDS)
    except NoAnswer as trouble:
        raise CannotLook(f"{part} {trouble}", part) from None


def _counted(statuses: list[int]) -> dict[str, int]:
    return {str(status): statuses.count(status) for status in sorted(set(statuses))}


def _b64(content: bytes) -> str:
    return urlsafe_b64encode(content).rstrip(b"=").decode()


def _packed(value: Mapping[str, Any]) -> str:
    return _b64(json.dumps(value, separators=(",", ":")).encode())


def _part(token: str, number: int) -> dict[str, Any]:
    """The header (0) or the claims (1) of a token."""
    try:
        text = token.split(".")[number]
        found = json.loads(urlsafe_b64decode(text + "=" * (-len(text) % 4)))
    except (ValueError, IndexError):
        raise CannotLook("users issues something that is no JWT", "users") from None
    return found if isinstance(found, dict) else {}
