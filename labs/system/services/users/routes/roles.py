"""Who may do what: giving and taking roles. Refuses to leave the shop without an administrator."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Depends, Request

from chassis.identity.dependency import require
from chassis.identity.model import Identity
from chassis.problems import Problem, responses
from users.accounts import LastAdmin
from users.routes.parts import missing, parts_of
from users.routes.schemas import Profile, RoleChange

router = APIRouter(tags=["users"])


@router.put("/users/{user_id}/roles", responses=responses(401, 403, 404, 409, 422, 503))
async def set_roles(
    request: Request, user_id: UUID, body: RoleChange, _identity: Annotated[Identity, Depends(require("users:roles"))]
) -> Profile:
    """Replace somebody's roles. Taking one away ends their sessions."""
    try:
        account = await parts_of(request).exits.set_roles(user_id, body.roles)
    except LastAdmin:
        raise Problem(409, "Conflict", detail="This is the last administrator.") from None
    if account is None:
        raise missing()
    return Profile.of(account)
