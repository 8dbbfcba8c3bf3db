"""The gateway: the one door of the system, and the only part with a published port.

It decides what a request may reach (an explicit table of routes), who is asking (a verified token), how much they may
ask (a token bucket), and how long the answer may take (one deadline). Then it forwards.

Refuses to know the business: who owns order 42 is decided by orders, which checks the token again.
"""
