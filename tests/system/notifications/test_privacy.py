"""No whole address in any log, whatever goes wrong: logs are read by more people than addresses are meant for."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from io import StringIO

import pytest

from chassis.events import topology
from chassis.logs import JsonHandler
from tests.system.messaging.waiting import until
from tests.system.notifications.conftest import Running, Say, Sql
from tests.system.notifications.people import confirmed, mail, somebody


@pytest.fixture
def log() -> Iterator[StringIO]:
    """Everything that is logged, as the service would print it."""
    stream = StringIO()
    handler = JsonHandler("notifications", "test", stream)
    root = logging.getLogger()
    level = root.level
    root.addHandler(handler)
    root.setLevel(logging.INFO)
    yield stream
    root.setLevel(level)
    root.removeHandler(handler)


async def test_no_address_is_logged(shop: Running, say: Say, sql: Sql, log: StringIO) -> None:
    """Sent, rejected, failed until it is a dead letter, refused at once: the log tells all of it and no address."""
    ada, bob, eve = somebody(phone=True, device=True), somebody(), somebody()
    await shop.behave("email", poison_recipients=[bob.email], unknown_recipients=[eve.email])
    for user in (ada, bob, eve):
        await say(user)
    await say(confirmed(ada.user_id))
    await say(mail(ada).model_copy(update={"template": "advertising"}))
    await until(lambda: sql("SELECT 1 WHERE (SELECT count(*) FROM notifications WHERE status <> 'PENDING') = 7"))
    await until(lambda: sql("SELECT 1 FROM notifications WHERE attempts = $1", len(topology.RETRY_DELAYS) + 1))
    await until(lambda: log.getvalue().count("to the dead letters") == 2)
    text = log.getvalue()
    for said in ("notification SENT", "notification REJECTED", "notification FAILED", "NotSent"):
        assert said in text
    for address in (ada.email, (ada.phone or "").replace(" ", ""), ada.phone, ada.device, bob.email, eve.email):
        assert str(address) not in text


async def test_a_statement_that_fails_logs_no_values(shop: Running, say: Say, sql: Sql, log: StringIO) -> None:
    """The database refuses a row: the traceback names the statement, not whose address was in it."""
    await sql("ALTER TABLE recipients ADD CONSTRAINT nobody CHECK (name <> 'Ada')")
    ada = somebody()
    await say(ada)
    await until(lambda: "to the dead letters" in log.getvalue())
    assert "INSERT INTO recipients" in log.getvalue()
    assert ada.email not in log.getvalue()
