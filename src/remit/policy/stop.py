"""What a stop switch reaches: a case, an action, a workflow, a connector, or everything."""

from remit.domain.decision import Stop


def applies(
    stop: Stop, *, case_id: str, workflow: str, action: str, connector: str | None
) -> bool:
    """Return whether this stop reaches an effect of that action in that case.

    A scope that cannot be read stops everything: it was set for a reason.
    """
    kind, colon, name = stop.scope.partition(":")
    match kind:
        case "case" if colon and name:
            return name == case_id
        case "action" if colon and name:
            return name in {action, f"{workflow}.{action}"}
        case "workflow" if colon and name:
            return name == workflow
        case "connector" if colon and name:
            return name == connector
        case _:
            return True
