"""Dead letters from the command line: the saga's subscriptions have no endpoint, and a person brings them back."""

from __future__ import annotations

import sys

import pytest

from chassis.events import replay
from chassis.events.bus import Permanent
from processes.ports import free_ports
from tests.system.messaging.brokers import Broker
from tests.system.messaging.conftest import Join
from tests.system.messaging.events import SAGA, Seen, released
from tests.system.messaging.waiting import until


async def test_letters_are_counted_and_given_back(
    broker: Broker, join: Join, capsys: pytest.CaptureFixture[str]
) -> None:
    """Counting moves nothing; giving back takes the oldest, as many as are asked for, and they are handled."""
    no = Permanent("not yet")
    seen = Seen(no, no)
    bus = await join({SAGA: seen})
    await bus.publish([released()])
    await until(lambda: bus.dead_letters(SAGA))
    await bus.publish([released()])

    async def both() -> bool:
        return await bus.dead_letters(SAGA) == 2

    await until(both)
    assert await replay.run(broker.url, None, 100) == 0
    assert f"{SAGA}: 2 dead letters\n" in capsys.readouterr().out
    assert await replay.run(broker.url, SAGA, 1) == 0
    assert capsys.readouterr().out == f"{SAGA}: 1 given back\n{SAGA}: 1 dead letters\n"
    await until(lambda: len(seen.events) == 3)
    assert seen.ids()[2] == seen.ids()[0]


async def test_without_a_broker_it_says_so(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    """It gives up, with an exit code that a script can see, and shows no password."""
    monkeypatch.setattr(replay, "PATIENCE", 0.3)
    (port,) = free_ports(1)
    for scheme in ("redis", "amqp"):
        assert await replay.run(f"{scheme}://shop:hidden@127.0.0.1:{port}/1", SAGA, 1) == 2
        said = capsys.readouterr()
        assert "does not answer" in said.err
        assert "hidden" not in said.err + said.out


def test_only_what_the_topology_names_can_be_replayed(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A misspelt subscription is an error that lists the real ones."""
    monkeypatch.setattr(sys, "argv", ["replay", "orders.sagas"])
    with pytest.raises(SystemExit) as ended:
        replay.main()
    assert ended.value.code == 2
    assert SAGA in capsys.readouterr().err
