"""Tests of the content tooling: loader, cache, lint, schemas, starter, and the pack that ships."""
