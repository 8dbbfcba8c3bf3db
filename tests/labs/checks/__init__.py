"""Each kind of check, against the real thing that it looks at."""
