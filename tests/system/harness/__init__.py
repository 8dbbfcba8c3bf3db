"""How tests reach a running system, whatever runs it."""
