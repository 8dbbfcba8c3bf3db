"""Tests of one sitting, and of what all sittings add up to."""
