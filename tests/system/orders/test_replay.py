"""The projections can be thrown away: `python -m orders.replay` makes them again from the history."""

from __future__ import annotations

import asyncio
import os
import random
import subprocess
import sys
import uuid
from pathlib import Path
from typing import Any
from uuid import UUID

from chassis.database import Database
from orders.model import Saga
from orders.replay import replay
from tests.system.harness.tables import rows
from tests.system.orders.shop import (
    BY_USER,
    CAPTURED,
    DECLINED,
    REFUNDED,
    REJECTED,
    RELEASED,
    RESERVED,
    new_order,
    tell,
)

NEWS = [RESERVED, REJECTED, RELEASED, CAPTURED, DECLINED, REFUNDED, BY_USER]
SERVICES = Path(__file__).resolve().parents[3] / "labs/system/services"
RIGHT: dict[str, list[UUID]] = {"orders": [], "user_order_totals": []}


async def projections(database: Database) -> list[Any]:
    """Everything that serves reads."""
    orders = await rows(database, "SELECT *, CAST(lines AS text) AS lines FROM orders ORDER BY id")
    return [orders, await rows(database, "SELECT * FROM user_order_totals ORDER BY user_id")]


async def some_orders(database: Database, dice: random.Random, number: int) -> list[UUID]:
    """Orders of three customers, each told some news."""
    customers = [uuid.uuid4() for _ in range(3)]
    made = []
    for _ in range(number):
        made.append(await new_order(database, dice.choice(list(Saga)), dice.choice(customers)))
        await tell(database, made[-1], *dice.choices(NEWS, k=dice.randint(1, 6)))
    return made


async def run(database: Database, *, write: bool) -> dict[str, list[UUID]]:
    """Replay over a connection of its own, as the command does."""
    async with database.session(statement_timeout="0") as connection:
        return await replay(connection, write=write)


async def test_what_is_projected_is_what_the_history_says(database: Database) -> None:
    """After any news, replaying everything finds nothing to mend and leaves every row as it is."""
    await some_orders(database, random.Random(1), 40)
    before = await projections(database)
    assert await run(database, write=True) == RIGHT
    assert await projections(database) == before


async def test_damaged_projections_are_found_and_mended(database: Database) -> None:
    """A changed row, a lost one, an invented one and wrong sums: all are named, and only `write` changes them."""
    changed, lost, *_ = await some_orders(database, random.Random(2), 12)
    sound = await projections(database)
    invented, customer = uuid.uuid4(), sound[1][0]["user_id"]
    await rows(
        database, "UPDATE orders SET status = 'CANCELLED', reason = 'x', total_cents = 1 WHERE id = :id", id=changed
    )
    await rows(
        database,
        "INSERT INTO orders SELECT (jsonb_populate_record(orders, jsonb_build_object('id', CAST(:new AS text)))).*"
        " FROM orders WHERE id = :lost",
        new=str(invented),
        lost=lost,
    )
    await rows(database, "DELETE FROM orders WHERE id = :id", id=lost)
    await rows(database, "UPDATE user_order_totals SET spent_cents = 7 WHERE user_id = :id", id=customer)
    damaged = await projections(database)

    wrong = await run(database, write=False)
    assert set(wrong["orders"]) == {changed, lost, invented}
    assert wrong["user_order_totals"] == [customer]
    assert await projections(database) == damaged
    assert await run(database, write=True) == wrong
    assert await projections(database) == sound
    assert await run(database, write=False) == RIGHT


async def test_emptied_projections_come_back(database: Database) -> None:
    """Nothing but the history is needed."""
    await some_orders(database, random.Random(3), 12)
    sound = await projections(database)
    await rows(database, "TRUNCATE orders, user_order_totals")
    await run(database, write=True)
    assert await projections(database) == sound


async def test_orders_go_on_while_their_history_is_replayed(database: Database) -> None:
    """Orders that are placed and change meanwhile are neither lost nor set back."""
    await some_orders(database, random.Random(4), 20)
    await rows(database, "UPDATE orders SET currency = 'XXX'")
    going = [asyncio.create_task(some_orders(database, random.Random(seed), 12)) for seed in range(4)]
    while not all(task.done() for task in going):
        await run(database, write=True)
    await asyncio.gather(*going)
    assert await run(database, write=False) == RIGHT
    assert await rows(database, "SELECT 1 FROM orders WHERE currency = 'XXX'") == []


def command(url: str, *arguments: str) -> tuple[int, str]:
    """The command line: its exit code, and what it says."""
    done = subprocess.run(
        [sys.executable, "-m", "orders.replay", *arguments],
        env={**os.environ, "DATABASE_URL": url},
        cwd=SERVICES,
        capture_output=True,
        text=True,
        check=False,
    )
    return done.returncode, done.stdout + done.stderr


async def test_the_command_tells_before_it_writes(database: Database, postgres_url: str) -> None:
    """1 while something is wrong, 0 when it was mended or is right; 2, and nothing changed, when nobody answers."""
    order_id = await new_order(database)
    assert await asyncio.to_thread(command, postgres_url) == (
        0,
        "orders: as its history says\nuser_order_totals: as its history says\n",
    )
    await rows(database, "UPDATE orders SET stock = 'RELEASED'")
    code, said = await asyncio.to_thread(command, postgres_url)
    assert (code, said.splitlines()[:2]) == (1, ["orders: 1 wrong", f"  {order_id}"])
    code, said = await asyncio.to_thread(command, postgres_url, "--write")
    assert (code, said.splitlines()[0]) == (0, "orders: 1 wrong, mended")
    assert await run(database, write=False) == RIGHT
    code, said = await asyncio.to_thread(command, "postgresql+asyncpg://u:secret@127.0.0.1:9/none")
    assert (code, "Traceback" in said, "secret" in said) == (2, False, False)
