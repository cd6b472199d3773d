"""Figures about Remit, measured side by side in one run."""
