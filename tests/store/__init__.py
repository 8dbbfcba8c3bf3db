"""Tests of the progress store, with real files and real processes."""
