"""The signing keys: the public halves for everybody, their stages and rotation for administrators.

Refuses to publish a key set that may be outdated (see keys/ring).
"""

from typing import Annotated, Any

from fastapi import APIRouter, Depends, Request, Response
from starlette.responses import JSONResponse

from chassis.identity.dependency import require
from chassis.identity.model import Identity
from chassis.problems import responses
from users.keys.model import SigningKey, State
from users.routes.parts import parts_of
from users.routes.schemas import Jwks, KeyBody, Keys

router = APIRouter(tags=["keys"])

Keeper = Annotated[Identity, Depends(require("keys:rotate"))]


@router.get("/.well-known/jwks.json", response_model=Jwks, responses=responses(503))
async def jwks(request: Request) -> Response:
    """The keys that access tokens can be verified with, the next one included."""
    ring = parts_of(request).ring
    await ring.fresh()
    return JSONResponse(ring.jwks(), headers={"Cache-Control": f"public, max-age={ring.max_age}"})


@router.get("/auth/keys", responses=responses(401, 403, 503))
async def keys(request: Request, _identity: Keeper) -> Keys:
    """All keys, in the order in which they sign."""
    ring = parts_of(request).ring
    await ring.fresh()
    return Keys(items=[_body(key, state) for key, state in ring.known])


@router.post("/auth/keys/rotate", status_code=201, responses=responses(401, 403, 409, 503))
async def rotate(request: Request, _identity: Keeper) -> KeyBody:
    """Make a new key. It is published at once and signs after a while, so that no request fails."""
    return _body(await parts_of(request).ring.rotate(), "next")


def _body(key: SigningKey, state: State) -> KeyBody:
    return KeyBody.model_validate({**_times(key), "state": state})


def _times(key: SigningKey) -> dict[str, Any]:
    names = ("kid", "created_at", "signs_from", "signs_until", "published_until")
    return {name: getattr(key, name) for name in names}
