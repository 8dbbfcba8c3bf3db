"""Inventory owns the stock: what there is of each sku, and which order has how much of it set aside.

Refuses to know prices, payments or why an order was cancelled; it only promises never to sell a unit twice.
"""
