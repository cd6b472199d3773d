"""Grounding: released documents, full-text search as of a date, and citations that are checked."""
