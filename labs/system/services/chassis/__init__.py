"""What every service of the shop shares: settings, two ports, logs, traces, metrics, health, errors, messaging.

Refuses to know any business rule: nothing below this package names an order, a payment or a user's field.
"""
