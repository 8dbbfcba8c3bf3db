"""Tests of the verbs that both faces call."""
