"""The HTTP API of Orders, one module per concern.

Refuses logic: routes know HTTP and who is asking; what happens to an order is decided elsewhere.
"""
