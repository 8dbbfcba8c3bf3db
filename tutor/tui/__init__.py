"""Face two: the Textual app. Refuses to decide anything, and to touch the store, the scheduler or a file."""
