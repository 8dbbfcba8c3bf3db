"""Asks a service everything that its contract allows and much that it does not, and lists what was answered wrongly.

Boundary values of each schema, values at random from a fixed seed, and sequences of calls that feed on one another's
answers. Refuses to decide what is wrong by itself: the contract decides. Runs in processes beside the tests, because
a generator that shares its process with a service takes the service's jitter for randomness of its own.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import schemathesis
from schemathesis.engine import Status, from_schema
from schemathesis.engine.events import NonFatalError, ScenarioFinished

SEED = 20_261
PROTOBUF = "application/x-protobuf"
PATIENCE = 20.0
# What a schema cannot say: which products there are, and that a text has to be JSON itself.
INEXPRESSIBLE = {"POST /orders": [422], "GET /api/traces": [400]}
ACCEPTED = ["2xx", 401, 403, 404, 409, 429]


@schemathesis.serializer(PROTOBUF)
def protobuf(_context: schemathesis.SerializationContext, value: Any) -> Any:
    """Bytes as they are: what does not decode has to be refused as well."""
    return value if isinstance(value, bytes) else str(value).encode("utf-8", "surrogatepass")


def complaints(contract: Mapping[str, Any], url: str, headers: Mapping[str, str], *, thorough: bool) -> list[str]:
    """One entry for each answer that the contract does not allow; none when the service keeps its word.

    Less than thorough leaves out boundaries and sequences: for callers who are stopped at the door nearly everywhere.
    """
    forgiven = [
        {"include-name": name, "checks": {"positive_data_acceptance": {"expected-statuses": [*ACCEPTED, *statuses]}}}
        for name, statuses in INEXPRESSIBLE.items()
    ]
    config = schemathesis.Config.from_dict(
        {
            "seed": SEED,
            "base-url": url,
            "headers": dict(headers),
            "continue-on-failure": True,
            "request-timeout": PATIENCE,
            "generation": {
                "deterministic": True,
                "database": "none",
                "max-examples": 10 if thorough else 4,
                "no-shrink": True,
            },
            "phases": {} if thorough else {"coverage": {"enabled": False}, "stateful": {"enabled": False}},
            "operations": forgiven,
        }
    )
    schema = schemathesis.openapi.from_dict(dict(contract), config=config)
    return sorted({entry for event in from_schema(schema).execute() for entry in _told(event)})


def _told(event: object) -> Iterator[str]:
    if isinstance(event, NonFatalError):
        yield f"{event.label}: {event.info.title}: {event.info.message}"
    if not isinstance(event, ScenarioFinished):
        return
    for case, checks in event.recorder.checks.items():
        answer = event.recorder.interactions[case].response
        said = answer.content[:500].decode("utf-8", "replace") if answer and answer.content else "nothing"
        for check in checks:
            if check.status is not Status.SUCCESS:
                info = check.failure_info
                reason = f"{info.failure.title}\n{info.failure.message}\n{info.code_sample}" if info else "crashed"
                yield f"{event.recorder.label}: {check.name}: {reason}\nanswered {said}"
