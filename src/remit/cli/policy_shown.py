"""Rules, decisions and flips as lines of text."""

from collections.abc import Iterable, Iterator, Mapping

from remit.domain.decision import Lift, LiftKind, PolicyAnswer
from remit.domain.frozen import dataclass
from remit.governance.cards import shown
from remit.governance.decided import Decided
from remit.policy import wording
from remit.policy.backtest import Again
from remit.policy.examples import verdict
from remit.policy.matrix import Row
from remit.policy.request import PolicyRequest
from remit.policy.rule import Rule


@dataclass(frozen=True, slots=True, kw_only=True)
class Flip:
    """One recorded decision that another book would have made otherwise."""

    case_id: str
    seq: int
    action: str
    before: str
    after: str
    rules: tuple[str, ...]
    loosens: bool
    broken: tuple[str, ...]


def answer(said: PolicyAnswer, rules: Mapping[str, Rule]) -> list[str]:
    """Return what the rules say of one request, each with its owner and place."""
    lines = [f"the rules say {verdict(said).value}"]
    lines += [f"  permitted by {_named(name, rules)}" for name in said.permits]
    if not said.permits:
        lines.append("  no rule permits it; a rule that does would lift this, or its owner's yes")
    for one in said.forbids:
        lines.append(f"  forbidden by {_named(one.rule, rules)}")
        if one.requirement is not None:
            lines.append(f"    lifted by {wording.people(one.requirement)}")
        elif one.escalate:
            lines.append("    a person decides on it, outside of the workflow")
        else:
            lines.append("    nothing lifts it")
    lines += [f"  failed: {one}" for one in said.diagnostics]
    lines += [f"  asks {one.kind}({one.value})" for one in said.obligations]
    return lines


def decision(one: Decided) -> list[str]:
    """Return one recorded decision with its reasons, and what would lift each."""
    facts, said = one.facts, one.decision
    lines = [
        f"{one.case_id} entry {one.seq}: {facts.workflow}.{facts.action} {said.verdict.value}"
    ]
    lines += [f"  permitted by {name}" for name in facts.policy.permits]
    for forbid in facts.policy.forbids:
        lines.append(f"  forbidden by {forbid.rule}: {forbid.says}")
    for reason in said.reasons:
        lines.append(f"  {reason.verdict.value} {reason.code}: {reason.sentence}")
        lines.append(f"    {_lift(reason.lift)}")
    lines += [f"  lifted {reason.code}: {reason.sentence}" for reason in said.lifted]
    return lines


def flip(one: Decided, made: Again) -> Flip:
    """Return a flip in short."""
    return Flip(
        case_id=one.case_id,
        seq=one.seq,
        action=f"{one.facts.workflow}.{one.facts.action}",
        before=made.before.verdict.value,
        after=made.after.verdict.value,
        rules=made.rules,
        loosens=made.loosens,
        broken=made.broken,
    )


def flipped(one: Flip) -> str:
    """Return a flip as one line."""
    more = "".join(f"; breaks: {said}" for said in one.broken)
    how = " (looser)" if one.loosens else ""
    return (
        f"{one.case_id} entry {one.seq} {one.action}: {one.before} becomes {one.after}{how}{more}"
    )


def request(one: PolicyRequest) -> str:
    """Return a request as one line, arguments and facts by their names."""
    parts = [
        f"{name}={shown(value.form)}"
        for values in (one.arguments, one.facts, one.fields)
        for name, value in values.items()
    ]
    parts += [f"{name} is {label.value}" for name, label in one.labels.items()]
    parts += [f"{one.approvals} agreed", f"level {one.level.value}"]
    told = {"channel": one.channel, "segment": one.segment, "subject": one.subject}
    parts += [f"{name} {value}" for name, value in told.items() if value is not None]
    return f"{one.name}: {', '.join(parts)}"


def matrix(rows: Iterable[Row]) -> Iterator[str]:
    """Yield the table, one line for each cell."""
    last = ("", "")
    for row in rows:
        if (row.action, row.resource) != last:
            last = (row.action, row.resource)
            yield f"{row.action} {row.resource}"
        said = ", ".join(row.codes) or "-"
        yield (
            f"    {row.level:<12} {row.votes}  {row.verdict:<9} "
            f"{', '.join(row.rules) or '-'}  [{said}]"
        )


def _lift(lift: Lift) -> str:
    if lift.kind is LiftKind.NEVER:
        return "nothing lifts it"
    if lift.requirement is not None:
        return f"lifted by {wording.people(lift.requirement)}"
    return f"lifted when {lift.event}"


def _named(name: str, rules: Mapping[str, Rule]) -> str:
    rule = rules[name]
    return f"{name}: {rule.says} ({rule.owner}, {rule.place.file} line {rule.place.line})"
