"""A machine without an engine or images: the run fails and says what to do. Nothing here needs an engine."""

from __future__ import annotations

import pytest

from tests.system.harness.compose import engine


def test_a_missing_engine_is_a_failure_with_advice(monkeypatch: pytest.MonkeyPatch) -> None:
    """Never a skip: a test that was asked for and cannot run has failed."""
    monkeypatch.setenv("DOCKER_HOST", "unix:///nowhere/docker.sock")
    with pytest.raises(pytest.fail.Exception, match=r"labs/offline/engine\.sh"):
        engine()
