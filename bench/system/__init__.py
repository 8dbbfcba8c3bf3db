"""Benches of the reference system: its budget, and a steady load through the gateway."""
