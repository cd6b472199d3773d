"""Remit: put AI workflows into production and keep them there."""
