"""What a proposal asks of the limits that cover it, and what is taken of them."""

from collections.abc import Mapping
from dataclasses import dataclass

from remit.domain import clock
from remit.domain.action import ActionSpec
from remit.domain.decision import LimitFact
from remit.domain.limit import Limit, Measure, Per
from remit.domain.value import encode
from remit.orchestration.acted_on import money
from remit.orchestration.proposed import Proposal, Reserved
from remit.orchestration.run import Run
from remit.policy.limits import fits
from remit.store import limits
from remit.store.connection import Connection
from remit.store.limits import RaiseRow, Taken

_NOTHING = Taken()

NOBODY = "nobody"  # whom a case came from that names nobody: all of these share a limit


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """What a proposal asks of one limit."""

    limit: Limit
    key: str
    since_us: int  # what happened before it does not count any more
    demand: int | None  # None: nobody can tell


def asked(run: Run, spec: ActionSpec, proposal: Proposal) -> tuple[Asked, ...]:
    """Return what a proposal asks of each limit that covers it.

    A limit on money is about its own currency. What moves in one that no limit counts is asked of
    all of them, and nobody can tell how much it is.
    """
    now_us = clock.microseconds(run.now())
    moved = money(spec, proposal.arguments)
    covering = [one for one in run.equipment.limits if one.covers(spec) and _moves(one, spec)]
    counted = {one.currency for one in covering}
    found = []
    for limit in covering:
        if limit.currency and moved is not None and limit.currency != moved[1] in counted:
            continue  # another limit is for that currency
        found.append(
            Asked(
                limit=limit, key=_key(run, limit, proposal), since_us=now_us - limit.window_us,
                demand=_demand(run, limit, spec, moved),
            )
        )  # fmt: skip
    return tuple(found)


def facts(
    run: Run,
    connection: Connection,
    every: tuple[Asked, ...],
    taken: tuple[tuple[str, Taken], ...],
) -> tuple[LimitFact, ...]:
    """Return the limits as the gate is told of them, by name."""
    if not every:
        return ()
    raises, found = limits.raises(connection), dict(taken)
    now_us = clock.microseconds(run.now())
    return tuple(
        LimitFact(
            name=one.limit.name,
            used=found.get(one.key, _NOTHING).used,
            reserved=found.get(one.key, _NOTHING).reserved,
            demand=one.demand,
            max=most(one.limit, raises, now_us=now_us),
            counts_all=one.limit.counts_all,
            escalate_outside=one.limit.escalates,
            unknown=one.demand is None,
            currency=one.limit.currency,
        )
        for one in sorted(every, key=lambda one: one.limit.name)
    )


def most(limit: Limit, raises: Mapping[str, RaiseRow], *, now_us: int) -> int:
    """Return what a limit allows now."""
    raised = raises.get(limit.name)
    if raised is None or raised.until_us <= now_us:
        return limit.max
    return max(limit.max, raised.max)


def reserved(
    every: tuple[Asked, ...], told: tuple[LimitFact, ...], *, approved: bool
) -> tuple[Reserved, ...]:
    """Return what is taken when this is cleared.

    What a person approved takes nothing of a limit on what is done alone.
    """
    most = {fact.name: fact.max for fact in told}
    return tuple(
        Reserved(key=one.key, quantity=one.demand, max=most[one.limit.name])
        for one in sorted(every, key=lambda one: one.key)
        if one.demand and one.demand > 0 and (one.limit.counts_all or not approved)
    )


def fit(taken: tuple[tuple[str, Taken], ...], reserves: tuple[Reserved, ...]) -> bool:
    """Return whether all that would be taken still fits beside what others have taken by now.

    INVARIANT: looked at in the transaction that takes it, under the name of each limit
    (tests/contract/test_parallel_desk.py).
    """
    found = dict(taken)
    return all(
        fits(
            found.get(one.key, _NOTHING).used,
            found.get(one.key, _NOTHING).reserved,
            one.quantity,
            one.max,
        )
        for one in reserves
    )


def room(every: tuple[Asked, ...], taken: Mapping[str, Taken]) -> dict[str, int]:
    """Return when there may be room in a limit again: the oldest in its window leaves it."""
    firsts = {one: taken.get(one.key, _NOTHING).first_us for one in every}
    return {
        one.limit.name: first + one.limit.window_us
        for one, first in firsts.items()
        if first is not None
    }


def reached(run: Run, spec: ActionSpec) -> dict[str, int | None]:
    """Return the rows and recipients that an action comes to, as it counts them."""
    return {measure: _derived(run, name) for measure, name in spec.reaches}


# -- parts ---------------------------------------------------------------------------------------


def _moves(limit: Limit, spec: ActionSpec) -> bool:
    """Return whether an action can have anything of what a limit counts."""
    if limit.measure is Measure.MONEY:
        return any(param.type == "money" for param in spec.params)
    return True


def _demand(run: Run, limit: Limit, spec: ActionSpec, moved: tuple[int, str] | None) -> int | None:
    match limit.measure:
        case Measure.EFFECTS:
            return 1
        case Measure.MONEY:
            return None if moved is None or moved[1] != limit.currency else moved[0]
        case Measure.ROWS | Measure.RECIPIENTS:
            name = dict(spec.reaches).get(limit.measure.value)
            return None if name is None else _derived(run, name)


def _derived(run: Run, name: str) -> int | None:
    """Return the number that a derive of this case came to last."""
    for entry, result in reversed(run.history.derived):
        if entry.body.get("name") == name:
            value = result.get("value") if isinstance(result, dict) else None
            return value if isinstance(value, int) and not isinstance(value, bool) else None
    return None


def _key(run: Run, limit: Limit, proposal: Proposal) -> str:
    """Return the name under which a limit adds up; all processes give the same."""
    match limit.per:
        case Per.CASE:
            of = run.case_id
        case Per.SUBJECT:
            of = run.history.subject or NOBODY
        case Per.WORKFLOW:
            of = run.equipment.name
        case Per.CONNECTOR:
            of = proposal.connector or NOBODY
        case Per.EVERYTHING:
            of = ""
    return f"{limit.name}/{run.shared(encode(['limit', limit.per.value, of]))}"
