"""Prepare for a microservices interview in the terminal. Refuses to import anything by itself."""

__version__ = "0.1.0"
