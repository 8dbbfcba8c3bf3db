"""The gateway, with real sockets on both sides, a real Valkey and real signatures."""
