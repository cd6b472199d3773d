"""One workflow: `[workflow]`."""

from collections.abc import Mapping
from typing import Literal

from pydantic import Field

from remit.settings.connectors import ConnectorSettings
from remit.settings.models import ClassifierSettings, ModelSettings, RouteSettings
from remit.settings.people import OwnerSettings
from remit.settings.table import Table


class DeskSettings(Table):
    """How long people may take, and which role decides."""

    approver_role: str = "approver"
    due_seconds: int = Field(default=4 * 3600, gt=0)
    expires_seconds: int = Field(default=72 * 3600, gt=0, le=30 * 86_400)
    approved_seconds: int = Field(default=900, gt=0)
    grace_seconds: int = Field(default=10, ge=0, le=3600)
    quarantine_seconds: int = Field(default=24 * 3600, gt=0, le=30 * 86_400)  # to settle a message
    batch_items_max: int = Field(default=25, ge=1, le=100)  # approvals that one answer may settle


class StepSettings(Table):
    """To whom an approval moves, and how long after its due time."""

    after: str = Field(default="0m", pattern=r"^\d{1,4}(m|h|d)$")
    to: str = Field(pattern=r"^(role|person):[a-zA-Z0-9][\w.-]*$")

    @property
    def after_us(self) -> int:
        """As microseconds."""
        seconds = {"m": 60, "h": 3_600, "d": 86_400}[self.after[-1]]
        return int(self.after[:-1]) * seconds * 1_000_000


class EscalationSettings(Table):
    """`[workflow.escalation]`: who is asked next when nobody decides in time."""

    steps: list[StepSettings] = Field(default=[], max_length=10)
    last: str | None = None  # a person; without it the owner of escalations


class RunningSettings(Table):
    """How much of a workflow runs beside others, and when its intake says no."""

    weight: float = Field(default=1.0, ge=0.01, le=100)
    running_max: int = Field(default=256, gt=0)
    open_cases_max: int = Field(default=100_000, gt=0)
    held_max: int = Field(default=10_000, gt=0)  # that wait for people; then bulk pauses
    ready_age_seconds_max: int = Field(default=300, gt=0)
    case_seconds: int | None = Field(default=None, gt=0)  # in which a case should be closed


class RevealSettings(Table):
    """Which masked types the free text of one parameter may carry as real values, and where to."""

    types: frozenset[str] = Field(min_length=1)
    destination: str = Field(pattern=r"^[a-z][\w-]*(:case\.\w+)?$")  # CONNECTOR[:case.FIELD]


class ContentSettings(Table):
    """What free text may name though no source does: links, addresses, accounts of your own."""

    allow: list[str] = Field(default=[], max_length=1_000)  # with a slash at its end: a beginning


class AutonomySettings(Table):
    """`[workflow.actions.NAME.autonomy]`: how its cells are judged; stricter than its risk only.

    Any change begins the evidence of its cells anew.
    """

    error_max: float | None = Field(default=None, gt=0, lt=1)
    false_grant_max: float | None = Field(default=None, gt=0, lt=1)
    label_window_days: int | None = Field(default=None, ge=1, le=365)
    settle: Literal["verdict", "window"] | None = None
    cluster: Literal["subject", "case"] = "subject"
    material: list[str] = Field(default=[], max_length=100)  # beside what carries authority
    sampled_share: float = Field(default=0.25, ge=0.05, le=1)
    autonomous_share: float = Field(default=0.10, ge=0.05, le=1)
    reviewers: Literal["measured", "assumed"] = "measured"
    seed_share: float = Field(default=0.05, ge=0.05, le=0.5)  # of what people decide, in checks
    starts: Literal["shadow", "draft", "approve-each"] = "approve-each"


class BoardSettings(Table):
    """`[workflow.autonomy]`: what is promised where many cells are looked at together.

    Any change begins the evidence of all cells of the workflow anew.
    """

    many_cells: Literal["own", "fdr"] = "own"
    false_share_max: float = Field(default=0.10, ge=0.000001, lt=1)  # where it is `fdr`


class ActionSettings(Table):
    """Bounds that an owner sets on one action."""

    ceiling: Literal["shadow", "draft", "approve-each", "sampled", "autonomous"] = "autonomous"
    low_mark: float | None = Field(default=None, ge=0, le=1)
    acknowledge: Literal["durable", "sequenced", "witnessed"] | None = None
    reveal: dict[str, RevealSettings] = {}
    autonomy: AutonomySettings = AutonomySettings()


class RetentionSettings(Table):
    """`[workflow.retention]`: how long entries and content are kept; without it, for good."""

    profile: Literal["hipaa", "17a-4", "500.06"] | None = None
    leaf_days: int | None = Field(default=None, gt=0, le=36_500)
    payload_days: int | None = Field(default=None, gt=0, le=36_500)


class WorkflowSettings(Table):
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
    escalation: EscalationSettings = EscalationSettings()
    running: RunningSettings = RunningSettings()
    retention: RetentionSettings = RetentionSettings()
    autonomy: BoardSettings = BoardSettings()
    actions: dict[str, ActionSettings] = {}
    classifiers: dict[str, ClassifierSettings] = {}
    models: dict[str, ModelSettings] = {}
    routes: dict[str, RouteSettings] = {}
    connectors: dict[str, ConnectorSettings] = {}
    columns: dict[str, str] = {}  # field -> column of a row, or of a mail
    content: ContentSettings = ContentSettings()
    senders: dict[str, str] = {}  # who writes from which country

    @property
    def accounts(self) -> dict[str, str]:
        """How each other system is reached, as text: another address is another world."""
        return {
            name: one.model_dump_json(exclude={"concurrent_max"})
            for name, one in self.connectors.items()
        }

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
