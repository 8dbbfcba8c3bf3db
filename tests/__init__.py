"""Tests of tutor; the folders mirror the package."""
