"""Labs without Docker: the same services as processes of this machine, on a real PostgreSQL and a real Valkey."""
