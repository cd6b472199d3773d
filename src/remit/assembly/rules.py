"""The folder of rules that a workflow's settings name."""

from collections.abc import Mapping
from pathlib import Path

from remit.authoring.workflow import Workflow
from remit.policy import folder
from remit.policy.book import Declared, PolicyBook
from remit.settings import PersonSettings


def book_of(path: Path, workflow: Workflow, *, people: Mapping[str, PersonSettings]) -> PolicyBook:
    """Load the rules of a workflow; raises `PolicyLoadError` naming file, line and rule."""
    owners = frozenset(name for name, one in people.items() if one.active)
    return folder.load(path, declared_of(workflow), owners=owners)


def declared_of(workflow: Workflow) -> Declared:
    """Return what the rules of a workflow may speak of."""
    specs = tuple(declared.spec for declared in workflow.actions.values())
    return Declared(
        specs=specs,
        tools=tuple(tool.spec for tool in workflow.tools.values()),
        facts={name: word for spec in specs for name, word in spec.facts},
    )
