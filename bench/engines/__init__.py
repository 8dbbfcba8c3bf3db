"""Labs on one engine against the same labs on another."""
