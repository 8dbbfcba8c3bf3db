"""Tests of mock interviews and calibration."""
