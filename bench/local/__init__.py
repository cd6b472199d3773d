"""The local classifier on public intents: right, sure, wary of strangers, and quick."""
