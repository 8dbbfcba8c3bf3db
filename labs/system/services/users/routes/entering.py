"""Logging in, refreshing, logging out. Refuses to let any of the answers be stored on the way."""

from typing import Annotated

from fastapi import APIRouter, Depends, Request, Response

from chassis.identity.dependency import current_identity
from chassis.identity.model import Identity
from chassis.problems import responses
from users.entrance import Attempt
from users.issuing import Grant
from users.limits import client_address
from users.routes.parts import parts_of
from users.routes.schemas import Login, Refresh, Tokens

router = APIRouter(prefix="/auth", tags=["sessions"])


@router.post("/login", responses=responses(401, 429, 503))
async def login(request: Request, response: Response, body: Login) -> Tokens:
    """Begin a session. Limited per account and per address."""
    password, address = body.password.get_secret_value(), client_address(request)
    attempt = Attempt(body.email, password, body.token_type, address)
    return _tokens(response, await parts_of(request).entrance.log_in(attempt))


@router.post("/refresh", responses=responses(401, 503))
async def refresh(request: Request, response: Response, body: Refresh) -> Tokens:
    """Go on with a session. A refresh token works once; coming back, it ends the session it belongs to."""
    grant = await parts_of(request).entrance.go_on(body.refresh_token.get_secret_value())
    return _tokens(response, grant)


@router.post("/logout", status_code=204, responses=responses(401, 503))
async def logout(request: Request, identity: Annotated[Identity, Depends(current_identity)]) -> None:
    """End this session: its refresh token and its access tokens."""
    await parts_of(request).exits.log_out(identity)


def _tokens(response: Response, grant: Grant) -> Tokens:
    response.headers["Cache-Control"] = "no-store"
    return Tokens(access_token=grant.access_token, refresh_token=grant.refresh_token, expires_in=grant.expires_in)
