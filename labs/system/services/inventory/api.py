"""Inventory over HTTP: read the stock, and set it with the permission to.

Refuses reservations over HTTP: they come with an order, as events, so that none is lost when inventory is down.
"""

from typing import Annotated

from fastapi import APIRouter, Depends, Path, Query, Request
from pydantic import BaseModel, ConfigDict, Field
from sqlalchemy import Row, text

from chassis.database import Database
from chassis.identity.dependency import require
from chassis.numbers import WHOLE
from chassis.problems import Problem, responses

Sku = Annotated[str, Path(pattern=r"^[A-Z0-9][A-Z0-9-]{0,63}$", examples=["MUG-BLUE"])]
After = Annotated[str, Query(max_length=64, pattern=r"^[A-Z0-9-]*$", description="The last sku of the page before")]
Limit = Annotated[int, Query(ge=1, le=200)]

PAGE = text("SELECT sku, quantity, reserved FROM stock WHERE sku > :after ORDER BY sku LIMIT :limit")
ONE = text("SELECT sku, quantity, reserved FROM stock WHERE sku = :sku")
# One statement: nobody can reserve between a check and the write. It returns no row when the new quantity would
# not even cover what is already promised.
SET = text(
    "INSERT INTO stock (sku, quantity) VALUES (:sku, :quantity)"
    " ON CONFLICT (sku) DO UPDATE SET quantity = excluded.quantity WHERE stock.reserved <= excluded.quantity"
    " RETURNING sku, quantity, reserved"
)

router = APIRouter()


class Stock(BaseModel):
    """What there is of one sku: `quantity` is owned, `reserved` is promised, `available` can be ordered."""

    sku: str
    quantity: int
    reserved: int
    available: int


class StockPage(BaseModel):
    """A page of stock; `next` is the `after` of the page that follows, if any."""

    items: list[Stock]
    next: str | None


class NewQuantity(BaseModel):
    """How much is owned now, whatever part of it is promised."""

    model_config = ConfigDict(extra="forbid")

    quantity: Annotated[int, Field(ge=0, le=1_000_000_000), WHOLE]


@router.get("/stock", responses=responses(422, 503))
async def list_stock(request: Request, after: After = "", limit: Limit = 100) -> StockPage:
    """All stock by sku. Public like the catalogue: it says nothing about anybody's order."""
    async with _database(request).transaction() as connection:
        rows = (await connection.execute(PAGE, {"after": after, "limit": limit + 1})).all()
    items = [_stock(row) for row in rows[:limit]]
    return StockPage(items=items, next=items[-1].sku if len(rows) > limit else None)


@router.get("/stock/{sku}", responses=responses(404, 422, 503))
async def read_stock(request: Request, sku: Sku) -> Stock:
    """The stock of one sku."""
    async with _database(request).transaction() as connection:
        row = (await connection.execute(ONE, {"sku": sku})).first()
    if row is None:
        raise Problem(404, "No such sku")
    return _stock(row)


@router.put(
    "/stock/{sku}",
    responses=responses(400, 401, 403, 409, 413, 422, 503),
    dependencies=[Depends(require("inventory:write"))],
)
async def set_stock(request: Request, sku: Sku, new: NewQuantity) -> Stock:
    """Set how much of a sku is owned, new skus included."""
    async with _database(request).transaction() as connection:
        row = (await connection.execute(SET, {"sku": sku, "quantity": new.quantity})).first()
    if row is None:
        raise Problem(409, "Less than is reserved", detail="Orders hold more of this sku than the new quantity.")
    return _stock(row)


def _stock(row: Row[tuple[str, int, int]]) -> Stock:
    return Stock(sku=row.sku, quantity=row.quantity, reserved=row.reserved, available=row.quantity - row.reserved)


def _database(request: Request) -> Database:
    database: Database = request.app.state.database
    return database
