"""From settings to what a workflow runs with: code, prompts, rules, knowledge, connectors."""

import hashlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from remit.assembly.chains import chain_of
from remit.assembly.code import load_module, workflow_of
from remit.assembly.connectors import connectors_of
from remit.assembly.models import routes_of, script_of
from remit.assembly.plans import plans_of
from remit.assembly.rules import book_of, declared_of
from remit.assembly.training import trained
from remit.authoring import directories as listed
from remit.authoring.workflow import Workflow
from remit.domain.acknowledgement import Acknowledgement, demanded
from remit.domain.action import ActionSpec, Risk
from remit.domain.autonomy import Level, Phase
from remit.domain.retention import Retention, retention
from remit.domain.value import Json, digest
from remit.errors import PolicyLoadError, SettingsError
from remit.governance import limits, owners
from remit.governance.access import Entitled
from remit.intake import senders
from remit.intake.plugins import PLUGINS
from remit.intake.public_values import PUBLIC
from remit.integrations.connector import Connector
from remit.models import prompt
from remit.models.choice import Progress
from remit.models.vectors import Encoder
from remit.orchestration import entitled, last_look
from remit.orchestration.equipment import Desk, Equipment
from remit.orchestration.lanes import LaneSettings
from remit.orchestration.shelf import Rules
from remit.policy.book import PolicyBook
from remit.retrieval import documents
from remit.retrieval.retriever import Retriever
from remit.settings import (
    DirectorySettings,
    PersonSettings,
    Project,
    WorkflowSettings,
)

NOT_SEEN = {"key", "concurrent_max"}  # what a model answers does not depend on these


@dataclass(frozen=True, slots=True, kw_only=True)
class Assembled:
    """A workflow with its documents and connectors, before the database is open."""

    equipment: Callable[[Retriever | None], Equipment]
    workflow: Workflow
    documents: tuple[documents.Document, ...]
    collections: tuple[str, ...]
    connectors: Mapping[str, Connector]
    credentials: Mapping[str, str | None]
    settings: WorkflowSettings
    fingerprint: str
    rules: Rules
    retention: Retention


def assemble(
    project: Project,
    *,
    people: Mapping[str, PersonSettings],
    who: Entitled = lambda _handle, _moved: frozenset(),
    directories: Mapping[str, tuple[Path, DirectorySettings]],
    models_folder: Path,
    random: Callable[[], float],
    encoder: Encoder | None = None,
    progress: Progress | None = None,
    connect: bool = True,
) -> Assembled:
    """Put one workflow together.

    Rules that do not load leave the workflow without any: each of its effects is blocked, and
    everything else goes on. Raises `SettingsError`, `RegistrationError`, `PromptInvalidError`,
    `DocumentInvalidError` and `ManifestInvalidError`, each naming the place. Without `connect` no
    secret is looked up, so that a check needs none.
    """
    settings = project.settings.workflow
    if settings is None:
        raise SettingsError(f"`{project.folder}` holds no workflow")
    module = load_module(project.folder, settings.module)
    workflow = workflow_of(module, settings)
    written = project.path(settings.prompts)
    prompts = prompt.load(written) if written.is_dir() else {}
    knowledge = documents.load(project.path(settings.knowledge)) if settings.knowledge else ()
    specs = [declared.spec for declared in workflow.actions.values()]
    book, refused = _rules(project.path(settings.policies), workflow, people)
    classifiers = {
        name: trained(
            project.path(one.train), text=one.text, label=one.label, seed=one.seed,
            folder=models_folder, names=one.names, encoder=encoder, progress=progress,
        )
        for name, one in settings.classifiers.items()
    }  # fmt: skip
    routes = routes_of(project, settings, connect=connect)
    connectors, credentials, seen = connectors_of(
        project, settings, random=random, connect=connect
    )
    owners.check(settings.owners.model_dump(), people)
    allowed = limits.load(project.limits, workflow, people)
    lists = listed.load(directories, workflow, people=people)
    fields = () if workflow.handler is None else workflow.handler.case.model_fields
    acknowledge = acknowledgements(settings, specs)
    plans = plans_of({spec.name: spec for spec in specs}, settings.actions, settings.autonomy)
    reveals = entitled.listed({
        (name, parameter): (one.types, one.destination)
        for name, action in settings.actions.items() for parameter, one in action.reveal.items()
    })  # fmt: skip
    parts: dict[str, Json] = {
            "classifiers": {name: one.fingerprint for name, one in classifiers.items()},
            "code": hashlib.sha256(Path(str(module.__file__)).read_bytes()).hexdigest(),
            "connectors": dict(seen),
            "content": [*settings.content.allow],
            "directories": listed.seen(lists),
            "knowledge": documents.digest(knowledge) if knowledge else "",
            "models": {name: one.model_dump(mode="json", exclude=NOT_SEEN)
                       | script_of(project, one)
                       for name, one in settings.models.items()},
            "note": last_look.NOTE,
            "prompts": {name: one.digest for name, one in prompts.items()},
            "public": [*PUBLIC.said],
            "recognisers": [*PLUGINS.names],
            "reveals": {".".join(place): [*sorted(one.types), one.destination]
                        for place, one in reveals.items()},
            "signatures": {spec.name: spec.signature for spec in specs},
    }  # fmt: skip
    rules = Rules(
        folder=project.path(settings.policies),
        declared=declared_of(workflow),
        rest=digest(parts),
        limits=tuple(one for one in allowed if any(map(one.covers, specs))),
    )
    fingerprint = rules.fingerprint(None if book is None else book.digest)

    def equipment(retriever: Retriever | None) -> Equipment:
        return Equipment(
            workflow=workflow,
            phase=Phase(settings.phase),
            owner=settings.owners.workflow if people[settings.owners.workflow].active else "",
            escalation=settings.owners.escalation,
            escalates_to=settings.owners.escalation
            if people[settings.owners.escalation].active else "",
            owners=settings.owners.model_dump(),
            connectors=frozenset(connectors),
            accounts=settings.accounts,
            fingerprint=fingerprint,
            desk=Desk(**settings.desk.model_dump()),
            lane=LaneSettings(**settings.running.model_dump()),
            entitled=who,
            chain=chain_of(settings, people),
            limits=allowed,
            ceilings={name: Level(one.ceiling) for name, one in settings.actions.items()},
            reveals=reveals,
            classifiers=classifiers,
            prompts=prompts,
            routes=routes,
            retriever=retriever,
            book=book,
            rules_refused=refused,
            columns=dict(settings.columns),
            directories=lists,
            content_allowed=tuple(settings.content.allow),
            senders=senders.load(project.folder, settings.senders, people=people, fields=fields),
            pinned=settings.in_flight == "pin",
            acknowledge=acknowledge,
            plans=plans,
            low_marks_ppm={name: int(one.low_mark * 1_000_000)
                           for name, one in settings.actions.items() if one.low_mark is not None},
        )  # fmt: skip

    return Assembled(
        equipment=equipment,
        workflow=workflow,
        documents=knowledge,
        collections=tuple(sorted({one.collection for one in knowledge})),
        connectors=connectors,
        credentials=credentials,
        settings=settings,
        fingerprint=fingerprint,
        rules=rules,
        retention=retention(
            workflow.name,
            **settings.retention.model_dump(),
            high_risk=any(spec.risk in {Risk.MONEY, Risk.IRREVERSIBLE} for spec in specs),
        ),
    )


def _rules(
    folder: Path, workflow: Workflow, people: Mapping[str, PersonSettings]
) -> tuple[PolicyBook | None, str]:
    """Return the rules, or none and why they do not load."""
    try:
        return book_of(folder, workflow, people=people), ""
    except PolicyLoadError as error:
        return None, str(error)


def acknowledgements(
    settings: WorkflowSettings, specs: Sequence[ActionSpec]
) -> dict[str, Acknowledgement]:
    """Return how far the intents of actions must have come, where the settings say so.

    Raises `SettingsError` for less than the risk of an action demands.
    """
    risks = {spec.name: spec.risk for spec in specs}
    found = {}
    for name, one in settings.actions.items():
        if one.acknowledge is None:
            continue
        asked, least = Acknowledgement(one.acknowledge), demanded(risks[name])
        if not asked.reaches(least):
            raise SettingsError(
                f"`{name}` is of risk {risks[name]} and is acknowledged as `{least}` at least; "
                f"take `acknowledge` out of `[workflow.actions.{name}]`"
            )
        found[name] = asked
    return found
