"""Payments owns what was charged for an order, and answers for money: never twice, never forgotten, never guessed.

Refuses to take a timeout for a decline, and to charge again before it has asked what became of the first attempt.
"""
