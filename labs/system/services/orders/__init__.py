"""Orders: takes orders, keeps their history and drives them to an end through inventory and payments.

Refuses to trust prices, owners or states sent by clients, and to publish anything that is not committed.
"""
