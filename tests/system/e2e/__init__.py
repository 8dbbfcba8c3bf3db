"""The whole system, from the front door to the databases, and what becomes of it when parts fail."""
