"""Who decides: `[people.NAME]`, and the owners of a workflow."""

from remit.settings.table import Table


class PersonSettings(Table):
    """Somebody who may decide: `[people.maria-k]`."""

    name: str
    roles: frozenset[str] = frozenset()
    active: bool = True


class OwnerSettings(Table):
    """The named people who answer for a workflow."""

    workflow: str
    prompts: str
    knowledge: str
    incidents: str
    escalation: str
