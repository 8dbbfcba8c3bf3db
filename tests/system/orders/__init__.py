"""Orders: what one order makes of news, and what the service makes sure of around it."""
