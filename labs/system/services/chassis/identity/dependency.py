"""Who is asking, as FastAPI dependencies. Refuses by default: no proof is 401, a proof of too little is 403.

A service sets `api.state.identify = identity_required(verifier, keys, "orders")` once; routes then say
`Depends(current_identity)` or `Depends(require("orders:create"))`, both give the Identity. Routes stay plain module
functions that know nothing of keys.
"""

from collections.abc import Awaitable, Callable, Mapping
from typing import Annotated

from fastapi import Depends, Request, Security
from fastapi.security import APIKeyHeader, HTTPBearer

from chassis.identity.claims import InvalidToken, Verifier
from chassis.identity.internal import verify as verify_internal
from chassis.identity.model import Identity
from chassis.identity.service_keys import API_KEY, caller_of
from chassis.problems import Problem

Identify = Callable[[Request], Awaitable[Identity]]

# Only for the OpenAPI document: what they would extract is read from the request below, in one place.
_BEARER = HTTPBearer(auto_error=False, bearerFormat="JWT")
_INTERNAL = APIKeyHeader(
    name="X-Identity", scheme_name="GatewayIdentity", auto_error=False, description="Signed by the gateway"
)


def identity_required(verifier: Verifier, keys: Mapping[str, bytes], audience: str) -> Identify:
    """How this service finds out who is asking: the user's token, the gateway's header, or both if they agree.

    The gateway has verified the token already. It is verified again because a door can be walked around.
    """

    async def identify(request: Request) -> Identity:
        token, header = _bearer(request), request.headers.get("x-identity")
        try:
            claimed = verify_internal(header, keys, audience) if header is not None else None
            # An opaque token has no dots and means nothing here; the gateway has exchanged it for its header.
            shown = await verifier.verify(token) if token is not None and not (claimed and "." not in token) else None
        except InvalidToken as problem:
            raise unauthorized("invalid_token") from problem
        identity = shown or claimed
        if identity is None:
            raise unauthorized()
        if shown and claimed and shown.subject != claimed.subject:
            raise unauthorized("invalid_token")
        return identity

    return identify


def unauthorized(error: str | None = None) -> Problem:
    """401 as RFC 6750 wants it. One answer for every bad token: which check failed would guide a forger."""
    challenge = 'Bearer realm="shop"' + (f', error="{error}"' if error else "")
    title = "The access token is not valid" if error else "Authentication is required"
    return Problem(401, title, headers={"WWW-Authenticate": challenge})


async def current_identity(
    request: Request,
    _bearer: Annotated[object, Security(_BEARER)] = None,
    _internal: Annotated[object, Security(_INTERNAL)] = None,
) -> Identity:
    """A dependency: whoever is asking, proven."""
    identify: Identify = request.app.state.identify
    return await identify(request)


def require(permission: str) -> Callable[..., Awaitable[Identity]]:
    """A dependency: whoever is asking, if they may do this; else 403."""

    async def permitted(identity: Annotated[Identity, Depends(current_identity)]) -> Identity:
        if not identity.may(permission):
            raise Problem(403, "Not permitted", detail=f"This needs the permission {permission}.")
        return identity

    return permitted


def require_or_caller(permission: str, *names: str) -> Callable[..., Awaitable[Identity]]:
    """A dependency for what people with the permission and these services may both do; services come with their key."""

    async def permitted(
        request: Request,
        key: Annotated[str | None, Security(API_KEY)] = None,
        _bearer: Annotated[object, Security(_BEARER)] = None,
    ) -> Identity:
        name = caller_of(key, request.app.state.callers) if key else None
        if name in names and not _has_user(request):
            return Identity(subject=str(name), roles=frozenset(), permissions=frozenset({permission}), kind="service")
        return await require(permission)(await current_identity(request))

    return permitted


def _has_user(request: Request) -> bool:
    """A service that forwards a user's request acts for that user, with no more than the user's permissions."""
    return "authorization" in request.headers or "x-identity" in request.headers


def _bearer(request: Request) -> str | None:
    value = request.headers.get("authorization")
    if value is None:
        return None
    scheme, _, token = value.partition(" ")
    if scheme.lower() != "bearer" or not token.strip():
        raise unauthorized()
    return token.strip()
