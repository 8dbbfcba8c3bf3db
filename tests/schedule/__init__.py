"""Tests of when to ask again."""
