"""What one workflow runs with: the author's functions and everything its settings set up."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field

from remit.authoring.workflow import Workflow
from remit.domain.acknowledgement import Acknowledgement, demanded
from remit.domain.action import ActionSpec, Risk
from remit.domain.autonomy import Level, Phase
from remit.domain.directory import Directories
from remit.domain.limit import Limit
from remit.domain.plan import Plan
from remit.governance.access import Entitled
from remit.governance.delegations import Lent
from remit.governance.escalation import Chain
from remit.intake.senders import Senders
from remit.models.choice import Classifier
from remit.models.prompt import PromptArtefact
from remit.models.routing import Route
from remit.orchestration.entitled import Listed, Reveal
from remit.orchestration.lanes import LaneSettings
from remit.policy.book import PolicyBook
from remit.retrieval.retriever import Retriever


@dataclass(frozen=True, slots=True, kw_only=True)
class Desk:
    """How long a person may take, and who may decide."""

    approver_role: str = "approver"
    due_seconds: int = 4 * 3600
    expires_seconds: int = 72 * 3600
    approved_seconds: int = 15 * 60
    grace_seconds: int = 10
    quarantine_seconds: int = 24 * 3600
    batch_items_max: int = 25


@dataclass(frozen=True, slots=True, kw_only=True)
class Equipment:
    """One workflow, ready to run."""

    workflow: Workflow
    phase: Phase
    owner: str
    escalation: str = ""  # who answers for what waits in quarantine
    escalates_to: str = ""  # the same, where that is somebody active
    owners: Mapping[str, str] = field(default_factory=dict)  # what somebody answers for -> who
    connectors: frozenset[str] = frozenset()  # names of other systems that it may reach
    accounts: Mapping[str, str] = field(default_factory=dict)  # how each is reached, as text
    fingerprint: str  # digest of model, prompts, tools, policy, knowledge and code
    pinned: bool = False  # a case runs only under the version under which it began
    carries: frozenset[str] = frozenset()  # versions that differ by rules and limits alone
    desk: Desk = field(default_factory=Desk)
    chain: Chain = field(default_factory=Chain)  # who is asked next
    able: Callable[[str, tuple[int, str] | None], list[str]] | None = None  # by role and money
    lent: Lent = lambda _handle, _found, _moved, _now_us: {}  # roles of others, by giver
    entitled: Entitled = lambda _handle, _moved: frozenset()  # roles of now, for so much money
    ceilings: Mapping[str, Level] = field(default_factory=dict)
    reveals: Listed = field(default_factory=dict)
    classifiers: Mapping[str, Classifier] = field(default_factory=dict)
    prompts: Mapping[str, PromptArtefact] = field(default_factory=dict)
    routes: Mapping[str, Route] = field(default_factory=dict)
    retriever: Retriever | None = None
    book: PolicyBook | None = None  # None: every effect is blocked
    rules_refused: str = ""  # why the rules do not load
    directories: Directories = field(default_factory=dict)
    content_allowed: tuple[str, ...] = ()  # what free text may name though no source does
    acknowledge: Mapping[str, Acknowledgement] = field(default_factory=dict)  # by action
    low_marks_ppm: Mapping[str, int] = field(default_factory=dict)
    plans: Mapping[str, Plan] = field(default_factory=dict)  # how its cells are judged, by action
    columns: Mapping[str, str] = field(default_factory=dict)  # field -> column of a row or a mail
    senders: Senders | None = None  # who writes from which country
    limits: tuple[Limit, ...] = ()
    lane: LaneSettings = field(default_factory=LaneSettings)
    sleep: Callable[[float], Awaitable[None]] = asyncio.sleep

    @property
    def sources(self) -> dict[str, str]:
        """From which column of a row or a mail each field of the case is filled."""
        handler = self.workflow.handler
        names = () if handler is None else handler.case.model_fields
        return {name: self.columns.get(name, name) for name in names}

    @property
    def name(self) -> str:
        return self.workflow.name

    def spec(self, action: str) -> ActionSpec | None:
        declared = self.workflow.actions.get(action)
        return None if declared is None else declared.spec

    def revealed(self, action: str) -> dict[str, Reveal]:
        """Return what is listed for an action, by parameter."""
        return {name: one for (owner, name), one in self.reveals.items() if owner == action}

    def ceiling(self, action: str) -> Level:
        return self.ceilings.get(action, Level.AUTONOMOUS)

    def grace_seconds(self, spec: ActionSpec) -> int:
        return self.desk.grace_seconds if spec.grace_seconds is None else spec.grace_seconds

    def acknowledgement(self, spec: ActionSpec, *, outside: bool) -> Acknowledgement:
        """Return how far the intent of an action must have come before it is performed."""
        return demanded(spec.risk, asked=self.acknowledge.get(spec.name), outside=outside)

    def approvals_needed(self, risk: Risk) -> int:
        return 2 if risk is Risk.IRREVERSIBLE else 1
