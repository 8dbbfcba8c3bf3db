"""What the tests of the chassis share. Refuses settings from the shell that runs them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from chassis.settings import ServiceKeySettings, ServiceSettings
from processes.ports import free_ports


class Settings(ServiceSettings, ServiceKeySettings):
    """A service with an HTTP side and a key of its own."""


@pytest.fixture
def make_settings(monkeypatch: pytest.MonkeyPatch) -> Callable[..., Settings]:
    """Settings with free ports on the loopback address, and what the test changes."""
    for name in Settings.model_fields:
        monkeypatch.delenv(name.upper(), raising=False)

    def make(**changed: Any) -> Settings:
        port, ops_port = free_ports(2)
        given = {"host": "127.0.0.1", "port": port, "ops_port": ops_port, "instance_id": "one", **changed}
        return Settings(**given)

    return make
