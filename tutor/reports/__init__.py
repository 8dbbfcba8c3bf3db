"""Turns finished things into documents. Refuses to decide what they contain."""
