"""The telecom desk."""
