"""The product as a stranger gets it: a clean clone, a built wheel, fresh virtualenvs."""
