"""What the routes work with. Refuses to be reached from anywhere but a request."""

from dataclasses import dataclass
from uuid import UUID

from fastapi import Request

from chassis.database import Database
from chassis.identity.dependency import unauthorized
from chassis.identity.model import Identity
from chassis.problems import Problem
from users.entrance import Entrance
from users.exits import Exits
from users.keys.ring import KeyRing
from users.passwords import Passwords
from users.verifying import OwnTokens


@dataclass(frozen=True)
class Parts:
    """The parts of the service, put together in `app`."""

    database: Database
    passwords: Passwords
    entrance: Entrance
    exits: Exits
    tokens: OwnTokens
    ring: KeyRing


def parts_of(request: Request) -> Parts:
    """The parts of the service that this request came to."""
    parts: Parts = request.app.state.parts
    return parts


def user_of(identity: Identity) -> UUID:
    """The account behind the identity; a subject that is none of ours proves nothing."""
    try:
        return UUID(identity.subject)
    except ValueError:
        raise unauthorized("invalid_token") from None


def missing() -> Problem:
    """The one answer for accounts that are not there and accounts of others: nobody can count our customers."""
    return Problem(404, "Not Found", detail="There is no such user.")
