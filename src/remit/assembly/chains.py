"""The chain of a workflow: who is asked next when nobody decides in time."""

import itertools
from collections.abc import Collection, Mapping

from remit.errors import SettingsError
from remit.governance.escalation import Chain
from remit.settings import PersonSettings, WorkflowSettings


def chain_of(settings: WorkflowSettings, people: Mapping[str, PersonSettings]) -> Chain:
    """Return the chain that the settings say.

    Raises `SettingsError` for somebody unknown, a role that nobody has, or steps out of order.
    """
    steps = [(one.after_us, one.to) for one in settings.escalation.steps]
    for (before, _), (after, to) in itertools.pairwise(steps):
        if after <= before:
            raise SettingsError(
                f"`escalation.steps`: `{to}` comes no later than the step before it; order them"
            )
    last = settings.escalation.last or settings.owners.escalation
    roles = {role for one in people.values() if one.active for role in one.roles}
    for to in (*(to for _, to in steps), f"person:{last}"):
        _known(to, people, roles)
    return Chain(steps=tuple(steps), last=f"person:{last}")


def _known(to: str, people: Mapping[str, PersonSettings], roles: Collection[str]) -> None:
    kind, _, name = to.partition(":")
    if kind == "person" and (name not in people or not people[name].active):
        raise SettingsError(
            f"`escalation` names `{name}`, who is nobody here; add `[people.{name}]`"
        )
    if kind == "role" and name not in roles:
        raise SettingsError(f"`escalation` names the role `{name}`, which nobody active has")
