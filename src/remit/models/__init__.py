"""The model runtime: prompts, routes, checked replies, and classifiers without a provider."""
