"""The workflow that `remit policy` is about, with its rules, and requests told by options."""

import json
from collections.abc import Mapping
from decimal import InvalidOperation
from pathlib import Path

from remit.assembly import book_of, load_module, workflow_of
from remit.authoring.workflow import Workflow
from remit.cli import terminal
from remit.domain.frozen import dataclass
from remit.errors import NotFoundError, SettingsError, UnknownWorkflowError
from remit.policy.book import PolicyBook
from remit.policy.examples import request_of
from remit.policy.request import PolicyRequest
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


def request_told(desk: Desk, action: str, told: tuple[tuple[str, ...], ...]) -> PolicyRequest:
    """Return the request that options tell; raises `NotFoundError` and `SettingsError`."""
    words = desk.book.slices.get(action)
    if words is None:
        raise NotFoundError(
            f"there is no action `{action}`; there are: {', '.join(sorted(desk.book.slices))}"
        )
    arguments, facts, record, approvers = told
    people: dict[str, list[str]] = {}
    for one in approvers:
        role, _, person = one.partition("=")
        people.setdefault(role, []).append(person)
    try:
        return request_of(
            {
                "arguments": _typed(arguments, words.arguments),
                "facts": _typed(facts, words.facts),
                "record": _typed(record, words.fields),
                "approvers": people,
            },
            action,
            words,
        )
    except (ValueError, TypeError, InvalidOperation) as error:
        raise SettingsError(f"the request cannot be asked: {error}") from error


def _typed(given: tuple[str, ...], words: Mapping[str, str]) -> dict[str, object]:
    """Return values as the rules' files would have them: numbers and truths are no text."""
    found: dict[str, object] = {}
    for name, text in terminal.pairs(given).items():
        plain = words.get(name) in {"integer", "boolean", "list"}
        found[name] = json.loads(text) if plain else text
    return found
