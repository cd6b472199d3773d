"""Rows: the only SQL of Remit."""
