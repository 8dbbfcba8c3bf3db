"""How large what we read may be. Refuses to read anything, so that knowing a limit costs no import."""

from __future__ import annotations

MAX_FILE_BYTES = 2 * 1024 * 1024
"""The largest content file that is read at all, in bytes."""
