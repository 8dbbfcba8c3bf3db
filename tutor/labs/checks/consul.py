"""Asks Consul. Refuses to register, deregister or write anything.

    kind: consul
    service: orders
    expect: {passing: 2, total: 3, instances: {contains: {status: critical}}}
    eventually: {within: 15s}

`key: config/orders/limit` asks for a value of the key-value store.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, ClassVar, Literal, Self
from urllib.parse import quote

from pydantic import StringConstraints, model_validator

from tutor.labs.asking import ask, understood, within
from tutor.labs.check import CannotLook, Check, Observation
from tutor.labs.matching import shown
from tutor.labs.reach import Reach

PART = "consul"
_WORST = ("critical", "maintenance", "warning", "passing")

Name = Annotated[str, StringConstraints(min_length=1, max_length=200)]


class ConsulCheck(Check):
    """A service as the registry knows it, or a key."""

    VALUES: ClassVar[Mapping[str, str]] = {
        "exists": "whether Consul knows the service, or the key",
        "total": "how many instances are registered",
        "passing": "how many of them pass every check, as `?passing` would give",
        "instances": "each instance: id, address, port, tags, meta, status, checks",
        "checks": "the health checks of all instances: id, name, status, output, type, definition",
        "tags": "the tags of any instance, sorted",
        "value": "the value of the key as text, nothing when there is none",
    }

    kind: Literal["consul"]
    service: Name | None = None
    key: Name | None = None

    @model_validator(mode="after")
    def _one_question(self) -> Self:
        if (self.service is None) == (self.key is None):
            raise ValueError("ask for one thing: `service` or `key`")
        return self

    async def look(self, reach: Reach) -> Observation:
        """Ask once."""
        if self.service is not None:
            path = f"/v1/health/service/{quote(str(reach.filled(self.service)), safe='')}"
            data = await _asked(reach, path)
            with understood(PART):
                values = _service(data)
        else:
            path = f"/v1/kv/{quote(str(reach.filled(self.key)))}?raw"
            async with within(self.look_seconds - 0.5, PART, PART):
                answer = await ask(reach, PART, path)
            found = answer.status == 200
            values = {"exists": found, "value": answer.text if found else None}
        return Observation(values, reach.hiding().command("curl", "-s", reach.url(PART) + path), shown(values))


async def _asked(reach: Reach, path: str) -> Any:
    answer = await ask(reach, PART, path)
    if answer.status != 200 or not isinstance(answer.data, list):
        raise CannotLook(f"{PART} answered something that is not its API (HTTP {answer.status})", PART)
    return answer.data


def _service(data: list[Mapping[str, Any]]) -> dict[str, Any]:
    instances = [_instance(one) for one in data]
    return {
        "exists": bool(instances),
        "total": len(instances),
        "passing": sum(one["status"] == "passing" for one in instances),
        "instances": instances,
        "checks": [check for one in instances for check in one["checks"]],
        "tags": sorted({tag for one in instances for tag in one["tags"]}),
    }


def _instance(data: Mapping[str, Any]) -> dict[str, Any]:
    service, node = data["Service"], data.get("Node") or {}
    statuses = {check["Status"] for check in data["Checks"]}
    return {
        "id": service["ID"],
        "address": service["Address"] or node.get("Address", ""),
        "port": service["Port"],
        "tags": list(service.get("Tags") or ()),
        "meta": dict(service.get("Meta") or {}),
        "status": next((one for one in _WORST if one in statuses), "passing"),
        # The node's own check says nothing about a service: whoever registers without a check has none here.
        "checks": [_check(one) for one in data["Checks"] if one.get("ServiceID")],
    }


def _check(data: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "id": data["CheckID"],
        "name": data["Name"],
        "status": data["Status"],
        "output": str(data.get("Output", ""))[:500],
        "type": data.get("Type") or None,
        "definition": dict(data.get("Definition") or {}),
    }
