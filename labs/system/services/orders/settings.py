"""What Orders is told by its environment.  Refuses a deadline so short that no saga could keep it."""

from __future__ import annotations

from pydantic import Field

from chassis.settings import (
    BaseUrl,
    DatabaseSettings,
    EventSettings,
    ServiceKeySettings,
    ServiceSettings,
    TokenSettings,
)
from orders.model import Saga


class Settings(DatabaseSettings, EventSettings, TokenSettings, ServiceKeySettings, ServiceSettings):
    """The settings of every service, and who leads the saga, for how long, and where payments answers questions."""

    saga: Saga = Saga.CHOREOGRAPHY
    saga_deadline: float = Field(default=900.0, ge=1, le=86_400)
    payments_url: BaseUrl
