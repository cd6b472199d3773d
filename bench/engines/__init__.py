"""The same durable case of seven steps, once for each engine."""
