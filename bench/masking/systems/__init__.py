"""One script for each system, run by the Python of its own environment."""
