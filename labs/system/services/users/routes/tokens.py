"""Tokens seen from outside: introspection for services (RFC 7662), revocation for whoever holds one (RFC 7009).

Refuses introspection to everybody who is not a service of ours: an open one would be a place to try out stolen strings.
"""

from typing import Annotated, Any

from fastapi import APIRouter, Depends, Request, Response
from starlette.responses import JSONResponse

from chassis.identity.service_keys import caller_required
from chassis.problems import responses
from users.routes.form import FORM, token_in_form
from users.routes.parts import parts_of
from users.routes.schemas import Active, Inactive

router = APIRouter(prefix="/auth", tags=["tokens"])

_NO_STORE = {"Cache-Control": "no-store"}
Token = Annotated[str, Depends(token_in_form)]


@router.post(
    "/introspect",
    response_model=Active | Inactive,
    responses=responses(400, 401, 403, 415, 503),
    dependencies=[Depends(caller_required("gateway", "orders"))],
    openapi_extra=FORM,
)
async def introspect(request: Request, token: Token) -> Response:
    """Say what an access token stands for now. A refresh token is none, and so is not active."""
    known = await parts_of(request).tokens.inspect(token)
    # Not to be stored, or a revoked token would live on in a cache.
    return JSONResponse({"active": False} if known is None else _described(known.claims), headers=_NO_STORE)


@router.post("/revoke", response_class=Response, responses=responses(400, 415, 503), openapi_extra=FORM)
async def revoke(request: Request, token: Token) -> Response:
    """End a token: with a refresh token its whole session, an access token alone.

    Whoever holds a token may end it, so there is nothing else to prove. And 200 whatever it was: what the client
    wanted is true, and an answer that tells good tokens from bad ones would be an introspection for everybody.
    """
    await parts_of(request).exits.revoke(token)
    return Response(headers=_NO_STORE)


def _described(claims: dict[str, Any]) -> dict[str, Any]:
    shown = {name: claims[name] for name in Active.model_fields if name in claims}
    return {"active": True, "token_type": "Bearer", **shown}
