"""Tests of the database, outbox, relay, inbox, consumers and both transports, against real servers."""
