"""Mutual TLS between services: both sides show a certificate of our own authority.

Refuses anything the authority did not sign, the system's trust store included, and TLS below 1.3: both ends are ours.
"""

import ssl
from pathlib import Path


def server_context(directory: str) -> ssl.SSLContext:
    """For listeners: a client without a certificate of the authority does not get past the handshake."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.verify_mode = ssl.CERT_REQUIRED
    return _ours(context, Path(directory))


def client_context(directory: str) -> ssl.SSLContext:
    """For callers: the name in the server's certificate is checked, and our own certificate is shown."""
    return _ours(ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT), Path(directory))


def _ours(context: ssl.SSLContext, directory: Path) -> ssl.SSLContext:
    context.minimum_version = ssl.TLSVersion.TLSv1_3
    context.load_verify_locations(directory / "ca.pem")
    context.load_cert_chain(directory / "cert.pem", directory / "key.pem")
    return context
