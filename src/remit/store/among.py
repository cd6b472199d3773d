"""The workflows that a query is about: one, some, or all."""

from collections.abc import Set as AbstractSet

from remit.store.connection import Parameter

Workflows = str | AbstractSet[str] | None  # None: all


def among(workflows: Workflows) -> tuple[str, tuple[Parameter, ...]]:
    """Return a condition on the column `workflow` and its values."""
    if workflows is None:
        return "1 = 1", ()
    if isinstance(workflows, str):
        return "workflow = ?", (workflows,)
    if not workflows:
        return "1 = 0", ()
    names = sorted(workflows)
    return f"workflow in ({', '.join('?' * len(names))})", tuple(names)
