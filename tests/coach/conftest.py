"""A desk for each test, and one cache of compiled packs for all."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.core import Desk


@pytest.fixture(scope="session")
def cache(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where compiled packs are kept."""
    return tmp_path_factory.mktemp("cache")


@pytest.fixture
def desk(tmp_path: Path, cache: Path) -> Iterator[Desk]:
    """A learner with the small pack and nothing done yet."""
    desk = Desk(tmp_path, cache)
    yield desk
    desk.close()
