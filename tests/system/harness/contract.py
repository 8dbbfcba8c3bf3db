"""Whether a service keeps to the contract it publishes when it is asked with what breaks naive servers.

Refuses to know any service: operations come from its OpenAPI document, identities from the test.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import httpx

PROBLEM = "application/problem+json"
# FastAPI says these of every operation with a body, and the chassis gives them.
WITH_BODY = {400, 408, 413, 422}
Operation = tuple[str, str]
Statuses = dict[Operation, set[int]]
Headers = Callable[[], Mapping[str, str]]

# Bodies, each of which has brought some server down: what is no JSON, and JSON that is hard to hold.
BODIES = [
    b"",
    b"{",
    b"\xff\xfe\xfd",
    b"\x00",
    b'"\\ud800"',
    b'{"\\ud800": "\\udfff"}',
    b'{"a\\u0000b": "\\u0000"}',
    b"[" * 50_000,
    b'{"a":' * 50_000 + b"1" + b"}" * 50_000,
    b"9" * 5_000,
    b'{"quantity": ' + b"9" * 5_000 + b"}",
    b'{"quantity": 1e400}',
    b'{"quantity": -9223372036854775809}',
    b'{"quantity": NaN}',
    b'{"quantity": true}',
    b"null",
    b"[]",
    b'"text"',
    b'{"lines": [' + b'{"sku": "STICKER", "quantity": 1},' * 9_000 + b"{}]}",
    b'{"lines": "' + b"x" * 900_000 + b'"}',
]
# The same for a part of a path or a query.
WORDS = [
    "%00",
    "%ED%A0%80",
    "%FF",
    "..%2F..",
    "%0d%0aSet-Cookie:a=b",
    "9" * 400,
    "-1",
    "%F0%9F%92%A9",
    "'%20OR%201=1--",
    "+",
]


def published(contract: Mapping[str, Any]) -> Statuses:
    """Every operation with its statuses, without those of bodies; every error in it has to be a problem."""
    found: Statuses = {}
    for path, operations in contract["paths"].items():
        for method, operation in operations.items():
            statuses = {int(status) for status in operation["responses"]}
            found[method.upper(), path] = statuses - WITH_BODY if "requestBody" in operation else statuses
            for status, described in operation["responses"].items():
                assert int(status) < 400 or list(described["content"]) == [PROBLEM], (method, path, status)
    return found


def torment(contract: Mapping[str, Any], url: str, headers: Headers, **values: str) -> None:
    """Send the worst to every operation: each answer is a documented one, and each error a problem.

    Headers are made for each request: the gateway's signature is good for seconds only.
    """
    with httpx.Client(base_url=url, timeout=30, trust_env=False) as client:
        for method, path in published(contract):
            documented = {int(status) for status in contract["paths"][path][method.lower()]["responses"]}
            good = path.format(**values) if "{" in path else path
            targets = [
                path.replace("{", "").replace("}", ""),
                *(f"{good}?limit={word}&cursor={word}" for word in WORDS),
            ]
            if "{" in path:
                targets += [path.format(**dict.fromkeys(values, word)) for word in WORDS]
            for target in targets:
                _judge(client.request(method, target, headers=headers()), documented | {404, 405})
            for body in BODIES if "requestBody" in contract["paths"][path][method.lower()] else ():
                sent = {**headers(), "Content-Type": "application/json", "Idempotency-Key": "k"}
                _judge(client.request(method, good, content=body, headers=sent), documented)


def _judge(answer: httpx.Response, documented: set[int]) -> None:
    where = (answer.request.method, str(answer.request.url)[:200], answer.status_code, answer.text[:200])
    assert answer.status_code in documented, where
    assert answer.status_code < 500, where
    assert answer.status_code < 400 or answer.headers["content-type"] == PROBLEM, where
