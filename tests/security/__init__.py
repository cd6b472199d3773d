"""Fifty requirements on the safety of Remit, each shown by a test that carries its number."""
