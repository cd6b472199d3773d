"""Servers that the suite starts on loopback, some of which misbehave on purpose; no tests."""
