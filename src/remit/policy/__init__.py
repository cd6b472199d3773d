"""May this action proceed? The machine decides, and says why."""
