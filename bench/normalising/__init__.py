"""Normalising beside other libraries: the golden table, and the time for a record."""
