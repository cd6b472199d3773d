"""The tests of Remit; a newcomer starts in `stories/`."""
