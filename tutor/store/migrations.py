"""Every shape the progress store has had, as a list of steps. Refuses to edit a step that was ever released: add one.

The number of steps taken is kept in SQLite's `user_version`.
"""

from __future__ import annotations

STEPS: tuple[str, ...] = (
    """
    CREATE TABLE events (
        id   TEXT PRIMARY KEY,
        at   TEXT NOT NULL,
        kind TEXT NOT NULL,
        pack TEXT NOT NULL,
        body TEXT NOT NULL
    ) STRICT, WITHOUT ROWID;
    CREATE TRIGGER events_are_never_changed BEFORE UPDATE ON events
        BEGIN SELECT RAISE(ABORT, 'events are append-only'); END;
    CREATE TRIGGER events_are_never_removed BEFORE DELETE ON events
        BEGIN SELECT RAISE(ABORT, 'events are append-only'); END;
    CREATE TABLE drafts (
        name TEXT PRIMARY KEY,
        text TEXT NOT NULL
    ) STRICT;
    """,
)
