"""The vocabulary: frozen values and legal moves; no I/O, no clock, no library."""
