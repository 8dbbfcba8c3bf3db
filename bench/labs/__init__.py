"""How fast labs are, beside `docker compose`. Refuses to be part of the product."""
