"""The model runtime: prompts as artefacts, replies checked for shape, and classifiers that need no provider."""
