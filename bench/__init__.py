"""Benchmarks that print ratios. Refuses to assert a wall clock: machines differ, ratios of paired runs less so."""
