"""A fingerprint: what tells one behaviour from every other, made of parts that are told apart."""

from typing import Final

from remit.domain.value import digest

NO_LIMITS: Final = digest([])


def fingerprint(rest: str, *, rules: str, limits: str = NO_LIMITS) -> str:
    """Return the digest of a behaviour.

    `rest` is the digest of all that is neither a rule nor a limit: model, prompts, code, tools,
    knowledge. Who knows the three parts can show that two fingerprints differ by one of them.
    `rules` is empty where no rules are loaded.
    """
    return digest({"limits": limits, "rest": rest, "rules": rules})
