"""Observer: logs, traces and alerts of the whole system in one place. Refuses to be needed: nothing waits for it.

Services push OTLP to it; nobody reads it to serve a request. When it is down, lines still stand on each container's
standard output, and services go on.
"""
