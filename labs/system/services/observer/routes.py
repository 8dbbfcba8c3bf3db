"""Where telemetry comes in, and logs and alerts go out. Refuses authentication: it is for one laptop, on loopback.

In production the receiver would sit behind mTLS, and the search behind the company's sign-on: logs hold personal data.
"""

from __future__ import annotations

import time
from dataclasses import asdict
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Query, Request, Response
from pydantic import BaseModel, Field
from starlette.concurrency import run_in_threadpool

from chassis.problems import Problem, responses
from chassis.text import Short
from observer import otlp
from observer.records import Alert, LogQuery
from observer.store import Store

PROTOBUF = "application/x-protobuf"
ShortText = Annotated[str, Query(max_length=200)]
Time = Annotated[int, Query(ge=0, le=2**62)]


# Whatever Alertmanager sends: a template may well expand to nothing, and what is refused is sent again for ever.
Texts = dict[str, Annotated[str, Field(max_length=4000)]]


class Accepted(Response):
    """The empty answer to an export: nothing was left out."""

    media_type = PROTOBUF


class ReportedAlert(BaseModel):
    """One alert in Alertmanager's webhook body; unknown fields are ignored, as it adds some over time."""

    status: Short
    labels: Texts = {}
    annotations: Texts = {}
    startsAt: Short = ""
    endsAt: Short = ""


class Notification(BaseModel):
    """Alertmanager's webhook body, version 4."""

    alerts: list[ReportedAlert] = Field(max_length=1000)


def receiver(store: Store, max_body_bytes: int) -> APIRouter:
    """The two OTLP/HTTP endpoints. The answer is an empty message: everything was accepted."""
    api = APIRouter(tags=["otlp"], responses=responses(400, 413, 415))

    async def message(request: Request) -> bytes:
        if request.headers.get("content-type", "").split(";")[0].strip().lower() != PROTOBUF:
            raise Problem(415, "Only protobuf is taken", detail=f"Send OTLP over HTTP as {PROTOBUF}.")
        body = await request.body()
        try:
            return otlp.unpacked(body, request.headers.get("content-encoding", "").strip().lower(), max_body_bytes)
        except otlp.NotOtlp as error:
            raise Problem(400, "Not an OTLP message", detail=str(error)) from None

    @api.post("/v1/traces", response_class=Accepted, openapi_extra=_body("ExportTraceServiceRequest"))
    async def traces(body: bytes = Depends(message)) -> Response:
        return await _keep(body, otlp.spans, store.add_spans)

    @api.post("/v1/logs", response_class=Accepted, openapi_extra=_body("ExportLogsServiceRequest"))
    async def logs(body: bytes = Depends(message)) -> Response:
        return await _keep(body, otlp.log_lines, store.add_logs)

    return api


def reader(store: Store) -> APIRouter:
    """Log search, and the alerts that Alertmanager reported."""
    api = APIRouter()

    @api.get("/logs", tags=["logs"])
    def logs(
        service: ShortText = "",
        level: ShortText = "",
        trace_id: ShortText = "",
        correlation_id: ShortText = "",
        q: ShortText = "",
        since_us: Time = 0,
        until_us: Time = 2**62,
        after_id: Time = 0,
        limit: Annotated[int, Query(ge=1, le=5000)] = 100,
    ) -> dict[str, Any]:
        """Newest lines that match every part given, oldest of them first; pass `after_id` on to follow."""
        query = LogQuery(service, level, trace_id, correlation_id, q, since_us, until_us, after_id, limit)
        found = store.find_logs(query)
        return {"lines": [{"id": row, **asdict(line)} for row, line in found]}

    @api.post("/alerts", tags=["alerts"], status_code=204)
    def report(notification: Notification) -> None:
        """Alertmanager's webhook."""
        now = time.time_ns() // 1000
        store.add_alerts(_alert(alert, now) for alert in notification.alerts)

    @api.get("/alerts", tags=["alerts"])
    def alerts(
        name: ShortText = "", status: ShortText = "", limit: Annotated[int, Query(ge=1, le=1000)] = 100
    ) -> dict[str, Any]:
        """Newest first."""
        return {"alerts": [asdict(alert) for alert in store.alerts(name=name, status=status, limit=limit)]}

    return api


def _alert(alert: ReportedAlert, now_us: int) -> Alert:
    return Alert(
        received_us=now_us,
        status=alert.status,
        name=alert.labels.get("alertname", ""),
        labels=alert.labels,
        annotations=alert.annotations,
        starts_at=alert.startsAt,
        ends_at=alert.endsAt,
    )


async def _keep(body: bytes, read: Any, add: Any) -> Response:
    """Decode and store in a thread: a batch of a few hundred spans takes milliseconds of work."""

    def work() -> None:
        add(read(body))

    try:
        await run_in_threadpool(work)
    except otlp.NotOtlp as error:
        raise Problem(400, "Not an OTLP message", detail=str(error)) from None
    return Accepted()


def _body(message: str) -> dict[str, Any]:
    content = {PROTOBUF: {"schema": {"type": "string", "format": "binary", "title": message}}}
    return {"requestBody": {"required": True, "content": content}}
