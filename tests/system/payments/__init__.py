"""Payments: never charged twice, never forgotten, never guessed."""
