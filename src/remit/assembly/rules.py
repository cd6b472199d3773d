"""The folder of rules that a workflow's settings name."""

from collections.abc import Collection
from pathlib import Path

from remit.authoring.workflow import Workflow
from remit.policy import folder
from remit.policy.book import PolicyBook


def book_of(path: Path, workflow: Workflow, *, people: Collection[str]) -> PolicyBook:
    """Load the rules of a workflow; raises `PolicyLoadError` naming file, line and rule."""
    specs = [declared.spec for declared in workflow.actions.values()]
    return folder.load(
        path,
        specs=specs,
        tools=[tool.spec for tool in workflow.tools.values()],
        owners=frozenset(people),
        facts={name: word for spec in specs for name, word in spec.facts},
    )
