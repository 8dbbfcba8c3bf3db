"""One sitting with questions, and what all sittings add up to. Pure: refuses files, clocks, sockets, processes."""
