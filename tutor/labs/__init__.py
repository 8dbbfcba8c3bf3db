"""Hands-on labs: break a running system, mend it, prove it. Refuses to know what is learned or stored elsewhere."""
