"""What inventory needs from its environment. Refuses settings that no code here reads."""

from chassis.settings import DatabaseSettings, EventSettings, ServiceSettings, TokenSettings


class Settings(DatabaseSettings, EventSettings, TokenSettings, ServiceSettings):
    """Inventory has nothing of its own to configure: its behaviour per order comes with the order's events."""
