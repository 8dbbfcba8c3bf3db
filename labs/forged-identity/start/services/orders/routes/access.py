"""Whose orders a caller may touch.

Refuses to tell "not yours" from "not there": the difference would let anyone count other people's orders.
"""

from __future__ import annotations

from uuid import UUID

from fastapi import Request

from chassis.database import Database
from chassis.identity.dependency import Identify
from chassis.identity.model import Identity
from chassis.identity.permissions import permissions_of
from chassis.problems import Problem


def database_of(request: Request) -> Database:
    """The database of the service this request came to."""
    database: Database = request.app.state.database
    return database


def user_of(identity: Identity) -> UUID:
    """The user behind the identity; services have no orders of their own."""
    try:
        if identity.kind == "user":
            return UUID(identity.subject)
    except ValueError:
        pass
    raise Problem(403, "Not permitted", detail="Only users have orders.")


def owner_filter(identity: Identity, permission: str) -> UUID | None:
    """None for those who may touch any order; everybody else is confined to their own."""
    return None if identity.may(permission) else user_of(identity)


def missing() -> Problem:
    """The one answer for orders that are not there and orders of others."""
    return Problem(404, "Not Found", detail="There is no such order.")


def as_the_gateway_says(proven: Identify) -> Identify:
    """The caller that the gateway names in X-User-Id; the proof is checked where it names nobody.

    The gateway has verified the token already, and verifying it twice costs twice.
    """

    async def identify(request: Request) -> Identity:
        said = _said(request)
        if "x-user-id" not in said:
            return await proven(request)
        roles = frozenset(filter(None, said.get("x-user-roles", "").split(",")))
        return Identity(subject=said["x-user-id"], roles=roles, permissions=permissions_of(roles), kind="user")

    return identify


def _said(request: Request) -> dict[str, str]:
    """Headers by name. Behind the old WSGI server dashes came as underscores, and some callers still write these."""
    said: dict[str, str] = {}
    for name, value in request.headers.items():
        said.setdefault(name.replace("_", "-"), value)
    return said
