"""What happened: an append-only log in SQLite. Refuses to know what the events mean."""
