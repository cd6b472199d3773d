"""What `remit check` tells of sources that nobody wrote down, or that will make a person look."""

from collections.abc import Iterator

from remit.authoring.directories import cited
from remit.authoring.workflow import Workflow
from remit.domain.action import CaseSource, ToolSource, alternatives
from remit.domain.directory import Directories


def notes(workflow: Workflow, directories: Directories) -> Iterator[tuple[str, str]]:
    """Yield (code, sentence) for each: none of them is wrong, and each should be known."""
    for tool in workflow.tools.values():
        for name in tool.filled_in:
            source = next(param.source for param in tool.spec.params if param.name == name)
            if isinstance(source, CaseSource):
                said = (
                    f"`{tool.spec.name}.{name}` has no source and takes `case.{source.field}`, "
                    "which is named and typed like it"
                )
                yield "SR1", said
    yield from _outside(workflow)
    told: set[str] = set()
    for _, _, _, source in cited(workflow):
        known = directories.get(source.name)
        if known is None or source.name in told:
            continue
        told.add(source.name)
        what = f"is filled by `{known.tool}.{known.path}`" if known.tool else "is closed"
        size = "" if known.tool else f", with {len(known.members):,} members"
        yield "SR3", f"the directory `{source.name}` {what}{size}; {known.owner} answers for it"


def _outside(workflow: Workflow) -> Iterator[tuple[str, str]]:
    """Yield the sources that point at a field which a third party can write."""
    for name, action in workflow.actions.items():
        for param in action.spec.params:
            for source in alternatives(param.source):
                if not isinstance(source, ToolSource) or source.tool not in workflow.tools:
                    continue
                field = workflow.tools[source.tool].spec.field(source.path)
                if field is not None and not field.system:
                    said = (
                        f"`{name}.{param.name}` comes from `{source.tool}.{source.path}`, which a "
                        "third party can write: it proves nothing, so the action waits for a "
                        "person; mark the field `System` if only the platform writes it"
                    )
                    yield "SR2", said
