"""Errors as RFC 9457 problem details: one shape for everything that goes wrong on any port.

Refuses to show internals: no exception text, no echo of what was sent (it may hold a password).
"""

from collections.abc import Mapping
from http import HTTPStatus
from types import MappingProxyType
from typing import Any
from urllib.parse import quote

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.responses import JSONResponse, Response

from chassis import context

MEDIA_TYPE = "application/problem+json"
NO_HEADERS: Mapping[str, str] = MappingProxyType({})


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
    """The problem as a response."""
    body: dict[str, object] = {"type": problem.type, "title": problem.title, "status": problem.status}
    if problem.detail:
        body["detail"] = problem.detail
    body["instance"] = quote(path)
    body["correlation_id"] = context.correlation_id()
    body.update(problem.extra)
    return JSONResponse(body, problem.status, dict(problem.headers), MEDIA_TYPE)


def phrase(status: int) -> str:
    """The standard title of a status."""
    try:
        return HTTPStatus(status).phrase
    except ValueError:
        return "Error"


def responses(*statuses: int) -> dict[int | str, dict[str, Any]]:
    """For ``responses=`` of a FastAPI route: these statuses are problems, and the contract says so."""
    schema = {"$ref": "#/components/schemas/Problem"}
    return {status: {"description": phrase(status), "content": {MEDIA_TYPE: {"schema": schema}}} for status in statuses}


def install(app: FastAPI) -> None:
    """Make every error of this application a problem."""

    async def problem(request: Request, error: Exception) -> Response:
        assert isinstance(error, Problem)
        return render(error, request.url.path)

    async def http(request: Request, error: Exception) -> Response:
        assert isinstance(error, HTTPException)
        return render(
            Problem(error.status_code, phrase(error.status_code), headers=error.headers or {}), request.url.path
        )

    async def invalid(request: Request, error: Exception) -> Response:
        assert isinstance(error, RequestValidationError)
        return render(Problem(422, phrase(422)), request.url.path)

    async def unhandled(request: Request, error: Exception) -> Response:
        return render(Problem(500, phrase(500)), request.url.path)

    app.add_exception_handler(Problem, problem)
    app.add_exception_handler(HTTPException, http)
    app.add_exception_handler(RequestValidationError, invalid)
    app.add_exception_handler(Exception, unhandled)
