"""Tests of notifications: what is sent to whom, how often, and what becomes of what cannot be sent."""
