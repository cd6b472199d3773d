"""Rules, decisions and flips as lines of text."""

from collections.abc import Iterable, Iterator

from remit.domain.decision import Lift, LiftKind
from remit.governance.decided import Decided
from remit.governance.weighing import Flip
from remit.policy import wording
from remit.policy.matrix import Row


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


def flipped(one: Flip) -> str:
    """Return a flip as one line."""
    more = "".join(f"; breaks: {said}" for said in one.broken)
    how = " (looser)" if one.loosens else ""
    return (
        f"{one.case_id} entry {one.seq} {one.action}: {one.before} becomes {one.after}{how}{more}"
    )


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
