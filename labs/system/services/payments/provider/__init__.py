"""A stand-in for the payment provider: another company, reached over HTTP only, that can be told to misbehave.

Refuses to share anything with payments but the process: its tables have a schema of their own, and payments asks it
over a socket, with a timeout, as it would ask the real one.
"""
