"""What is sold.  Refuses changes: the catalogue is seeded, and prices are nobody's input."""

from __future__ import annotations

from fastapi import APIRouter, Request, Response

from chassis.problems import responses
from orders import reading
from orders.routes.access import database_of
from orders.routes.schemas import Products
from orders.views import as_json

router = APIRouter(tags=["products"])


@router.get("/products", response_model=Products, responses=responses(503))
async def products(request: Request) -> Response:
    """All products.  Open to everybody: one looks before one registers."""
    async with database_of(request).transaction() as connection:
        rows = await reading.products(connection)
    return Response(as_json({"items": [dict(row) for row in rows]}), media_type="application/json")
