"""From settings to what a workflow runs with: code, prompts, rules, knowledge, connectors."""

import contextlib
import hashlib
import importlib.util
import json
import sys
import tempfile
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType, ModuleType

from remit.authoring import directories as listed
from remit.authoring.workflow import Workflow
from remit.domain.acknowledgement import Acknowledgement, demanded
from remit.domain.action import ActionSpec, Risk
from remit.domain.autonomy import Level, Phase
from remit.domain.retention import Retention, retention
from remit.domain.value import Json, digest
from remit.errors import RegistrationError, RemitError, SettingsError
from remit.governance import owners
from remit.intake import senders
from remit.intake.plugins import PLUGINS
from remit.intake.public_values import PUBLIC
from remit.intake.scrub import scrub
from remit.integrations.address import host_of
from remit.integrations.connector import Connector, Operation, OperationKind
from remit.integrations.http import HttpClient
from remit.integrations.openapi import OpenApiConnector
from remit.integrations.recorder import FileRecorder
from remit.models import classifier, prompt, scripted
from remit.models.choice import Classifier, Progress
from remit.models.routing import Route
from remit.models.runtime import Runtime
from remit.orchestration import entitled, last_look
from remit.orchestration.equipment import Desk, Equipment
from remit.orchestration.lanes import LaneSettings
from remit.policy import cedar
from remit.retrieval import documents
from remit.retrieval.retriever import Retriever
from remit.settings import (
    DirectorySettings,
    ModelSettings,
    OpenApiSettings,
    PersonSettings,
    Project,
    ScriptedModel,
    WorkflowSettings,
    secret,
)

TRAINING_ROWS_MAX = 1_000_000


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
    retention: Retention


def assemble(
    project: Project,
    *,
    people: Mapping[str, PersonSettings],
    directories: Mapping[str, tuple[Path, DirectorySettings]],
    models_folder: Path,
    random: Callable[[], float],
    progress: Progress | None = None,
    connect: bool = True,
) -> Assembled:
    """Put one workflow together.

    Raises `SettingsError`, `RegistrationError`, `PolicyLoadError`, `PromptInvalidError`,
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
    book = cedar.load(
        project.path(settings.policies),
        specs=specs,
        tools=[tool.spec for tool in workflow.tools.values()],
        owners=frozenset(people),
        facts={name: word for spec in specs for name, word in spec.facts},
    )
    classifiers = {
        name: trained(
            project.path(one.train), text=one.text, label=one.label, seed=one.seed,
            folder=models_folder, progress=progress,
        )
        for name, one in settings.classifiers.items()
    }  # fmt: skip
    routes = routes_of(project, settings, connect=connect)
    connectors, credentials, seen = connectors_of(
        project, settings, random=random, connect=connect
    )
    owners.check(settings.owners.model_dump(), people)
    lists = listed.load(directories, workflow, people=people)
    fields = () if workflow.handler is None else workflow.handler.case.model_fields
    acknowledge = acknowledgements(settings, specs)
    reveals = entitled.listed({
        (name, parameter): (one.types, one.destination)
        for name, action in settings.actions.items() for parameter, one in action.reveal.items()
    })  # fmt: skip
    parts: dict[str, Json] = {
            "classifiers": {name: one.fingerprint for name, one in classifiers.items()},
            "code": hashlib.sha256(Path(str(module.__file__)).read_bytes()).hexdigest(),
            "connectors": dict(seen),
            "directories": listed.seen(lists),
            "knowledge": documents.digest(knowledge) if knowledge else "",
            "models": {name: one.model_dump(mode="json", exclude=NOT_SEEN) | _script(project, one)
                       for name, one in settings.models.items()},
            "note": last_look.NOTE,
            "policy": [*sorted(one.digest for one in book.slices.values())],
            "prompts": {name: one.digest for name, one in prompts.items()},
            "public": [*PUBLIC.said],
            "recognisers": [*PLUGINS.names],
            "reveals": {".".join(place): [*sorted(one.types), one.destination]
                        for place, one in reveals.items()},
            "signatures": {spec.name: spec.signature for spec in specs},
    }  # fmt: skip
    fingerprint = digest(parts)

    def equipment(retriever: Retriever | None) -> Equipment:
        return Equipment(
            workflow=workflow,
            phase=Phase(settings.phase),
            owner=settings.owners.workflow if people[settings.owners.workflow].active else "",
            escalation=settings.owners.escalation,
            owners=settings.owners.model_dump(),
            connectors=frozenset(connectors),
            accounts=settings.accounts,
            fingerprint=fingerprint,
            desk=Desk(**settings.desk.model_dump()),
            lane=LaneSettings(**settings.running.model_dump()),
            people={handle: one.roles for handle, one in people.items() if one.active},
            ceilings={name: Level(one.ceiling) for name, one in settings.actions.items()},
            reveals=reveals,
            classifiers=classifiers,
            prompts=prompts,
            routes=routes,
            retriever=retriever,
            book=book,
            columns=dict(settings.columns),
            directories=lists,
            senders=senders.load(project.folder, settings.senders, people=people, fields=fields),
            pinned=settings.in_flight == "pin",
            acknowledge=acknowledge,
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
        retention=retention(
            workflow.name,
            **settings.retention.model_dump(),
            high_risk=any(spec.risk in {Risk.MONEY, Risk.IRREVERSIBLE} for spec in specs),
        ),
    )


def load_module(folder: Path, place: str) -> ModuleType:
    """Import the file that `[workflow] module` names, from its own folder.

    Raises `SettingsError` or `RegistrationError` naming the file and line.
    """
    name, _, _ = place.partition(":")
    path = folder / f"{name}.py"
    if not path.is_file():
        raise SettingsError(f"there is no `{path}`; `module` names a file beside `remit.toml`")
    unique = f"remit_workflow_{hashlib.sha256(str(path).encode()).hexdigest()[:12]}"
    spec = importlib.util.spec_from_file_location(unique, path)
    if spec is None or spec.loader is None:
        raise SettingsError(f"`{path}` cannot be imported")
    module = importlib.util.module_from_spec(spec)
    sys.modules[unique] = module
    sys.path.insert(0, str(folder))
    try:
        spec.loader.exec_module(module)
    except RemitError:
        raise
    except Exception as error:
        raise RegistrationError(
            f"`{path}` cannot be imported: {type(error).__name__}: {error}"
        ) from error
    finally:
        sys.path.remove(str(folder))
    return module


def trained(
    file: Path, *, text: str, label: str, seed: int, folder: Path, progress: Progress | None = None
) -> Classifier:
    """Return the classifier of a labelled file, trained once for each content and seed."""
    home = kept(file, text=text, label=label, seed=seed, folder=folder)
    if (home / "classifier.json").is_file():
        return classifier.load(home)
    made = classifier.train(labelled(file, text=text, label=label), seed=seed, progress=progress)
    folder.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=folder) as unfinished:
        made.save(Path(unfinished) / "new")
        with contextlib.suppress(OSError):  # another process was first with the same content
            (Path(unfinished) / "new").rename(home)
    return made


def kept(file: Path, *, text: str, label: str, seed: int, folder: Path) -> Path:
    """Return where the classifier of a labelled file is kept: by content, masking and seed."""
    masked = b"\x00masked\x00" + ",".join(PLUGINS.names).encode()
    content = hashlib.sha256(file.read_bytes() + masked).hexdigest()
    kind = "local" if importlib.util.find_spec("sklearn") else "nearest"
    return folder / f"{kind}-{content[:16]}-{seed}-{text}-{label}"


def labelled(file: Path, *, text: str, label: str) -> list[tuple[str, str]]:
    """Read (text, label) rows of a `.jsonl` or `.csv` file, gzip too, without private values.

    What is learnt is kept in files. Raises `InputFileError` naming the file and line.
    """
    from remit.authoring import rows

    return [
        (scrub(str(row.fields.get(text, ""))), str(row.fields.get(label, "")))
        for row in rows.read(file)
        if row.fields is not None
    ]


# -- parts ---------------------------------------------------------------------------------------


def workflow_of(module: ModuleType, settings: WorkflowSettings) -> Workflow:
    """Return the workflow that the settings name, finished.

    Raises `RegistrationError` and `SettingsError`.
    """
    _, _, attribute = settings.module.partition(":")
    found = getattr(module, attribute or "workflow", None)
    if not isinstance(found, Workflow):
        raise RegistrationError(
            f'`{settings.module}` is no workflow; write `name = Workflow("{settings.name}")`'
        )
    if found.name != settings.name:
        raise RegistrationError(
            f"the module's workflow is `{found.name}` and `remit.toml` says `{settings.name}`; "
            "make them equal"
        )
    for name in settings.actions:
        if name not in found.actions:
            raise SettingsError(f"`[workflow.actions.{name}]` is no action of `{found.name}`")
    return found.finished()


def routes_of(
    project: Project, settings: WorkflowSettings, *, connect: bool
) -> Mapping[str, Route]:
    """Return the routes to models; raises `SettingsError`."""
    models: dict[str, Runtime] = {
        name: _model(project, name, one, connect=connect) for name, one in settings.models.items()
    }
    routes = {}
    for name, one in settings.routes.items():
        missing = [model for model in one.models if model not in models]
        if missing:
            raise SettingsError(f"route `{name}` names `{missing[0]}`, which is no model here")
        routes[name] = Route(
            name=name,
            models=tuple(models[model] for model in one.models),
            timeout_seconds=one.timeout_seconds,
        )
    return MappingProxyType(routes)


def _model(project: Project, name: str, settings: ModelSettings, *, connect: bool) -> Runtime:
    if isinstance(settings, ScriptedModel):
        return scripted.load(project.path(settings.file), name=name)
    from remit.models.pydantic_ai import PydanticAIRuntime, Server

    return PydanticAIRuntime(
        Server(
            name=name,
            model=settings.id,
            base_url=settings.base_url,
            key=(secret(settings.key) if connect else None) or "none",
        )
    )


def _script(project: Project, settings: ModelSettings) -> dict[str, Json]:
    if not isinstance(settings, ScriptedModel):
        return {}
    return {"script": hashlib.sha256(project.path(settings.file).read_bytes()).hexdigest()}


def connectors_of(
    project: Project,
    settings: WorkflowSettings,
    *,
    random: Callable[[], float],
    connect: bool,
) -> tuple[dict[str, Connector], dict[str, str | None], dict[str, str]]:
    """Return connectors, the references of their secrets, and what each of them is."""
    connectors: dict[str, Connector] = {}
    credentials: dict[str, str | None] = {}
    seen: dict[str, str] = {}
    for name, one in settings.connectors.items():
        if isinstance(one, OpenApiSettings):
            url = (secret(one.url) if connect else None) or "http://127.0.0.1:1"
            loopback = url.startswith(("http://127.0.0.1", "http://localhost", "http://[::1]"))
            made = OpenApiConnector(
                name=name,
                document=_bytes(project.path(one.document)),
                url=url,
                key=one.key,
                settings={
                    operation: given.model_dump(exclude_unset=True)
                    for operation, given in one.operations.items()
                },
                client=HttpClient(hosts=[host_of(url, loopback=loopback)], randomness=random),
            )
            connectors[name], seen[name] = made, made.digest
            credentials[name] = secret(one.key) if connect else None
        else:
            tape = project.path(secret(one.file) or one.file)
            tape.parent.mkdir(parents=True, exist_ok=True)
            connectors[name] = FileRecorder(tape, _operations(one.operations), name=name)
            credentials[name] = None
            seen[name] = json.dumps(sorted(one.operations))
    return connectors, credentials, seen


def _operations(names: Sequence[str]) -> dict[str, Operation]:
    """Return the operations of a recorder: `get…`, `find…`, `list…` read, all else writes."""
    return {
        name: Operation(
            name=name,
            kind=OperationKind.READ
            if name.startswith(("get", "find", "list"))
            else OperationKind.WRITE,
            keys_honoured=True,
        )
        for name in names
    }


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


def _bytes(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise SettingsError(f"`{path}` cannot be read") from error
