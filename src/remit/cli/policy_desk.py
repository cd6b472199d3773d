"""The workflow that `remit policy` is about, with its rules, and requests told by options."""

from pathlib import Path

from remit.assembly import book_of, load_module, workflow_of
from remit.authoring.workflow import Workflow
from remit.cli import terminal
from remit.domain.frozen import dataclass
from remit.errors import UnknownWorkflowError
from remit.governance.asked_rules import Question
from remit.policy.book import PolicyBook
from remit.settings import Project, WorkflowSettings


@dataclass(frozen=True, slots=True, kw_only=True)
class Desk:
    """A workflow as it lies in its folder, with its rules."""

    name: str
    project: Project
    folder: Path
    settings: WorkflowSettings
    workflow: Workflow
    book: PolicyBook

    def other(self, folder: Path) -> PolicyBook:
        """Load another folder of rules for the same workflow."""
        return book_of(folder, self.workflow, people=self.project.people)


def desk_of(project: Project, name: str) -> Desk:
    """Return a workflow by its name; raises `UnknownWorkflowError`, `PolicyLoadError`."""
    for member in project.workflows:
        settings = member.settings.workflow
        if settings is not None and settings.name == name:
            workflow = workflow_of(load_module(member.folder, settings.module), settings)
            folder = member.path(settings.policies)
            return Desk(
                name=name,
                project=project,
                folder=folder,
                settings=settings,
                workflow=workflow,
                book=book_of(folder, workflow, people=project.people),
            )
    raise UnknownWorkflowError(f"there is no workflow `{name}`")


def question(action: str, told: tuple[tuple[str, ...], ...]) -> Question:
    """Return the request that options tell."""
    arguments, facts, record, approvers = told
    people: dict[str, list[str]] = {}
    for one in approvers:
        role, _, person = one.partition("=")
        people.setdefault(role, []).append(person)
    return Question(
        action=action,
        arguments=terminal.pairs(arguments),
        facts=terminal.pairs(facts),
        record=terminal.pairs(record),
        approvers=people,
    )
