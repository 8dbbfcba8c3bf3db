"""One module per screen. A screen talks to the coach; refuses to let its widgets do so."""
