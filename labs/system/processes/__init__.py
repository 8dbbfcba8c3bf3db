"""The reference system as plain processes on one machine, for machines and tests without Docker."""
