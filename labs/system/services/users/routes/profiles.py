"""Accounts: registering, looking, changing.

Registering an address that has an account is answered 409, which tells that it has one. Hiding that needs a mail with
a link before there is an account; here the gateway's limit per address keeps it from being asked a million times.

Refuses other people's accounts as if they did not exist.
"""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Depends, Query, Request, Response

from chassis import context
from chassis.cursor import Cursor, position
from chassis.identity.dependency import current_identity, require, unauthorized
from chassis.identity.model import Identity
from chassis.problems import Problem, responses
from users import accounts
from users.accounts import NewAccount
from users.exits import session_id
from users.routes.parts import missing, parts_of, user_of
from users.routes.schemas import PasswordChange, Profile, ProfileChange, ProfilePage, Registration

router = APIRouter(tags=["users"])

Caller = Annotated[Identity, Depends(current_identity)]
Support = Annotated[Identity, Depends(require("users:read:any"))]
_CREATED = {
    "description": "The account is there",
    "headers": {"Location": {"description": "The account", "schema": {"type": "string"}}},
}


@router.post("/users", status_code=201, responses={201: _CREATED, **responses(409, 503)})
async def register(request: Request, response: Response, body: Registration) -> Profile:
    """Make an account. Open to everybody."""
    parts = parts_of(request)
    # Before the address is looked at, and outside of any transaction: it takes a fifth of a second.
    hashed = await parts.passwords.hash(body.password.get_secret_value())
    async with parts.database.transaction() as connection:
        new = NewAccount(body.email, body.name, body.phone, body.device)
        account = await accounts.create(connection, new, hashed)
    if account is None:
        raise Problem(409, "Conflict", detail="This e-mail address has an account.")
    context.bind_log(user_id=str(account.id))
    # Relative, because only the gateway knows under which path this is published.
    response.headers["Location"] = f"users/{account.id}"
    return Profile.of(account)


@router.get("/users", responses=responses(401, 403, 422, 503))
async def page(
    request: Request, _identity: Support, limit: Annotated[int, Query(ge=1, le=100)] = 20, cursor: Cursor = None
) -> ProfilePage:
    """All accounts, newest first."""
    after = position(cursor)
    async with parts_of(request).database.transaction() as connection:
        found = await accounts.page(connection, limit + 1, after)
    # One more than asked for tells whether there is a next page without counting anything.
    shown = found[:limit]
    more = shown[-1].position.encode() if len(found) > limit else None
    return ProfilePage(items=[Profile.of(account) for account in shown], next_cursor=more)


@router.get("/users/me", responses=responses(401, 503))
async def me(request: Request, identity: Caller) -> Profile:
    """One's own account."""
    async with parts_of(request).database.transaction() as connection:
        account = await accounts.find(connection, user_of(identity))
    if account is None:
        raise unauthorized("invalid_token")
    return Profile.of(account)


@router.patch("/users/me", responses=responses(401, 503))
async def change(request: Request, identity: Caller, body: ProfileChange) -> Profile:
    """Change one's own account: what is mentioned, as JSON Merge Patch has it (RFC 7396)."""
    changes = body.model_dump(exclude_unset=True)
    async with parts_of(request).database.transaction() as connection:
        account = await accounts.change(connection, user_of(identity), changes)
    if account is None:
        raise unauthorized("invalid_token")
    return Profile.of(account)


@router.put("/users/me/password", status_code=204, responses=responses(401, 403, 429, 503))
async def change_password(request: Request, identity: Caller, body: PasswordChange) -> None:
    """Replace one's password; every session but this one ends."""
    await parts_of(request).entrance.change_password(
        user_of(identity), session_id(identity), body.current.get_secret_value(), body.new.get_secret_value()
    )


@router.get("/users/{user_id}", responses=responses(401, 404, 422, 503))
async def one(request: Request, user_id: UUID, identity: Caller) -> Profile:
    """One's own account, or with the permission users:read:any anybody's."""
    if user_id != user_of(identity) and not identity.may("users:read:any"):
        raise missing()
    async with parts_of(request).database.transaction() as connection:
        account = await accounts.find(connection, user_id)
    if account is None:
        raise missing()
    return Profile.of(account)
