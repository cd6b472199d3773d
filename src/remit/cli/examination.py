"""One workflow's parts, each put together on its own, with everything that is wrong with them."""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal, TypeVar

from remit.assembly import book_of, connectors_of, labelled, load_module, routes_of, workflow_of
from remit.authoring import directories
from remit.authoring.workflow import Workflow
from remit.cli.handler_rules import References, judge
from remit.cli.source_notes import notes
from remit.domain.directory import Directories
from remit.errors import MissingExtraError, RemitError, SettingsError
from remit.governance import limits
from remit.intake import cldr
from remit.intake.fields import specs_of
from remit.intake.outcome import Kind
from remit.models import examples, prompt
from remit.models.prompt import PromptArtefact
from remit.retrieval import documents
from remit.settings import (
    FILE,
    DirectorySettings,
    OpenAIModel,
    PersonSettings,
    Project,
    WorkflowSettings,
    secret,
)

T = TypeVar("T")

Level = Literal["error", "warning", "note"]
ROLES = ("workflow", "prompts", "knowledge", "incidents", "escalation")
NAMED = frozenset({Kind.COUNTRY, Kind.CURRENCY, Kind.LANGUAGE})  # kinds that names come in
_REFERENCE = re.compile(r"(env|file):.+")


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """Something that is wrong, with its place; line 0 is the file as a whole."""

    path: str
    line: int
    code: str
    level: Level
    message: str


@dataclass(slots=True, kw_only=True)
class Examination:
    """Looks at the parts of one workflow and keeps what it finds."""

    project: Project
    settings: WorkflowSettings
    people: Mapping[str, PersonSettings]
    directories: Mapping[str, tuple[Path, DirectorySettings]]
    findings: list[Finding] = field(default_factory=list)

    def whole(self) -> list[Finding]:
        """Look at every part; what one part lacks does not hide another."""
        workflow = self._try(self._workflow, self._module)
        prompts = self._try(self._prompts, self.project.path(self.settings.prompts)) or {}
        self._try(self._knowledge, self.project.folder / FILE)
        if workflow is not None:
            self._try(lambda: self._policies(workflow), self.project.path(self.settings.policies))
            self._handler(prompts)
            self._extra(workflow)
            lists = self._try(lambda: self._directories(workflow), self.project.folder / FILE)
            self._try(
                lambda: limits.load(self.project.limits, workflow, self.people),
                self.project.folder / FILE,
            )
            for code, said in notes(workflow, lists or {}):
                self._say(self._module, code, said, level="note")
        for name in self.settings.classifiers:
            self._try(lambda n=name: self._classifier(n), self.project.folder / FILE)  # type: ignore[misc]  # a default binds the loop's value
        self._try(self._routes, self.project.folder / FILE)
        self._try(self._connectors, self.project.folder / FILE)
        self._owners()
        self._secrets()
        return self.findings

    @property
    def _module(self) -> Path:
        return self.project.folder / f"{self.settings.module.partition(':')[0]}.py"

    def _try(self, part: Callable[[], T], place: Path) -> T | None:
        try:
            return part()
        except RemitError as error:
            self._say(place, error.code, str(error))
        except OSError as error:
            self._say(place, "file.unreadable", f"`{error.filename}`: {error.strerror}")
        return None

    def _say(
        self, place: Path, code: str, message: str, *, line: int = 0, level: Level = "error"
    ) -> None:
        self.findings.append(
            Finding(path=str(place), line=line, code=code, level=level, message=message)
        )

    # -- parts -----------------------------------------------------------------------------------

    def _workflow(self) -> Workflow:
        return workflow_of(load_module(self.project.folder, self.settings.module), self.settings)

    def _prompts(self) -> Mapping[str, PromptArtefact]:
        folder = self.project.path(self.settings.prompts)
        if not folder.is_dir():
            return {}
        found: dict[str, PromptArtefact] = {}
        for file in sorted(folder.glob("*.md")):
            one = self._try(lambda f=file: prompt.read(f), file)  # type: ignore[misc]  # a default binds the loop's value
            if one is None:
                found[file.stem] = None  # type: ignore[assignment]  # it is there, but not usable
                continue
            found[file.stem] = one
            self._owner(file, one.owner)
            if one.route not in self.settings.routes:
                self._say(
                    file, "RF4", f"there is no route `{one.route}`; add "
                    f"`[workflow.routes.{one.route}]` to `{FILE}`",
                )  # fmt: skip
        return found

    def _knowledge(self) -> None:
        if self.settings.knowledge is None:
            return
        for one in documents.load(self.project.path(self.settings.knowledge)):
            self._owner(self.project.path(self.settings.knowledge) / f"{one.id}.md", one.owner)

    def _policies(self, workflow: Workflow) -> None:
        specs = [one.spec for one in workflow.actions.values()]
        folder = self.project.path(self.settings.policies)
        book = book_of(folder, workflow, people=self.people)
        for said in book.unshown:
            self._say(folder, "policy.unshown", said)
        for said in book.idle:
            self._say(folder, "policy.idle", said, level="warning")
        if specs and not book.rules:
            self._say(
                folder, "policy.none", "there is no rule: nothing is permitted, so every action "
                "waits for a person", level="warning",
            )  # fmt: skip

    def _handler(self, prompts: Mapping[str, PromptArtefact | None]) -> None:
        offered = References(
            prompts={name: frozenset(one.slots) for name, one in prompts.items() if one},
            classifiers=tuple(self.settings.classifiers),
        )
        broken = {name for name, one in prompts.items() if one is None}
        for fault in judge(self._module.read_text("utf-8"), offered):
            if fault.code == "RF2" and any(f"`{name}`" in fault.message for name in broken):
                continue  # it has been said what is wrong with that prompt
            self._say(self._module, fault.code, fault.message, line=fault.line)

    def _directories(self, workflow: Workflow) -> Directories:
        return directories.load(self.directories, workflow, people=self.people)

    def _extra(self, workflow: Workflow) -> None:
        if workflow.handler is None or cldr.available():
            return
        named = [one.name for one in specs_of(workflow.handler.case) if one.kind in NAMED]
        if named:
            self._say(
                self._module, MissingExtraError.code,
                f"of {', '.join(f'`{name}`' for name in named)} only the canonical form is read, "
                "and names are set aside; install the extra `intake`", level="warning",
            )  # fmt: skip

    def _classifier(self, name: str) -> None:
        one = self.settings.classifiers[name]
        file = self.project.path(one.train)
        found = labelled(file, text=one.text, label=one.label)
        try:
            examples.check(found, names=one.names)
        except RemitError as error:
            self._say(file, error.code, f"classifier `{name}`: {error}")

    def _routes(self) -> None:
        routes_of(self.project, self.settings, connect=False)

    def _connectors(self) -> None:
        connectors, _, _ = connectors_of(
            self.project, self.settings, random=lambda: 0.0, connect=False
        )
        del connectors  # that they can be made is what was asked

    def _owners(self) -> None:
        toml = self.project.folder / FILE
        for role in ROLES:
            handle = getattr(self.settings.owners, role)
            person = self.people.get(handle)
            if person is None:
                self._say(
                    toml, "OW1", f"the owner of {role} is `{handle}`, who is nobody; add "
                    f"`[people.{handle}]`",
                )  # fmt: skip
            elif not person.active:
                self._say(toml, "OW2", f"{role}: `{handle}` is not one active person")
        needed = self.settings.desk.approver_role
        if not any(needed in one.roles and one.active for one in self.people.values()):
            self._say(toml, "OW2", f"nobody active has the role `{needed}`, which approves")

    def _owner(self, file: Path, handle: str) -> None:
        if handle not in self.people:
            self._say(
                file, "OW3", f"its owner is `{handle}`, who is nobody; add `[people.{handle}]`"
            )

    def _secrets(self) -> None:
        toml = self.project.folder / FILE
        keys = {
            f"connectors.{name}.{member}": getattr(one, member, None)
            for name, one in self.settings.connectors.items()
            for member in ("key", "url")
        } | {
            f"models.{name}.key": one.key
            for name, one in self.settings.models.items()
            if isinstance(one, OpenAIModel)
        }
        for place, reference in keys.items():
            if reference is None:
                continue
            if not _REFERENCE.fullmatch(reference):
                if place.endswith(".key"):
                    self._say(
                        toml, "IN5", f"`{place}`: a secret stands in the file; write `env:NAME` "
                        "or `file:PATH` instead",
                    )  # fmt: skip
                continue
            try:
                secret(reference)
            except SettingsError as error:
                self._say(toml, "IN5", f"`{place}`: {error} before you run", level="warning")
