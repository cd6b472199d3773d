"""What a no is about: the group of an action, or the action itself."""

from remit.domain.action import ActionSpec


def kind(spec: ActionSpec | None, action: str) -> str:
    """Return what a denial of this action covers: all of its declared group, or it alone."""
    if spec is None or spec.denial_group is None:
        return f"action:{action}"
    return f"group:{spec.denial_group}"
