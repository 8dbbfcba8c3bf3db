"""POST /orders.  Refuses to work without an Idempotency-Key: a client that cannot ask again has to guess."""

from __future__ import annotations

import re
from typing import Annotated

from fastapi import APIRouter, Depends, Request, Response

from chassis.identity.dependency import require
from chassis.identity.model import Identity
from chassis.problems import Problem, responses
from orders import metrics
from orders.placing import Wish, add_up, place
from orders.routes.access import database_of, user_of
from orders.routes.schemas import NewOrder, OrderBody

router = APIRouter(tags=["orders"])

_KEY = r"^[\x21-\x7e]{1,128}$"
_is_key = re.compile(_KEY).fullmatch

# Declared by hand and read from the request: a missing key is 400 (as the Internet-Draft has it) and not the 422
# that FastAPI gives for a missing parameter, which here means a key with another body.
_HEADER = {
    "name": "Idempotency-Key",
    "in": "header",
    "required": True,
    "description": "Chosen by the client, once per order it wants; the same again to repeat a request. Kept for 24 h.",
    "schema": {"type": "string", "pattern": _KEY},
}
_CREATED = {
    "description": "The order is placed, and will be confirmed or cancelled",
    "headers": {
        "Location": {"description": "The order", "schema": {"type": "string"}},
        "Idempotent-Replayed": {"description": "`true` on a repeat", "schema": {"type": "string"}},
    },
}


def idempotency_key(request: Request) -> str:
    """The key of this request: exactly one, printable, of reasonable length."""
    keys = request.headers.getlist("idempotency-key")
    if len(keys) != 1 or not _is_key(keys[0]):
        raise Problem(
            400,
            "Idempotency-Key required",
            type="https://shop.test/problems/idempotency-key-required",
            detail="Send one Idempotency-Key of 1 to 128 visible ASCII characters, the same for each repeat.",
        )
    return keys[0]


@router.post(
    "/orders",
    status_code=201,
    response_model=OrderBody,
    responses={201: _CREATED, **responses(400, 401, 403, 409, 413, 422, 503)},
    openapi_extra={"parameters": [_HEADER]},
)
async def create(
    request: Request,
    body: NewOrder,
    identity: Annotated[Identity, Depends(require("orders:create"))],
    key: Annotated[str, Depends(idempotency_key)],
) -> Response:
    """Place an order; a repeat with the same key and body gets the stored response."""
    state = request.app.state
    wish = Wish(user_of(identity), key, add_up([(line.sku, line.quantity) for line in body.lines]))
    result = await place(database_of(request), state.bus, wish, state.saga, state.pace)
    # After the commit, so that what was rolled back is not counted.
    metrics.orders.labels("replayed" if result.replayed else "placed").inc()
    # Relative, because only the gateway knows under which path this is published.
    headers = {"Location": f"orders/{result.order_id}"}
    if result.replayed:
        headers["Idempotent-Replayed"] = "true"
    return Response(result.body, 201, headers, "application/json")
