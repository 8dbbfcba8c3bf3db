"""What payments needs from its environment. Refuses settings that no code here reads."""

from pydantic import Field

from chassis.settings import DatabaseSettings, EventSettings, ServiceKeySettings, ServiceSettings, TokenSettings


class Settings(DatabaseSettings, EventSettings, TokenSettings, ServiceKeySettings, ServiceSettings):
    """Where the payment provider is and how long it may take to answer; the rest is the chassis'."""

    provider_url: str = Field(default="", pattern=r"^(https?://[^\s]+)?$")
    provider_timeout: float = Field(default=1.0, gt=0, le=30)

    @property
    def provider_base(self) -> str:
        """The provider's address: unless told otherwise, the stub on this instance's own ops port."""
        return (self.provider_url or f"http://127.0.0.1:{self.ops_port}/provider").rstrip("/")
