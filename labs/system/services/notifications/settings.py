"""What notifications needs from its environment. Refuses settings that no code here reads."""

from pydantic import Field

from chassis.settings import BaseUrl, DatabaseSettings, EventSettings, ServiceSettings, TokenSettings


class Settings(DatabaseSettings, EventSettings, TokenSettings, ServiceSettings):
    """Where the providers of mail, text and push messages are, and how long they may take; the rest is the chassis'."""

    channels_url: BaseUrl = ""
    channel_timeout: float = Field(default=2.0, gt=0, le=30)

    @property
    def channels_base(self) -> str:
        """The providers' address: unless told otherwise, the stub on this instance's own ops port."""
        return self.channels_url or f"http://127.0.0.1:{self.ops_port}/channels"
