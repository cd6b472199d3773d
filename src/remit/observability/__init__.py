"""Structured logs, and timelines and spans derived from entries."""
