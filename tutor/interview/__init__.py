"""One mock interview, its grading, and how bets turn out. Pure: refuses files, clocks, sockets, processes."""
