"""The kinds `consul` and `promql`, against a real Consul and a real Prometheus in containers of their own."""

from __future__ import annotations

import asyncio
import secrets
import time
from collections.abc import Awaitable, Callable, Iterator
from pathlib import Path
from typing import Any

import docker
import httpx
import pytest
from docker.models.containers import Container

from processes.ports import free_ports
from tests.labs.checks.looking import Here, check, looked, unmet
from tutor.labs import asking
from tutor.labs.check import CannotLook, Observation
from tutor.labs.reach import Reach

CONFIGURATION = """
global: {scrape_interval: 1s, scrape_timeout: 1s, evaluation_interval: 1s}
rule_files: [rules.yml]
scrape_configs:
  - job_name: prometheus
    static_configs: [{targets: ["127.0.0.1:9090"], labels: {service: prometheus}}]
  - job_name: nobody
    static_configs: [{targets: ["127.0.0.1:9"], labels: {service: nobody}}]
"""

RULES = """
groups:
  - name: tests
    rules:
      - {record: "service:up:max", expr: "max by (service) (up)"}
      - alert: Down
        expr: up == 0
        labels: {severity: critical}
        annotations: {summary: "{{ $labels.service }} is down"}
      - {alert: Quiet, expr: "up > 5", for: 90s}
"""


def _run(image: str, command: list[str], port: int, ready: str, **more: Any) -> Iterator[tuple[Container, str]]:
    """A container with its port on this machine; it is gone afterwards."""
    client = docker.from_env()
    (outside,) = free_ports(1)
    name = f"tutor-kinds-{secrets.token_hex(4)}"
    made = client.containers.run(
        image, command, detach=True, name=name, ports={f"{port}/tcp": ("127.0.0.1", outside)}, **more
    )
    try:
        _wait(f"http://127.0.0.1:{outside}{ready}", made)
        yield made, f"127.0.0.1:{outside}"
    finally:
        made.remove(force=True, v=True)
        client.close()


def _wait(url: str, container: Container) -> None:
    for _ in range(300):
        try:
            answer = httpx.get(url, timeout=1, trust_env=False)
            if answer.status_code == 200 and answer.text.strip() not in ("", '""'):
                return
        except httpx.HTTPError:
            pass
        time.sleep(0.1)
    raise AssertionError(f"{url} never answered: {container.logs().decode()[-1000:]}")


@pytest.fixture(scope="module")
def consul_container() -> Iterator[tuple[Container, str]]:
    """An agent in development mode."""
    command = ["agent", "-dev", "-client", "0.0.0.0"]
    variables = {"CONSUL_DISABLE_PERM_MGMT": "1"}
    yield from _run("hashicorp/consul:1.20", command, 8500, "/v1/status/leader", environment=variables)


@pytest.fixture(scope="module")
def prometheus_container(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Container, str]]:
    """A Prometheus that scrapes itself and somebody who is not there."""
    folder: Path = tmp_path_factory.mktemp("prometheus")
    folder.chmod(0o755)
    (folder / "prometheus.yml").write_text(CONFIGURATION)
    (folder / "rules.yml").write_text(RULES)
    volumes = {str(folder): {"bind": "/etc/prometheus", "mode": "ro"}}
    command = ["--config.file=/etc/prometheus/prometheus.yml", "--storage.tsdb.path=/prometheus"]
    yield from _run("prom/prometheus:v2.53.3", command, 9090, "/-/ready", volumes=volumes)


@pytest.fixture
def consul(here: Here, consul_container: tuple[Container, str]) -> Iterator[httpx.Client]:
    """A client of the lab's Consul."""
    here.addresses["consul.http"] = consul_container[1]
    with httpx.Client(base_url=f"http://{consul_container[1]}", trust_env=False) as client:
        yield client


@pytest.fixture
def prometheus(here: Here, prometheus_container: tuple[Container, str]) -> Container:
    """The lab's Prometheus."""
    here.addresses["prometheus.http"] = prometheus_container[1]
    return prometheus_container[0]


async def once(look: Callable[[], Awaitable[Observation]], expect: dict[str, Any]) -> Observation:
    """The first look of which this holds; scrapes and evaluations take their second."""
    async with asyncio.timeout(30):
        while unmet(expect, seen := await look()):
            await asyncio.sleep(0.2)
    return seen


def register(client: httpx.Client, service: str, number: int, *, passing: bool = True, checked: bool = True) -> None:
    """One instance of a service."""
    body: dict[str, Any] = {"ID": f"{service}-{number}", "Name": service, "Address": f"10.0.0.{number}", "Port": 8000}
    body |= {"Tags": [f"v{number}"], "Meta": {"scheme": "http"}}
    if checked:
        body["Check"] = {"TTL": "10m", "Status": "passing" if passing else "critical"}
    client.put("/v1/agent/service/register", json=body).raise_for_status()


@pytest.mark.docker
class TestConsul:
    """The registry."""

    async def test_it_passes_and_fails_by_who_is_registered(self, consul: httpx.Client, reach: Reach) -> None:
        """How many instances there are, how many pass, and each with its checks."""
        register(consul, "orders", 1)
        register(consul, "orders", 2)
        register(consul, "orders", 3, passing=False)
        seen = await looked(reach, "consul", service="orders")
        right: dict[str, Any] = {
            "exists": True,
            "total": 3,
            "passing": 2,
            "tags": ["v1", "v2", "v3"],
            "instances": {
                "contains_all": [
                    {
                        "id": "orders-1",
                        "address": "10.0.0.1",
                        "port": 8000,
                        "status": "passing",
                        "meta": {"scheme": "http"},
                    },
                    {"id": "orders-3", "status": "critical", "checks": {"len": 1}},
                ]
            },
            "checks": {"len": 3},
        }
        assert unmet(right, seen) == []
        assert unmet({"passing": 3, "total": {"lt": 3}}, seen) == ["passing", "total"]

    async def test_registering_without_a_check_shows(self, consul: httpx.Client, reach: Reach) -> None:
        """Consul's own check of the node is not taken for one of the service."""
        register(consul, "careless", 1, checked=False)
        seen = await looked(reach, "consul", service="careless")
        assert unmet({"passing": 1, "checks": {"empty": True}}, seen) == []

    async def test_an_unknown_service_is_something_seen(self, consul: httpx.Client, reach: Reach) -> None:
        """The learner has yet to register it."""
        seen = await looked(reach, "consul", service="nobody")
        assert unmet({"exists": False, "total": 0, "passing": 0, "instances": {"empty": True}}, seen) == []

    async def test_a_value_by_its_key(self, consul: httpx.Client, reach: Reach) -> None:
        """As text; a key that is missing is something seen."""
        consul.put("/v1/kv/config/orders/limit", content=b"20").raise_for_status()
        reach.variables["service"] = "orders"
        assert unmet({"value": "20"}, await looked(reach, "consul", key="config/${service}/limit")) == []
        assert unmet({"exists": False, "value": None}, await looked(reach, "consul", key="config/none")) == []

    async def test_nothing_is_changed(self, consul: httpx.Client, reach: Reach) -> None:
        """A look leaves the registry as it was."""
        register(consul, "still", 1)
        before = [consul.get(path).json() for path in ("/v1/agent/services", "/v1/agent/checks")]
        await looked(reach, "consul", service="still")
        assert [consul.get(path).json() for path in ("/v1/agent/services", "/v1/agent/checks")] == before

    async def test_a_paused_consul_is_an_error(
        self,
        consul: httpx.Client,
        consul_container: tuple[Container, str],
        reach: Reach,
        monkeypatch: pytest.MonkeyPatch,
    ) -> None:
        """One that accepts and never answers ends the look."""
        monkeypatch.setattr(asking, "TOOL_SECONDS", 0.5)
        consul_container[0].pause()
        try:
            with pytest.raises(CannotLook, match="consul gave no answer"):
                await looked(reach, "consul", service="orders")
        finally:
            consul_container[0].unpause()


@pytest.mark.docker
class TestPromql:
    """Metrics, rules, alerts and targets."""

    async def test_it_passes_and_fails_by_what_is_measured(self, prometheus: Container, reach: Reach) -> None:
        """A single series has a value; several are a vector; none is no zero."""
        seen = await once(lambda: looked(reach, "promql", query='up{service="prometheus"}'), {"value": 1})
        labels = {"service": "prometheus", "job": "prometheus"}
        assert unmet({"count": 1, "exists": True, "vector": {"contains": {"labels": labels, "value": 1}}}, seen) == []
        assert unmet({"value": 0}, seen) == ["value"]
        several = await once(lambda: looked(reach, "promql", query="up"), {"count": 2})
        assert unmet({"value": None, "vector": {"each": {"value": {"in": [0, 1]}}}}, several) == []
        none = await looked(reach, "promql", query="nothing_of_this_name")
        assert unmet({"exists": False, "count": 0, "value": None, "vector": {"empty": True}}, none) == []
        assert unmet({"value": 0}, none) == ["value"]

    async def test_numbers_that_are_none_are_nothing(self, prometheus: Container, reach: Reach) -> None:
        """A ratio of nothing to nothing is no number; a scalar is one."""
        reach.variables["p95"] = 250
        assert unmet({"value": 0.5}, await looked(reach, "promql", query="scalar(vector(125)) / ${p95}")) == []
        assert unmet({"value": None, "exists": True}, await looked(reach, "promql", query="vector(0) / 0")) == []
        infinite = await looked(reach, "promql", query="vector(1) / 0")
        assert unmet({"value": {"gt": 10**9}}, infinite) == []

    async def test_a_range_has_its_extremes(self, prometheus: Container, reach: Reach) -> None:
        """What a value was all the time; a gap is none of its values."""
        asked = {"query": 'up{service="prometheus"}', "last": "5s", "step": "1s"}
        seen = await once(lambda: looked(reach, "promql", range=asked), {"count": 1, "min": 1, "max": 1, "value": 1})
        assert unmet({"series": {"contains": {"labels": {"job": "prometheus"}, "min": 1}}}, seen) == []
        assert unmet({"max": {"gt": 1}}, seen) == ["max"]

    async def test_an_alert_fires(self, prometheus: Container, reach: Reach) -> None:
        """With its labels; one that is loaded and silent is inactive; one that is not loaded does not exist."""
        seen = await once(lambda: looked(reach, "promql", alert="Down"), {"state": "firing", "firing": 1})
        right = {
            "exists": True,
            "active": {"contains": {"labels": {"service": "nobody", "severity": "critical"}, "state": "firing"}},
            "annotations": {"summary": {"contains": "is down"}},
            "labels": {"severity": "critical"},
            "expression": "up == 0",
            "for_seconds": 0,
            "health": "ok",
        }
        assert unmet(right, seen) == []
        quiet = await looked(reach, "promql", alert="Quiet")
        assert unmet({"exists": True, "state": "inactive", "firing": 0, "for_seconds": 90}, quiet) == []
        assert unmet({"exists": False, "firing": 0}, await looked(reach, "promql", alert="Other")) == []

    async def test_a_recording_rule_is_loaded(self, prometheus: Container, reach: Reach) -> None:
        """By its name, with what it computes."""
        seen = await looked(reach, "promql", rule="service:up:max")
        assert unmet({"exists": True, "expression": "max by (service) (up)"}, seen) == []
        assert unmet({"exists": False}, await looked(reach, "promql", rule="service:down:max")) == []

    async def test_targets_are_scraped_or_not(self, prometheus: Container, reach: Reach) -> None:
        """By their labels, with why not."""
        seen = await once(lambda: looked(reach, "promql", targets={}), {"count": 2, "up": 1})
        broken = {"labels": {"service": "nobody"}, "health": "down", "error": {"contains": "refused"}}
        assert unmet({"targets": {"contains": broken}}, seen) == []
        assert unmet({"count": 1, "up": 0}, await looked(reach, "promql", targets={"service": "nobody"})) == []

    async def test_a_question_that_is_none_is_an_error(self, prometheus: Container, reach: Reach) -> None:
        """It is the lab's, and says what Prometheus says."""
        with pytest.raises(CannotLook, match=r"does not take the question: .*parse error"):
            await looked(reach, "promql", query="rate(")

    async def test_the_command_can_be_pasted(self, prometheus: Container, reach: Reach) -> None:
        """curl, with the query encoded by curl itself."""
        seen = await looked(reach, "promql", query='up{service="orders"}')
        place = f"{reach.url('prometheus')}/api/v1/query"
        assert seen.command == f"curl -s -G {place} --data-urlencode 'query=up{{service=\"orders\"}}'"

    async def test_a_paused_prometheus_is_an_error(
        self, prometheus: Container, reach: Reach, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """One that accepts and never answers ends the look."""
        monkeypatch.setattr(asking, "TOOL_SECONDS", 0.5)
        prometheus.pause()
        try:
            with pytest.raises(CannotLook, match="prometheus gave no answer"):
                await looked(reach, "promql", query="up")
        finally:
            prometheus.unpause()


@pytest.mark.parametrize(
    ("kind", "keys"),
    [
        ("consul", {}),
        ("consul", {"service": "a", "key": "b"}),
        ("promql", {}),
        ("promql", {"query": "up", "alert": "A"}),
        ("promql", {"range": {"query": "up", "last": "120m"}}),
        ("promql", {"range": {"query": "up", "last": "60m", "step": "1s"}}),
    ],
)
def test_a_mistake_is_named(kind: str, keys: dict[str, Any]) -> None:
    """One question at a time, and none that takes an hour to answer."""
    with pytest.raises(ValueError, match=r"one thing|too long or too fine"):
        check(kind, **keys)
