"""What a stop switch reaches: a case, an action, a workflow, a connector, or everything."""

from typing import Final

from remit.domain.decision import Stop

KINDS: Final = ("case", "action", "workflow", "connector")


def applies(
    stop: Stop, *, case_id: str, workflow: str, action: str, connector: str | None
) -> bool:
    """Return whether this stop reaches an effect of that action in that case.

    INVARIANT: a scope that cannot be read stops everything, for it was set for a reason
    (tests/unit/policy/test_stop.py).
    """
    kind, _, name = stop.scope.partition(":")
    if not readable(stop.scope):
        return True
    match kind:
        case "case":
            return name == case_id
        case "action":
            return name in {action, f"{workflow}.{action}"}
        case "workflow":
            return name == workflow
        case "connector":
            return name == connector
        case _:
            return True


def readable(scope: str) -> bool:
    """Return whether a scope names what it stops."""
    kind, colon, name = scope.partition(":")
    return scope == "everything" or (kind in KINDS and bool(colon and name))
