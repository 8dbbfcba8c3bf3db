"""One thing that happened: the value that the store keeps and that others fold. Refuses to know what kinds mean."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any


@dataclass(frozen=True, slots=True)
class Event:
    """Something that happened. `id` is a ULID, `at` is UTC, `body` is plain JSON data."""

    id: str
    at: datetime
    kind: str
    pack: str
    body: Mapping[str, Any]
