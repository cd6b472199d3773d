"""The immutable log: what is acknowledged is durable, numbered, in a signed tree and provable."""
