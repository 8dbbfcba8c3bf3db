"""The part of Jaeger's query API that people and checks use, answered from the store. Refuses to be a whole Jaeger.

`/api/services`, `/api/services/{service}/operations`, `/api/traces`, `/api/traces/{id}`, in the shapes that Jaeger's
own user interface reads: so the same question goes to a real Jaeger where one runs, and here where none does.
Source: Jaeger documentation, "APIs", HTTP JSON (internal), and its `json/model.go`.
"""

from __future__ import annotations

import json
import re
from typing import Annotated, Any

from fastapi import APIRouter, Path, Query

from chassis.problems import Problem, responses
from observer.records import Span, TraceQuery
from observer.store import Store

DURATION = re.compile(r"^([0-9]{1,9}(?:\.[0-9]{1,6})?)(us|ms|s|m|h)$")
UNIT_US = {"us": 1, "ms": 1_000, "s": 1_000_000, "m": 60_000_000, "h": 3_600_000_000}
TYPES: dict[type, str] = {bool: "bool", int: "int64", float: "float64"}
TRACE_ID = re.compile(r"^[0-9a-fA-F]{1,32}$")
# Patterns for the contract only: what does not match is answered 400, as Jaeger does, and not FastAPI's 422.
ID = Path(json_schema_extra={"pattern": TRACE_ID.pattern})
LENGTH: dict[str, Any] = {"pattern": f"^$|{DURATION.pattern}"}
TEXT = Query(max_length=200)
TIME = Query(ge=0, le=2**62)


def router(store: Store) -> APIRouter:
    """The query routes."""
    api = APIRouter(tags=["traces"])

    @api.get("/api/services")
    def services() -> dict[str, Any]:
        return _page(store.services())

    @api.get("/api/services/{service}/operations")
    def operations(service: str) -> dict[str, Any]:
        return _page(store.operations(service))

    @api.get("/api/traces", responses=responses(400))
    def traces(
        service: Annotated[str, TEXT] = "",
        operation: Annotated[str, TEXT] = "",
        tags: Annotated[str, Query(max_length=2000)] = "",
        start: Annotated[int, TIME] = 0,
        end: Annotated[int, TIME] = 2**62,
        min_duration: Annotated[str, Query(alias="minDuration", json_schema_extra=LENGTH)] = "",
        max_duration: Annotated[str, Query(alias="maxDuration", json_schema_extra=LENGTH)] = "",
        limit: Annotated[int, Query(ge=1, le=1500)] = 20,
    ) -> dict[str, Any]:
        query = TraceQuery(
            *(service, operation, _tags(tags), start, end),
            *(_microseconds(min_duration, 0), _microseconds(max_duration, 2**62), limit),
        )
        return _page([_trace(store.trace(trace_id)) for trace_id in store.find_traces(query)])

    @api.get("/api/traces/{trace_id}", responses=responses(400, 404))
    def trace(trace_id: Annotated[str, ID]) -> dict[str, Any]:
        if not TRACE_ID.match(trace_id):
            raise Problem(400, "Not a trace id", detail="A trace id is up to 32 hexadecimal digits.")
        spans = store.trace(trace_id.lower().rjust(32, "0"))  # Jaeger, too, takes ids without their leading zeros
        if not spans:
            raise Problem(404, "No such trace", detail=f"No span of trace {trace_id} has arrived (yet).")
        return _page([_trace(spans)])

    return api


def _page(data: list[Any]) -> dict[str, Any]:
    return {"data": data, "total": len(data), "limit": 0, "offset": 0, "errors": None}


def _tags(text: str) -> dict[str, str]:
    if not text:
        return {}
    try:
        tags = json.loads(text)
    except (ValueError, RecursionError):
        tags = None
    if not isinstance(tags, dict) or not all(isinstance(value, str) for value in tags.values()):
        raise Problem(400, "Tags are not readable", detail='Write tags as a JSON object of strings: {"error":"true"}.')
    return tags


def _microseconds(text: str, default: int) -> int:
    if not text:
        return default
    found = DURATION.match(text)
    if found is None:
        raise Problem(400, "Not a duration", detail=f"Write {text!r} as a number and a unit, such as 250ms or 1.5s.")
    return int(float(found[1]) * UNIT_US[found[2]])


def _trace(spans: list[Span]) -> dict[str, Any]:
    processes: dict[tuple[str, str], str] = {}
    drawn = []
    for span in spans:
        process = processes.setdefault((span.service, span.instance), f"p{len(processes) + 1}")
        drawn.append(_span(span, process))
    return {
        "traceID": spans[0].trace_id,
        "spans": drawn,
        "processes": {
            process: {"serviceName": service, "tags": [_tag("service.instance.id", instance)]}
            for (service, instance), process in processes.items()
        },
        "warnings": None,
    }


def _span(span: Span, process: str) -> dict[str, Any]:
    tags = [_tag(key, value) for key, value in span.attributes.items()]
    tags.append(_tag("span.kind", span.kind))
    if span.error:
        tags += [_tag("error", True), _tag("otel.status_code", "ERROR")]
    references = [_reference("CHILD_OF", span.trace_id, span.parent_id)] if span.parent_id else []
    references += [_reference("FOLLOWS_FROM", link.trace_id, link.span_id) for link in span.links]
    return {
        "traceID": span.trace_id,
        "spanID": span.span_id,
        "operationName": span.name,
        "references": references,
        "startTime": span.start_us,
        "duration": span.duration_us,
        "tags": tags,
        "logs": [_event(event) for event in span.events],
        "processID": process,
        "warnings": None,
    }


def _event(event: dict[str, Any]) -> dict[str, Any]:
    fields = [_tag("event", event["name"])]
    fields += [_tag(key, value) for key, value in event.items() if key not in {"name", "time_us"}]
    return {"timestamp": event["time_us"], "fields": fields}


def _reference(kind: str, trace_id: str, span_id: str) -> dict[str, str]:
    return {"refType": kind, "traceID": trace_id, "spanID": span_id}


def _tag(key: str, value: Any) -> dict[str, Any]:
    kind = TYPES.get(type(value), "string")
    return {"key": key, "type": kind, "value": value if kind != "string" else _text(value)}


def _text(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
