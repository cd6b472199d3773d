"""Servers on loopback that tests start; nothing here is a test."""
