"""The gate's facts: everything it is told about one proposal, from the case and the rows."""

from collections.abc import Mapping
from datetime import datetime

from remit.domain.action import ActionSpec, ArgumentProof, Bound, Witness
from remit.domain.approval import Vote
from remit.domain.autonomy import Level, Phase
from remit.domain.clock import instant
from remit.domain.decision import (
    Clearance,
    ConfidenceFact,
    GateFacts,
    LevelFact,
    LimitFact,
    PolicyAnswer,
)
from remit.domain.frozen import dataclass
from remit.domain.value import Canonical
from remit.orchestration import (
    denials,
    endorsed,
    level_facts,
    limiting,
    policy_facts,
    provenance,
)
from remit.orchestration import votes as cast_votes
from remit.orchestration.acted_on import bound_names, money, record_digest, takes
from remit.orchestration.bound import bound, signature
from remit.orchestration.content import confidential, findings
from remit.orchestration.equipment import Equipment
from remit.orchestration.guarded import Guard
from remit.orchestration.halted import stops_on
from remit.orchestration.limiting import Asked
from remit.orchestration.proposed import Gathered, Proposal, canonical_values
from remit.orchestration.run import Run
from remit.orchestration.standing import Standing, read_standing
from remit.policy import sources
from remit.policy.book import ask
from remit.policy.denial import kind
from remit.policy.reads import Reads
from remit.store.connection import Connection

# What is taken for a fact that could not be told, beside the fault that denies.
_NOWHERE = Standing(authority=-1, taken=(), ambiguous=0)
_NO_LEVEL = LevelFact(phase=Phase.BASELINE, granted=None, ceiling=Level.SHADOW)
_NO_ANSWER = PolicyAnswer(loaded=False, decision=None)
_NOBODY: tuple[Vote, ...] = ()
_NOTHING: tuple[Witness, ...] = ()
_NO_WORD: tuple[tuple[Witness, ...], int | None] = ((), None)
_NOT_SURE = ConfidenceFact(asked=True, ppm=None, threshold_ppm=None, low_mark_ppm=None)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Evidence:
    """What stands behind the arguments of a proposal, and the rows it was weighed against."""

    values: Mapping[str, Canonical]
    witnesses: tuple[Witness, ...]
    record: str
    bounds: Mapping[str, Bound]
    standing: Standing
    proofs: tuple[ArgumentProof, ...]
    takes: tuple[str, ...]
    asked: tuple[Asked, ...]
    limits: tuple[LimitFact, ...]
    vouched_us: int | None  # when the newest word of a person for one of them was given


def gather(
    run: Run,
    connection: Connection,
    proposal: Proposal,
    *,
    votes: tuple[Vote, ...] = (),
    containment: str | None = None,
) -> Gathered:
    """Gather the facts about a proposal of this run on a read snapshot."""
    guard = Guard()
    spec = run.equipment.spec(proposal.action)
    said = _evidence(run, connection, proposal, spec, guard)
    equipment = run.equipment = guard.fact(
        "rules", lambda: _in_force(run, connection, said.standing), unknown=run.equipment
    )
    level = guard.fact(
        "level",
        lambda: level_facts.level(
            run, connection, spec, proposal, said.standing, record_digest(run, said.record)
        ),
        unknown=_NO_LEVEL,
    )
    digest = guard.fact("digest", lambda: _bound(run, proposal, spec, said.witnesses), unknown="")
    cast = guard.fact(
        "delegations",
        lambda: cast_votes.not_lapsed(
            connection,
            run,
            proposal,
            votes,
            version=said.standing.authority,
            now=run.now(),
        ),
        unknown=_NOBODY,
    )
    counted = guard.fact("votes", lambda: _counted(run, proposal, cast, digest), unknown=_NOBODY)
    weighed = () if spec is None else policy_facts.of_record(spec, said.witnesses, said.record)
    resting = {} if spec is None else provenance.facts_resting(spec, weighed)
    book = equipment.book
    asked = (
        None
        if spec is None
        else guard.fact(
            "question",
            lambda: policy_facts.question(
                run, spec, said.values, said.proofs, weighed, counted, level, resting
            ),
            unknown=None,
        )
    )
    facts = GateFacts(
        action_id=proposal.action_id,
        case_id=run.case_id,
        workflow=equipment.name,
        version=equipment.fingerprint,
        action=proposal.action,
        author=proposal.author,
        arguments=proposal.arguments,
        types={name: value.type for name, value in said.values.items()},
        signature_digest="" if spec is None else signature(spec),
        spec=spec,
        spec_digest="" if spec is None else signature(spec),
        times_used=guard.fact("count", lambda: denials.times_used(run, proposal), unknown=0),
        denied_intent=guard.fact(
            "denials", lambda: denials.denied(run, spec, proposal), unknown=False
        ),
        denied_count=guard.fact("denied", lambda: denials.count(run, spec, proposal), unknown=0),
        proofs=said.proofs,
        content_findings=guard.fact(
            "content",
            lambda: findings(run, spec, proposal.arguments, said.values, said.witnesses),
            unknown=(),
        ),
        confidential=guard.fact(
            "confidential",
            lambda: confidential(run, spec, proposal.arguments, said.values, said.witnesses),
            unknown=(),
        ),
        stops=guard.fact(
            "stops",
            lambda: stops_on(
                run,
                connection,
                said.standing.authority,
                action=proposal.action,
                connector=proposal.connector,
            ),
            unknown=(),
        ),
        policy=_NO_ANSWER
        if book is None or asked is None
        else guard.fact("policy", lambda: ask(book, asked), unknown=_NO_ANSWER),
        limits=said.limits,
        level=level,
        confidence=guard.fact(
            "confidence",
            lambda: level_facts.confidence(
                run, connection, proposal, said.standing, segment=level.segment
            ),
            unknown=_NOT_SURE,
        ),
        digest=digest,
        clearance=Clearance(votes=counted, digest=digest, containment=containment),
        assumed_facts=resting,
        edited=tuple(sorted(proposal.endorsed)),
        denied_until=guard.fact(
            "subject",
            lambda: _denied_until(connection, run, spec, proposal, said.standing),
            unknown=None,
        ),
        undo=proposal.undo,
        grace_seconds=_grace_seconds(run, spec, proposal, counted),
        latest=None if said.vouched_us is None else instant(said.vouched_us),
        faults=tuple(guard.faults),
        now=run.now(),
    )
    return Gathered(
        facts=facts,
        asked=asked,
        standing=said.standing,
        record=record_digest(run, said.record),
        bounds=tuple(said.bounds),
        takes=said.takes,
        limits=_since(said.asked),
        reserves=limiting.reserved(said.asked, said.limits, approved=bool(counted)),
        room_us=limiting.room(said.asked, dict(said.standing.limits)),
        witnesses=said.witnesses,
        money=money(spec, proposal.arguments),
    )


def _evidence(
    run: Run, connection: Connection, proposal: Proposal, spec: ActionSpec | None, guard: Guard
) -> _Evidence:
    equipment = run.equipment
    values = canonical_values(spec, proposal.arguments)
    witnesses = guard.fact(
        "witnesses",
        lambda: (*provenance.witnesses(run), *endorsed.typed(run, proposal, values)),
        unknown=_NOTHING,
    )
    said = Reads(witnesses)
    bounds: Mapping[str, Bound] = {}
    asked: tuple[Asked, ...] = ()
    record = ""
    if spec is not None:
        asked = guard.fact("demands", lambda: limiting.asked(run, spec, proposal), unknown=asked)
        record = guard.fact("record", lambda: sources.acted_upon(spec, values, said), unknown="")
        bounds = guard.fact("bounds", lambda: bound_names(run, spec, values, said), unknown=bounds)
    standing = guard.fact(
        "rows",
        lambda: read_standing(
            connection,
            workflow=equipment.name,
            action=proposal.action,
            action_id=proposal.action_id,
            bounds=tuple(bounds),
            limits=_since(asked),
            known=run.authority,
        ),
        unknown=_NOWHERE,
    )
    vouched, vouched_us = guard.fact(
        "endorsements",
        lambda: endorsed.endorsed(run, connection, proposal, values, standing),
        unknown=_NO_WORD,
    )
    if vouched:
        witnesses = (*witnesses, *vouched)
        said = Reads(witnesses)
    proofs: tuple[ArgumentProof, ...] = ()
    if spec is not None:
        already = {bounds[name]: quantity for name, quantity in standing.taken}
        proofs = guard.fact(
            "proofs",
            lambda: sources.prove(
                spec, values, said, directories=equipment.directories, already=already
            ),
            unknown=(),
        )
    return _Evidence(
        values=values,
        witnesses=witnesses,
        record=record,
        bounds=bounds,
        standing=standing,
        proofs=proofs,
        takes=guard.fact("takes", lambda: takes(bounds, proofs), unknown=()),
        asked=asked,
        limits=guard.fact(
            "limits", lambda: limiting.facts(run, connection, asked, standing.limits), unknown=()
        ),
        vouched_us=vouched_us,
    )


def _since(asked: tuple[Asked, ...]) -> dict[str, int]:
    return {one.key: one.since_us for one in asked}


# -- single facts --------------------------------------------------------------------------------


def _in_force(run: Run, connection: Connection, standing: Standing) -> Equipment:
    """Return what the workflow runs with, its rules those in force in this snapshot."""
    if run.rules is None or standing is _NOWHERE:
        return run.equipment
    return run.rules(connection, standing.authority)


def _bound(
    run: Run, proposal: Proposal, spec: ActionSpec | None, witnesses: tuple[Witness, ...]
) -> str:
    return bound(
        run,
        spec,
        action_id=proposal.action_id,
        action=proposal.action,
        version=proposal.version,
        connector=proposal.connector,
        arguments=proposal.arguments,
        witnesses=witnesses,
    )


def _grace_seconds(
    run: Run, spec: ActionSpec | None, proposal: Proposal, votes: tuple[Vote, ...]
) -> int:
    """Return how long it waits: after a yes as the desk says, alone as the action declares.

    Who edits has waited before the new version is proposed, and who undoes has just looked.
    """
    if spec is None or proposal.undo or proposal.author != "workflow":
        return 0
    return run.equipment.grace_seconds(spec) if votes else spec.grace_seconds or 0


def _counted(
    run: Run, proposal: Proposal, votes: tuple[Vote, ...], bound: str
) -> tuple[Vote, ...]:
    """Return the votes that were cast on exactly this, with that of who edited it.

    INVARIANT: a yes to something else clears nothing, neither at the gate nor in a rule
    (tests/stories/test_held_approved_executed.py).
    """
    cast = tuple(vote for vote in votes if vote.digest == bound)
    if proposal.author == "workflow" or any(vote.person == proposal.author for vote in cast):
        return cast
    moved = money(run.equipment.spec(proposal.action), proposal.arguments)
    own = proposal.author == run.history.requester
    roles = frozenset() if own else run.equipment.entitled(proposal.author, moved)
    edited = tuple(
        Vote(person=proposal.author, role=role, digest=bound, at=run.now(), edited=True)
        for role in sorted(roles)
    )
    return (*cast, *edited)


def _denied_until(
    connection: Connection,
    run: Run,
    spec: ActionSpec | None,
    proposal: Proposal,
    standing: Standing,
) -> datetime | None:
    """Return until when a person's no holds for whoever this case came from."""
    subject, asked = run.history.subject, kind(spec, proposal.action)
    if not subject or proposal.undo:
        return None
    until = [
        one.until_us
        for one in run.authority.denials(connection, standing.authority)
        if (one.workflow, one.subject, one.kind) == (run.equipment.name, subject, asked)
    ]
    return instant(max(until)) if until else None
