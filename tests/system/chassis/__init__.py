"""Tests of the chassis on real servers and real sockets: what every service relies on."""
