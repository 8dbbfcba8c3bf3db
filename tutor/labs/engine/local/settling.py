"""Waits until services have told the broker what they listen to: they are ready before that, and a message would find
no queue. Refuses to wait for long: a service whose code is wrong may never do it.
"""

from __future__ import annotations

import base64
import json
import time
from collections.abc import Mapping, Sequence
from http.client import HTTPConnection, HTTPException

from tutor.labs import ending

SECONDS, PAUSE = 20.0, 0.7
LISTENERS = frozenset({"users", "orders", "inventory", "payments", "notifications"})


def settle(parts: Sequence[str], addresses: Mapping[str, str], password: str) -> None:
    """Wait until RabbitMQ has queues and gets no more of them, where this plan has somebody who declares some."""
    address = addresses.get("rabbitmq.http")
    if address is None or not LISTENERS & set(parts):
        return
    deadline, before, now = time.monotonic() + SECONDS, -1, 0
    while not now == before > 0 and time.monotonic() < deadline:
        ending.listen()
        time.sleep(PAUSE)
        before, now = now, _queues(address, password)


def _queues(address: str, password: str) -> int:
    """How many there are; none when the broker does not say."""
    host, _, port = address.rpartition(":")
    connection = HTTPConnection(host, int(port), timeout=5)
    login = base64.b64encode(f"shop:{password}".encode()).decode()
    try:
        connection.request("GET", "/api/queues/shop", headers={"Authorization": f"Basic {login}"})
        answer = connection.getresponse()
        return len(json.loads(answer.read())) if answer.status == 200 else 0
    except (OSError, HTTPException, ValueError):
        return 0
    finally:
        connection.close()
