"""What a workflow that runs, runs with: from its equipment to its inventory."""

from collections.abc import Sequence

from remit.governance import inventory
from remit.governance.inventory import Inventory
from remit.governance.overview import ActionView
from remit.orchestration.equipment import Equipment


def listed(equipment: Equipment, views: Sequence[ActionView]) -> Inventory:
    """Return what a workflow runs with, and the level that each of its actions has now."""
    view = {one.action: one for one in views}
    workflow, book = equipment.workflow, equipment.book
    return Inventory(
        workflow=equipment.name,
        version=equipment.fingerprint,
        phase=equipment.phase.value,
        owners=dict(equipment.owners),
        actions=tuple(
            inventory.action(declared.spec, view[name])
            for name, declared in workflow.actions.items()
        ),
        tools=tuple(inventory.tool(tool.spec) for tool in workflow.tools.values()),
        connectors=tuple(sorted(equipment.connectors)),
        models={
            name: tuple(model.name for model in route.models)
            for name, route in equipment.routes.items()
        },
        prompts={name: one.owner for name, one in equipment.prompts.items()},
        classifiers=tuple(sorted(equipment.classifiers)),
        rules=() if book is None else tuple(inventory.rule(one) for one in book.rules.values()),
    )
