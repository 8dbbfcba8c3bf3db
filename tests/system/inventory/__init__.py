"""Inventory: never a unit twice, never a unit lost."""
