"""Face one: the command line. Refuses to decide anything; it reads lines, calls the coach, prints sentences."""
