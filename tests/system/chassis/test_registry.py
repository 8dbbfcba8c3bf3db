"""Consul is told where an instance is, for as long as it is there, and is never depended upon."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from typing import Any

import pytest
from aiohttp import ClientTimeout, web

from chassis.registry import ConsulRegistration, registration
from processes.ports import free_ports
from tests.system.chassis.conftest import Settings
from tests.system.messaging.waiting import until


class Agent:
    """As much of Consul's agent as a service talks to."""

    def __init__(self) -> None:
        self.services: dict[str, dict[str, Any]] = {}
        self.registrations = 0
        self.status = 200
        self.hang = False
        self._over = asyncio.Event()
        (self.port,) = free_ports(1)
        self._runner: web.AppRunner | None = None

    @property
    def url(self) -> str:
        """Where it listens."""
        return f"http://127.0.0.1:{self.port}"

    async def start(self) -> None:
        """Begin to listen."""
        app = web.Application()
        app.router.add_route("*", "/v1/agent/service/{rest:.*}", self._answer)
        self._runner = web.AppRunner(app, shutdown_timeout=0)
        await self._runner.setup()
        await web.TCPSite(self._runner, "127.0.0.1", self.port).start()

    async def stop(self) -> None:
        """Be gone."""
        self._over.set()
        if self._runner:
            await self._runner.cleanup()

    async def _answer(self, request: web.Request) -> web.Response:
        what, _, which = request.match_info["rest"].partition("/")
        if self.hang:
            await self._over.wait()
        if self.status != 200:
            return web.Response(status=self.status)
        if request.method == "GET":
            known = self.services.get(what)
            if known is None:
                return web.Response(status=404)
            return web.json_response({"ID": known["ID"], "Address": known["Address"], "Port": known["Port"]})
        if what == "register":
            body = await request.json()
            self.services[body["ID"]] = body
            self.registrations += 1
        else:
            self.services.pop(which, None)
        return web.Response()


@pytest.fixture
async def agent() -> AsyncIterator[Agent]:
    """An agent that listens."""
    made = Agent()
    await made.start()
    yield made
    await made.stop()


@pytest.fixture
async def instance(
    agent: Agent, make_settings: Callable[..., Settings]
) -> AsyncIterator[Callable[..., ConsulRegistration]]:
    """Makes registrations; what is left of them ends with the test."""
    made: list[ConsulRegistration] = []

    def make(**settings: Any) -> ConsulRegistration:
        made.append(ConsulRegistration("orders", make_settings(consul_url=agent.url, **settings), every=0.02))
        return made[-1]

    yield make
    for one in made:
        await one.stop()


Make = Callable[..., ConsulRegistration]


async def test_it_registers_once_and_leaves(agent: Agent, instance: Make) -> None:
    """Asked again and again it is known, so it is not registered again; when it stops it is gone."""
    one = instance(advertise_url="http://10.0.0.7:8001")
    await one.start()
    await until(lambda: agent.services)
    await asyncio.sleep(0.1)
    assert agent.registrations == 1
    assert agent.services["orders-one"]["Address"] == "10.0.0.7"
    await one.stop()
    assert agent.services == {}


async def test_an_agent_that_forgot_is_told_again(agent: Agent, instance: Make) -> None:
    """It restarts with an empty memory; nobody has to restart the services for that."""
    await instance().start()
    await until(lambda: agent.services)
    agent.services.clear()
    await until(lambda: agent.services)


async def test_an_old_address_is_corrected(agent: Agent, instance: Make) -> None:
    """Killed and started again elsewhere under the same name: the registry must not send traffic to the old place."""
    agent.services["orders-one"] = {"ID": "orders-one", "Address": "10.0.0.1", "Port": 1}
    await instance(advertise_url="http://10.0.0.7:8001").start()
    await until(lambda: agent.services["orders-one"]["Address"] == "10.0.0.7")


async def test_an_older_check_is_replaced(agent: Agent, instance: Make) -> None:
    """The process before this one registered the same address without a check: a new version brings its own."""
    one = instance(advertise_url="http://10.0.0.7:8001")
    agent.services["orders-one"] = {"ID": "orders-one", "Address": "10.0.0.7", "Port": 8001}
    await one.start()
    await until(lambda: "Check" in agent.services["orders-one"])


async def test_an_agent_that_is_down_holds_up_nothing(
    agent: Agent, instance: Make, caplog: pytest.LogCaptureFixture
) -> None:
    """start() returns, it is said once, and the instance is registered when the agent comes."""
    caplog.set_level("INFO", "chassis.registry")
    await agent.stop()
    one = instance()
    await one.start()
    await until(lambda: "cannot register" in caplog.text)
    await asyncio.sleep(0.1)
    assert caplog.text.count("cannot register") == 1
    await agent.start()
    await until(lambda: agent.services)
    await agent.stop()
    await one.stop()
    assert "cannot deregister" in caplog.text


@pytest.mark.parametrize("trouble", ["hang", "500"])
async def test_an_agent_in_trouble_holds_up_nothing(
    agent: Agent, instance: Make, monkeypatch: pytest.MonkeyPatch, trouble: str
) -> None:
    """It hangs, or fails: each question has its time, and stopping does not wait for an answer for ever."""
    monkeypatch.setattr("chassis.registry.CALL_TIMEOUT", ClientTimeout(total=0.1))
    agent.hang, agent.status = trouble == "hang", 200 if trouble == "hang" else 500
    one = instance()
    await one.start()
    await asyncio.sleep(0.1)
    assert agent.services == {}
    async with asyncio.timeout(30):
        await one.stop()


def test_what_consul_is_told(make_settings: Callable[..., Settings]) -> None:
    """The business port to call; readiness, on the ops port, to decide."""
    told = registration("orders", make_settings(port=8000, ops_port=9000, instance_id="orders-1"))
    assert (told["ID"], told["Name"], told["Address"], told["Port"]) == ("orders-orders-1", "orders", "orders-1", 8000)
    assert told["Check"]["HTTP"] == "http://orders-1:9000/health/ready"
    assert told["Meta"] == {"scheme": "http"}


@pytest.mark.parametrize(
    ("advertised", "address", "port", "check"),
    [
        ("http://10.0.0.7:8001", "10.0.0.7", 8001, "http://10.0.0.7:9000/health/ready"),
        ("https://orders.internal", "orders.internal", 8000, "http://orders.internal:9000/health/ready"),
        ("http://[::1]:8001", "::1", 8001, "http://[::1]:9000/health/ready"),
    ],
)
def test_another_address_can_be_advertised(
    make_settings: Callable[..., Settings], advertised: str, address: str, port: int, check: str
) -> None:
    """What others can reach is not always what the process knows of itself."""
    told = registration("orders", make_settings(port=8000, ops_port=9000, advertise_url=advertised))
    assert (told["Address"], told["Port"], told["Check"]["HTTP"]) == (address, port, check)
