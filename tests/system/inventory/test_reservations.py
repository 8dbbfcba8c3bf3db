"""Reserving and releasing: all lines or none, never a unit twice, whatever comes twice, late or at the same time."""

from __future__ import annotations

import asyncio
import itertools
import random
import uuid
from collections.abc import Mapping
from uuid import UUID

import pytest
from sqlalchemy.exc import IntegrityError

from chassis.database import Database
from inventory.reservations import add_up, release, reserve
from tests.system.harness.tables import rows


async def take(database: Database, order_id: UUID, wanted: Mapping[str, int]) -> str:
    """Reserve in a transaction of its own; the status."""
    async with database.transaction() as connection:
        return (await reserve(connection, order_id, wanted)).status


async def give(database: Database, order_id: UUID) -> bool:
    """Release in a transaction of its own."""
    async with database.transaction() as connection:
        return await release(connection, order_id)


async def reserved(database: Database) -> dict[str, int]:
    """What is promised, by sku; the lines of live reservations always add up to it."""
    promised = {row["sku"]: row["reserved"] for row in await rows(database, "SELECT sku, reserved FROM stock")}
    held = await rows(
        database,
        "SELECT sku, CAST(sum(quantity) AS bigint) AS held FROM reservation_lines JOIN reservations USING (order_id)"
        " WHERE status = 'RESERVED' GROUP BY sku",
    )
    found = {sku: number for sku, number in promised.items() if number}
    assert found == {row["sku"]: row["held"] for row in held}
    return found


async def test_an_order_gets_all_its_lines_or_none(database: Database) -> None:
    """One sku short, or unknown, and nothing of the others is held; all that is missing is named."""
    assert await take(database, uuid.uuid4(), {"MUG-BLUE": 2, "STICKER": 1}) == "RESERVED"
    async with database.transaction() as connection:
        wanted = {"STICKER": 1, "LIMITED-PRINT": 6, "NO-SUCH": 1, "MUG-BLUE": 998}
        refused = await reserve(connection, uuid.uuid4(), wanted)
    assert (refused.status, refused.missing) == ("REJECTED", ("LIMITED-PRINT", "NO-SUCH"))
    assert await reserved(database) == {"MUG-BLUE": 2, "STICKER": 1}


async def test_a_rejection_stays_one(database: Database) -> None:
    """Stock that arrives later is for later orders: the same order hears the same answer."""
    order_id = uuid.uuid4()
    assert await take(database, order_id, {"LIMITED-PRINT": 6}) == "REJECTED"
    await rows(database, "UPDATE stock SET quantity = 100 WHERE sku = 'LIMITED-PRINT'")
    async with database.transaction() as connection:
        again = await reserve(connection, order_id, {"LIMITED-PRINT": 6})
    assert (again.status, again.missing) == ("REJECTED", ("LIMITED-PRINT",))
    assert not await give(database, order_id)
    assert await reserved(database) == {}


@pytest.mark.parametrize("sequence", sorted(set(itertools.permutations("rrRR"))), ids="".join)
async def test_repeats_and_sequence_make_no_difference(database: Database, sequence: tuple[str, ...]) -> None:
    """Reserve (r) and release (R), twice each in any sequence: nothing is held in the end."""
    order_id = uuid.uuid4()
    changed = 0
    for letter in sequence:
        if letter == "r":
            await take(database, order_id, {"STICKER": 3})
        else:
            changed += await give(database, order_id)
    assert await reserved(database) == {}
    assert changed == 1


async def test_a_release_that_came_first_wins(database: Database) -> None:
    """It leaves a tombstone, so that the reservation it overtook holds nothing for anybody."""
    order_id = uuid.uuid4()
    assert await give(database, order_id)
    assert await take(database, order_id, {"STICKER": 3}) == "CANCELLED"
    assert await reserved(database) == {}


async def test_one_last_unit_is_sold_once(database: Database) -> None:
    """Sixty orders at once for the last one: one has it."""
    await rows(database, "UPDATE stock SET quantity = 1 WHERE sku = 'LIMITED-PRINT'")
    answers = await asyncio.gather(*(take(database, uuid.uuid4(), {"LIMITED-PRINT": 1}) for _ in range(60)))
    assert sorted(answers) == ["REJECTED"] * 59 + ["RESERVED"]
    assert await reserved(database) == {"LIMITED-PRINT": 1}


async def test_one_order_at_once_holds_once(database: Database) -> None:
    """Twenty deliveries of one order at the same time: all are answered alike, its units are held once."""
    order_id = uuid.uuid4()
    answers = await asyncio.gather(*(take(database, order_id, {"STICKER": 3, "MUG-BLUE": 1}) for _ in range(20)))
    assert set(answers) == {"RESERVED"}
    assert await reserved(database) == {"MUG-BLUE": 1, "STICKER": 3}


async def test_a_reservation_and_its_release_at_once_hold_nothing(database: Database) -> None:
    """Whoever of the two commits first."""
    ids = [uuid.uuid4() for _ in range(30)]
    both = [take(database, one, {"STICKER": 1, "MUG-BLUE": 2}) for one in ids]
    await asyncio.gather(*both, *(give(database, one) for one in ids))
    assert await reserved(database) == {}


async def test_opposite_wishes_do_not_lock_each_other_out(database: Database) -> None:
    """Orders of the same skus in any sequence, mixed with their releases: none ends in a deadlock."""
    dice = random.Random(11)
    skus = ["TSHIRT-M", "MUG-BLUE", "STICKER", "HOODIE-L"]

    async def customer() -> None:
        for _ in range(6):
            order_id = uuid.uuid4()
            dice.shuffle(skus)
            await take(database, order_id, {sku: dice.randint(1, 3) for sku in skus})
            await give(database, order_id)

    await asyncio.gather(*(customer() for _ in range(15)))
    assert await reserved(database) == {}


async def test_what_there_is_is_sold_exactly(database: Database) -> None:
    """Many orders of several skus at once, some given back: never oversold, and what is left can still be sold."""
    dice = random.Random(5)
    await rows(database, "UPDATE stock SET quantity = 20")

    async def customer() -> None:
        order_id = uuid.uuid4()
        wanted = {sku: dice.randint(1, 3) for sku in dice.sample(["MUG-BLUE", "STICKER", "HOODIE-L"], 2)}
        if await take(database, order_id, wanted) == "RESERVED" and dice.random() < 0.5:
            await give(database, order_id)

    await asyncio.gather(*(customer() for _ in range(60)))
    left = {sku: 20 - number for sku, number in (await reserved(database)).items()}
    assert all(number >= 0 for number in left.values())
    for sku, number in left.items():
        if number:
            assert await take(database, uuid.uuid4(), {sku: number}) == "RESERVED"
        assert await take(database, uuid.uuid4(), {sku: 1}) == "REJECTED"


async def test_the_database_is_the_last_line_of_defence(database: Database) -> None:
    """Whatever code says, it refuses to promise more than there is, or to take back more than was promised."""
    for change in ("reserved = quantity + 1", "reserved = -1", "quantity = -1"):
        with pytest.raises(IntegrityError):
            await rows(database, f"UPDATE stock SET {change}")


def test_two_lines_of_one_sku_are_one_wish() -> None:
    """Each alone would fit, and both together oversell."""
    assert add_up([("STICKER", 3), ("MUG-BLUE", 1), ("STICKER", 3)]) == {"MUG-BLUE": 1, "STICKER": 6}
