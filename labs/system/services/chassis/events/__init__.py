"""What services tell each other: the envelope, the contracts, the topology, and two transports that carry them.

Refuses to hold a service's logic: nothing here knows what an order is, only what is said about one.
"""
