"""Typed settings, read once from `remit.toml` and the environment."""

import os
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from remit.errors import SettingsError

FILE = "remit.toml"
FILE_BYTES_MAX = 1024 * 1024
FAULTS_SHOWN_MAX = 5


class _Table(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", str_strip_whitespace=True)


class PersonSettings(_Table):
    """Somebody who may decide: `[people.maria-k]`."""

    name: str
    roles: frozenset[str] = frozenset()
    active: bool = True


class OwnerSettings(_Table):
    """The named people who answer for a workflow."""

    workflow: str
    prompts: str
    knowledge: str
    incidents: str
    escalation: str


class DeskSettings(_Table):
    """How long people may take, and which role decides."""

    approver_role: str = "approver"
    due_seconds: int = Field(default=4 * 3600, gt=0)
    expires_seconds: int = Field(default=72 * 3600, gt=0, le=30 * 86_400)
    approved_seconds: int = Field(default=900, gt=0)
    grace_seconds: int = Field(default=10, ge=0, le=3600)
    quarantine_seconds: int = Field(default=24 * 3600, gt=0, le=30 * 86_400)  # to settle a message


class RunningSettings(_Table):
    """How much of a workflow runs beside others, and when its intake says no."""

    weight: float = Field(default=1.0, ge=0.01, le=100)
    running_max: int = Field(default=256, gt=0)
    open_cases_max: int = Field(default=100_000, gt=0)
    held_max: int = Field(default=10_000, gt=0)  # that wait for people; then bulk pauses
    ready_age_seconds_max: int = Field(default=300, gt=0)
    case_seconds: int | None = Field(default=None, gt=0)  # in which a case should be closed


class RevealSettings(_Table):
    """Which masked types the free text of one parameter may carry as real values, and where to."""

    types: frozenset[str] = Field(min_length=1)
    destination: str = Field(pattern=r"^[a-z][\w-]*(:case\.\w+)?$")  # CONNECTOR[:case.FIELD]


class ActionSettings(_Table):
    """Bounds that an owner sets on one action."""

    ceiling: Literal["shadow", "draft", "approve-each", "sampled", "autonomous"] = "autonomous"
    low_mark: float | None = Field(default=None, ge=0, le=1)
    acknowledge: Literal["durable", "sequenced", "witnessed"] | None = None
    reveal: dict[str, RevealSettings] = {}


class ClassifierSettings(_Table):
    """A local classifier: the labelled file that it is trained from."""

    train: str
    text: str = "text"
    label: str = "label"
    seed: int = 7


class ScriptedModel(_Table):
    provider: Literal["scripted"]
    file: str
    concurrent_max: int | None = Field(default=None, gt=0)  # calls at once, in one process


class OpenAIModel(_Table):
    """Any server that speaks the OpenAI wire format."""

    provider: Literal["openai"]
    id: str
    base_url: str
    key: str | None = None  # a reference: env:NAME or file:PATH
    concurrent_max: int | None = Field(default=None, gt=0)  # calls at once, in one process


class RouteSettings(_Table):
    models: list[str] = Field(min_length=1, max_length=3)
    timeout_seconds: float = Field(default=30.0, gt=0, le=600)


class OperationSettings(_Table):
    """What the other side's document does not say of an operation."""

    undo: str | None = None
    find: str | None = None
    keys: str | None = None  # the header that carries the idempotency key
    addressed_by: str | None = None  # the argument that names who receives it
    timeout_seconds: float = Field(default=30.0, gt=0, le=120)
    settled_after_seconds: float = Field(default=0.0, ge=0)


class OpenApiSettings(_Table):
    kind: Literal["openapi"]
    document: str
    url: str
    key: str | None = None
    operations: dict[str, OperationSettings] = {}
    concurrent_max: int | None = Field(default=None, gt=0)  # calls at once, in one process


class RecorderSettings(_Table):
    """A stand-in for another system that writes down what it is told."""

    kind: Literal["recorder"]
    file: str
    operations: list[str] = Field(min_length=1)
    concurrent_max: int | None = Field(default=None, gt=0)  # calls at once, in one process


class FileAnchor(_Table):
    """An append-only file: one more on this host, or on another team's share."""

    kind: Literal["file"]
    path: str
    operator: str = "local"


class DirectoryAnchor(_Table):
    """A folder in which files are made once: an object store with a lock, another team's share."""

    kind: Literal["directory"]
    path: str
    operator: str


class GitAnchor(_Table):
    """A branch of a git remote that refuses force pushes."""

    kind: Literal["git"]
    remote: str
    branch: str = "main"
    operator: str


class WitnessAnchor(_Table):
    """A C2SP tlog-witness, such as `remit witness`."""

    kind: Literal["witness"]
    url: str
    key: str  # `name+id+key`, as the witness prints it
    operator: str


class TimestampAnchor(_Table):
    """A time-stamping authority (RFC 3161)."""

    kind: Literal["rfc3161"]
    url: str
    roots: str  # a PEM file of the authority's root certificates
    operator: str


AnchorSettings = Annotated[
    FileAnchor | DirectoryAnchor | GitAnchor | WitnessAnchor | TimestampAnchor,
    Field(discriminator="kind"),
]


class LedgerSettings(_Table):
    """Who else keeps the ledger's checkpoints, and how often they are told."""

    anchors: list[AnchorSettings] = []
    anchor_interval_seconds: float = Field(default=60.0, ge=1, le=86_400)
    anchor_entries_max: int = Field(default=10_000, ge=1)
    anchor_alarm_seconds: float = Field(default=600.0, ge=1)
    witness_operators_min: int = Field(default=1, ge=1, le=16)
    signer: str | None = None  # `unix:/path` of a process of its own
    signer_key: str | None = None  # its public key
    log_key_overlap_days: float = Field(default=7.0, ge=0, le=365)


ModelSettings = Annotated[ScriptedModel | OpenAIModel, Field(discriminator="provider")]
ConnectorSettings = Annotated[OpenApiSettings | RecorderSettings, Field(discriminator="kind")]


class RetentionSettings(_Table):
    """`[workflow.retention]`: how long entries and content are kept; without it, for good."""

    profile: Literal["hipaa", "17a-4", "500.06"] | None = None
    leaf_days: int | None = Field(default=None, gt=0, le=36_500)
    payload_days: int | None = Field(default=None, gt=0, le=36_500)


class WorkflowSettings(_Table):
    """`[workflow]`: one workflow and what it runs with."""

    name: str
    module: str  # `desk:desk`: a file beside `remit.toml`, and the workflow in it
    phase: Literal["baseline", "pilot", "expand", "replicate"] = "pilot"
    in_flight: Literal["follow", "pin"] = "follow"  # may open cases go on under changed code?
    knowledge: str | None = None
    prompts: str = "prompts"
    policies: str = "policies"
    owners: OwnerSettings
    desk: DeskSettings = DeskSettings()
    running: RunningSettings = RunningSettings()
    retention: RetentionSettings = RetentionSettings()
    actions: dict[str, ActionSettings] = {}
    classifiers: dict[str, ClassifierSettings] = {}
    models: dict[str, ModelSettings] = {}
    routes: dict[str, RouteSettings] = {}
    connectors: dict[str, ConnectorSettings] = {}
    columns: dict[str, str] = {}  # field -> column of a row, or of a mail
    senders: dict[str, str] = {}  # who writes from which country

    @property
    def concurrent_max(self) -> dict[str, int]:
        """How many calls at once each model and connector may have that has a limit."""
        kinds: dict[str, Mapping[str, ModelSettings | ConnectorSettings]]
        kinds = {"model": self.models, "connector": self.connectors}
        return {
            f"{kind}:{name}": one.concurrent_max
            for kind, named in kinds.items()
            for name, one in named.items()
            if one.concurrent_max is not None
        }


class WorkSettings(_Table):
    """How each worker of several works: `dispatch = "dbos"`."""

    runs_max: int = Field(default=256, ge=1, le=4_096)
    polling_seconds: float = Field(default=0.05, ge=0.005, le=60)  # between two looks at the queue
    frozen_seconds: float = Field(default=15.0, ge=3, le=3600)  # silent so long: taken over


class Settings(_Table):
    """`remit.toml` as a whole."""

    database: str = "sqlite:///.remit/remit.db"
    dispatch: Literal["in-process", "dbos"] = "in-process"  # dbos: any number of processes
    sessions_max: int = Field(default=16, ge=2, le=64)  # PostgreSQL, to write; half to read
    work: WorkSettings = WorkSettings()
    keys: str = ".remit-keys"  # beside the data: a backup of the data holds no key
    key_passphrase: str | None = None  # a reference; the root keys are sealed under it
    key_command: list[str] = []  # a program that keeps the root keys instead of a file
    root_key_rotation_days: int = Field(default=30, ge=1, le=3650)
    root_key_destroy_after_days: int = Field(default=30, ge=0, le=3650)
    trained: str = ".remit/trained"  # where trained classifiers are kept, by content
    anchor: str | None = None  # the anchor file on this host, outside the data
    origin: str = "remit.local/ledger/1"
    replay_check_share: float = Field(default=0.01, ge=0, le=1)  # of closed cases
    locale: str | None = None
    zone: str | None = None
    verify_cron: str = "30 2 * * *"  # when the whole ledger is verified; empty for never
    keep_cron: str = "30 3 * * *"  # epochs end, content past `payload_days` goes; empty: never
    host: str = "127.0.0.1"
    port: int = Field(default=8484, ge=0, le=65_535)
    ledger: LedgerSettings = LedgerSettings()
    recognisers: list[str] = []  # of values in free text, beside our patterns: `names`, plug-ins
    public: list[str] = []  # values of your own that stay clear: the shop's address and number
    disk_free_bytes_min: int = Field(default=1024**3, ge=0)  # with less, nothing is taken in
    people: dict[str, PersonSettings] = {}
    workflows: list[str] = []  # folders that hold a `remit.toml` with a `[workflow]`
    workflow: WorkflowSettings | None = None


class Project(_Table):
    """Settings with the folder that they stand in."""

    folder: Path
    settings: Settings
    members: tuple["Project", ...] = ()

    @property
    def workflows(self) -> tuple["Project", ...]:
        """The folders that hold a workflow, this one first if it does."""
        own = (self,) if self.settings.workflow is not None else ()
        return (*own, *self.members)

    @property
    def people(self) -> dict[str, PersonSettings]:
        """Everybody, by handle; the outer file wins."""
        found: dict[str, PersonSettings] = {}
        for member in reversed(self.workflows):
            found |= member.settings.people
        return found | self.settings.people

    def listed(self, name: Literal["recognisers", "public"]) -> list[str]:
        """Return what any of the files lists: one process masks for all of them."""
        return [value for one in (self, *self.members) for value in getattr(one.settings, name)]

    def path(self, relative: str) -> Path:
        """Return a path of the settings, taken from their folder."""
        return (self.folder / relative).resolve()


def read(folder: Path, environment: Mapping[str, str] | None = None) -> Project:
    """Read the project in a folder.

    The environment may set `REMIT_DATABASE`, `REMIT_DISPATCH`, `REMIT_KEYS`, `REMIT_TRAINED`,
    `REMIT_HOST` and `REMIT_PORT`. Raises `SettingsError` naming file, place and what to write.
    """
    given = os.environ if environment is None else environment
    top = _file(folder)
    changes: dict[str, Any] = {
        name: given[f"REMIT_{name.upper()}"]
        for name in ("database", "dispatch", "keys", "trained", "host", "port")
        if given.get(f"REMIT_{name.upper()}")
    }
    if changes:
        top = _checked(folder / FILE, {**top.model_dump(exclude_unset=True), **changes})
    if top.dispatch == "dbos" and top.database.startswith("sqlite"):
        raise SettingsError(
            f'`{folder / FILE}`: `dispatch = "dbos"` needs PostgreSQL, and `database` is a file '
            "of SQLite; set `database` to `postgresql://…`, or leave `dispatch` out"
        )
    members = []
    for name in top.workflows:
        inner = folder / name
        settings = _file(inner)
        if settings.workflow is None:
            raise SettingsError(
                f"`{inner / FILE}` has no `[workflow]`; add one, or do not list it"
            )
        members.append(Project(folder=inner.resolve(), settings=settings))
    project = Project(folder=folder.resolve(), settings=top, members=tuple(members))
    if not project.workflows:
        raise SettingsError(
            f"`{folder / FILE}` names no workflow; add `[workflow]` or list folders in `workflows`"
        )
    return project


def secret(reference: str | None, environment: Mapping[str, str] | None = None) -> str | None:
    """Return what a reference `env:NAME` or `file:PATH` stands for; other text is itself.

    Raises `SettingsError` when nothing is there.
    """
    if reference is None:
        return None
    kind, colon, name = reference.partition(":")
    given = os.environ if environment is None else environment
    if colon and kind == "env":
        if name not in given:
            raise SettingsError(f"the environment variable `{name}` is not set; set it")
        return given[name]
    if colon and kind == "file":
        try:
            return Path(name).read_text("utf-8").strip()
        except OSError as error:
            raise SettingsError(f"the file `{name}` of a secret cannot be read") from error
    return reference


def _file(folder: Path) -> Settings:
    path = folder / FILE
    try:
        content = path.read_bytes()
    except OSError as error:
        raise SettingsError(
            f"there is no `{FILE}` in `{folder}`; go to your project's folder, "
            "name it with `--project`, or start one with `remit new NAME`"
        ) from error
    if len(content) > FILE_BYTES_MAX:
        raise SettingsError(f"`{path}` is larger than {FILE_BYTES_MAX} bytes")
    try:
        return _checked(path, tomllib.loads(content.decode("utf-8")))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise SettingsError(f"`{path}` is not TOML: {error}") from error


def _checked(path: Path, table: Mapping[str, Any]) -> Settings:
    try:
        return Settings.model_validate(table)
    except ValidationError as error:
        faults = [
            f"`{'.'.join(map(str, fault['loc']))}`: {fault['msg'][:1].lower()}{fault['msg'][1:]}"
            for fault in error.errors(include_url=False, include_input=False)
        ]
        more = len(faults) - FAULTS_SHOWN_MAX
        said = "; ".join(faults[:FAULTS_SHOWN_MAX]) + (f"; and {more} more" if more > 0 else "")
        raise SettingsError(f"`{path}`: {said}") from None
