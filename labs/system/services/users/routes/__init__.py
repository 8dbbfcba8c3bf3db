"""The HTTP API of users, one module per concern.

Refuses logic: routes know HTTP and who is asking; what happens to accounts, sessions and keys is decided elsewhere.
"""
