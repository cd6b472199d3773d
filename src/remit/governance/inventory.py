"""What runs: each workflow with its version, its owners, and everything that it can reach."""

from collections.abc import Mapping

from remit.domain.action import ActionSpec, ToolSpec, words
from remit.domain.frozen import dataclass
from remit.governance.overview import ActionView
from remit.policy.rule import Rule


@dataclass(frozen=True, slots=True, kw_only=True)
class ListedAction:
    """An effect that a workflow can ask for, and what it may do of it alone."""

    action: str
    risk: str
    level: str
    ceiling: str
    undo: str  # empty: it has none, or is one itself
    is_undo: bool
    times_max: int
    parameters: Mapping[str, str]  # name -> where its value may come from


@dataclass(frozen=True, slots=True, kw_only=True)
class ListedTool:
    """A read on another system, or a pure function whose result is recorded like one."""

    tool: str
    derive: bool
    parameters: Mapping[str, str]
    from_outside: tuple[str, ...]  # fields that third parties can write


@dataclass(frozen=True, slots=True, kw_only=True)
class ListedRule:
    """A rule in force."""

    rule: str
    permits: bool
    says: str
    owner: str
    since: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Inventory:
    """One workflow as it runs."""

    workflow: str
    version: str  # fingerprint of model, prompts, tools, policy, knowledge and code
    phase: str
    owners: Mapping[str, str]  # what somebody answers for -> who
    actions: tuple[ListedAction, ...]
    tools: tuple[ListedTool, ...]
    connectors: tuple[str, ...]
    models: Mapping[str, tuple[str, ...]]  # route -> models, in the order in which they are asked
    prompts: Mapping[str, str]  # prompt -> owner
    classifiers: tuple[str, ...]
    rules: tuple[ListedRule, ...]


def action(spec: ActionSpec, view: ActionView) -> ListedAction:
    """Return how an action stands in an inventory, with the level that it has now."""
    return ListedAction(
        action=spec.name,
        risk=spec.risk.value,
        level=view.level,
        ceiling=view.ceiling,
        undo=spec.undo or "",
        is_undo=spec.is_undo,
        times_max=spec.times_max,
        parameters={param.name: words(param.source) for param in spec.params},
    )


def tool(spec: ToolSpec) -> ListedTool:
    """Return how a tool or a derive stands in an inventory."""
    return ListedTool(
        tool=spec.name,
        derive=spec.derive,
        parameters={param.name: words(param.source) for param in spec.params},
        from_outside=tuple(field.path for field in spec.fields if not field.system),
    )


def rule(found: Rule) -> ListedRule:
    """Return how a rule stands in an inventory."""
    return ListedRule(
        rule=found.id,
        permits=found.permits,
        says=found.says,
        owner=found.owner,
        since=found.since.isoformat(),
    )
