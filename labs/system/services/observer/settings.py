"""Observer's settings. Refuses sizes that would not fit a laptop."""

from pathlib import Path
from tempfile import gettempdir

from pydantic import Field

from chassis.settings import ServiceSettings


class ObserverSettings(ServiceSettings):
    """Where to keep what arrives, and how much of it."""

    data_dir: Path = Path(gettempdir())
    max_spans: int = Field(default=200_000, ge=1_000, le=5_000_000)
    max_logs: int = Field(default=200_000, ge=1_000, le=5_000_000)
    max_alerts: int = Field(default=2_000, ge=10, le=100_000)
    max_body_bytes: int = Field(default=8 * 1024 * 1024, ge=1024)  # an exporter sends hundreds of spans at once
