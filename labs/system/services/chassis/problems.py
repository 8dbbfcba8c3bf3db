"""Errors as RFC 9457 problem details: one shape for everything that goes wrong on any port.

Refuses to show internals: no exception text, no echo of what was sent (it may hold a password).
"""

from collections.abc import Mapping, Sequence
from http import HTTPStatus
from types import MappingProxyType
from typing import Any
from urllib.parse import quote

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.responses import JSONResponse, Response
from starlette.routing import Match

from chassis import context
from chassis.metrics import METHODS

MEDIA_TYPE = "application/problem+json"
MAX_ERRORS = 20
NO_HEADERS: Mapping[str, str] = MappingProxyType({})
_SCHEMA: dict[str, Any] = {
    "title": "Problem",
    "description": "RFC 9457 problem details.",
    "type": "object",
    "required": ["type", "title", "status", "instance", "correlation_id"],
    "properties": {
        "type": {"type": "string", "format": "uri-reference"},
        "title": {"type": "string"},
        "status": {"type": "integer"},
        "detail": {"type": "string"},
        "instance": {"type": "string", "format": "uri-reference"},
        "correlation_id": {"type": "string"},
        "errors": {
            "type": "array",
            "items": {
                "type": "object",
                "required": ["in", "pointer", "message"],
                "properties": {
                    "in": {"type": "string"},
                    "pointer": {"type": "string"},
                    "message": {"type": "string"},
                },
            },
        },
    },
}


class Problem(Exception):
    """An answer that is an error, raised from anywhere inside a request."""

    def __init__(
        self,
        status: int,
        title: str,
        *,
        detail: str = "",
        type: str = "about:blank",
        headers: Mapping[str, str] = NO_HEADERS,
        **extra: object,
    ) -> None:
        super().__init__(title)
        self.status = status
        self.title = title
        self.detail = detail
        self.type = type
        self.headers = headers
        self.extra = extra


def render(problem: Problem, path: str) -> Response:
    """The problem as a response to a request for ``path``."""
    body: dict[str, object] = {"type": problem.type, "title": problem.title, "status": problem.status}
    if problem.detail:
        body["detail"] = problem.detail
    body["instance"] = quote(path)
    body["correlation_id"] = context.correlation_id()
    body.update(problem.extra)
    return JSONResponse(body, problem.status, dict(problem.headers), MEDIA_TYPE)


def phrase(status: int) -> str:
    """The standard title of a status; the type ``about:blank`` promises just that."""
    try:
        return HTTPStatus(status).phrase
    except ValueError:
        return "Error"


def install(app: FastAPI) -> None:
    """Make every error of this application a problem."""
    app.add_exception_handler(Problem, _problem)
    app.add_exception_handler(HTTPException, _http)
    app.add_exception_handler(RequestValidationError, _invalid)
    app.add_exception_handler(Exception, _unhandled)


async def _problem(request: Request, error: Exception) -> Response:
    assert isinstance(error, Problem)
    return render(error, request.scope["path"])


async def _http(request: Request, error: Exception) -> Response:
    """What the frameworks raise themselves: no such route, not this method, not a form."""
    assert isinstance(error, HTTPException)
    title = phrase(error.status_code)
    detail = str(error.detail) if error.detail and error.detail != title else ""
    headers = {"Allow": _allowed(request)} if error.status_code == 405 else error.headers or NO_HEADERS
    return render(Problem(error.status_code, title, detail=detail, headers=headers), request.scope["path"])


def _allowed(request: Request) -> str:
    """Every method of this path (RFC 9110, 15.5.6); the framework names those of the first route that fits."""
    routes, scope = request.app.routes, request.scope
    return ", ".join(
        method
        for method in sorted(METHODS)
        if any(route.matches({**scope, "method": method})[0] is Match.FULL for route in routes)
    )


async def _invalid(request: Request, error: Exception) -> Response:
    """400 when the body cannot be read as JSON at all, 422 when it can and means nothing here."""
    assert isinstance(error, RequestValidationError)
    errors = error.errors()
    if any(item["type"] == "json_invalid" for item in errors):
        return render(Problem(400, phrase(400), detail="The body is not JSON."), request.scope["path"])
    told = [_told(item) for item in errors[:MAX_ERRORS]]
    problem = Problem(422, phrase(422), detail="The request is not valid.", errors=told)
    return render(problem, request.scope["path"])


def _told(item: Mapping[str, Any]) -> dict[str, str]:
    where: Sequence[object] = item["loc"]
    # A key of the client's own may be megabytes of anything, lone surrogates included.
    parts = [str(part)[:64].replace("~", "~0").replace("/", "~1") for part in where[1:]]
    told = {
        "in": str(where[0]) if where else "",
        "pointer": "".join(f"/{part}" for part in parts),
        "message": str(item["msg"]).removeprefix("Value error, ")[:200],
    }
    return {name: text.encode("utf-8", "replace").decode() for name, text in told.items()}


async def _unhandled(request: Request, error: Exception) -> Response:
    """The middleware outside of this writes the traceback to the log; the client learns the id to ask for."""
    return render(Problem(500, phrase(500)), request.scope["path"])


def responses(*statuses: int) -> dict[int | str, dict[str, Any]]:
    """For ``responses=`` of a FastAPI route: these statuses are problems, and the contract says so."""
    return {status: _response(status) for status in statuses}


def _response(status: int) -> dict[str, Any]:
    schema = {"$ref": "#/components/schemas/Problem"}
    return {"description": phrase(status), "content": {MEDIA_TYPE: {"schema": schema}}}


def document(contract: dict[str, Any]) -> None:
    """Add to an OpenAPI document what every operation may answer, in place of FastAPI's own 422."""
    components = contract.setdefault("components", {}).setdefault("schemas", {})
    components.pop("HTTPValidationError", None)
    components.pop("ValidationError", None)
    components["Problem"] = _SCHEMA
    for operations in contract.get("paths", {}).values():
        for operation in operations.values():
            answers = operation["responses"]
            body = (400, 408, 413, 422) if "requestBody" in operation else ()
            for status in (*body, *((422,) if "422" in answers else ())):
                answers[str(status)] = _response(status)
