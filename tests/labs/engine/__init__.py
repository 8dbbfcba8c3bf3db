"""Engines, each against the same contract."""
