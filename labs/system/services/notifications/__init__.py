"""Notifications tells people what happened to them: one event becomes a message on each channel that suits it.

Refuses to lose an event because it does not know the recipient yet, and to send one message twice because it was
told twice.
"""
