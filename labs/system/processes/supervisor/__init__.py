"""A process that owns a whole running system for somebody who comes and goes, and does to it what it is told."""
