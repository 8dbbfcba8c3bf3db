"""The reference system, tested from its parts to the whole."""
