"""A stand-in for the providers of mail, text and push messages: other companies, reached over HTTP only.

Refuses to share anything with notifications but the process: its tables have a schema of their own, and it is asked
over a socket, with a timeout, as the real ones would be.
"""
