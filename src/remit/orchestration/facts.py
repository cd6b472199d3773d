"""The gate's facts: everything it is told about one proposal, from the case and the rows."""

from collections.abc import Mapping
from decimal import Decimal

from remit.domain import autonomy
from remit.domain.action import (
    ActionSpec,
    AnySource,
    ArgumentProof,
    Integrity,
    Risk,
    Witness,
)
from remit.domain.approval import Vote
from remit.domain.autonomy import Level
from remit.domain.decision import (
    Clearance,
    ConfidenceFact,
    GateFacts,
    LevelFact,
    PolicyAnswer,
    Stop,
)
from remit.domain.frozen import dataclass
from remit.domain.money import Money
from remit.domain.value import Canonical, Json, encode
from remit.orchestration import provenance
from remit.orchestration.bound import bound, signature
from remit.orchestration.content import findings
from remit.orchestration.run import Run
from remit.orchestration.standing import Standing, read_standing
from remit.policy import cedar, sources, stop
from remit.policy.request import PolicyRequest
from remit.store.connection import Connection


@dataclass(frozen=True, slots=True, kw_only=True)
class Proposal:
    """What is asked for, before the gate has seen it."""

    action_id: str
    action: str
    version: int
    path: str
    author: str
    arguments: Mapping[str, Json]  # canonical, masked
    endorsed: Mapping[str, Json]  # values that the author, a person, typed
    connector: str = ""
    undo: bool = False
    undoes: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Gathered:
    """Facts, and what else the desk and the transaction need."""

    facts: GateFacts
    standing: Standing
    record: str  # keyed digest of the record acted upon
    witnesses: tuple[Witness, ...]
    money: tuple[int, str] | None  # minor units and currency at stake


def gather(
    run: Run,
    connection: Connection,
    proposal: Proposal,
    *,
    votes: tuple[Vote, ...] = (),
    containment: str | None = None,
) -> Gathered:
    """Gather the facts about a proposal of this run on a read snapshot."""
    equipment = run.equipment
    spec = equipment.spec(proposal.action)
    values = _canonical(spec, proposal.arguments)
    witnesses = (
        *provenance.witnesses(equipment.workflow, run.history),
        *_endorsements(run, proposal, values),
    )
    record_name = "" if spec is None else sources.acted_upon(spec, values, witnesses)
    record = record_digest(run, record_name)
    standing = read_standing(
        connection,
        workflow=equipment.name,
        action=proposal.action,
        action_id=proposal.action_id,
        record=record,
        known=run.authority,
    )
    already = {record_name: sum(minor for _, minor in standing.money_on_record)}
    proofs = (
        ()
        if spec is None
        else sources.prove(
            spec, values, witnesses, directories=equipment.directories, already=already
        )
    )
    level = _level(run, connection, spec, proposal, standing)
    digest_bound = bound(
        run,
        spec,
        action_id=proposal.action_id,
        action=proposal.action,
        version=proposal.version,
        connector=proposal.connector,
        arguments=proposal.arguments,
        witnesses=witnesses,
    )
    votes = _counted(run, proposal, votes, digest_bound)
    weighed = () if spec is None else _of_record(spec, witnesses, record_name)
    resting = {} if spec is None else provenance.facts_resting(spec, weighed)
    answer = (
        PolicyAnswer(loaded=False, decision=None)
        if spec is None
        else _policy(run, spec, values, proofs, weighed, votes, level, resting)
    )
    now = run.now()
    facts = GateFacts(
        action_id=proposal.action_id,
        case_id=run.case_id,
        workflow=equipment.name,
        version=equipment.fingerprint,
        action=proposal.action,
        author=proposal.author,
        arguments=proposal.arguments,
        types={name: value.type for name, value in values.items()},
        signature_digest="" if spec is None else signature(spec),
        spec=spec,
        spec_digest="" if spec is None else signature(spec),
        times_used=_times_used(run, proposal),
        denied_intent=_denied(run, spec, proposal),
        denied_count=sum(
            1
            for versions in run.history.acts.values()
            for act in versions
            if act.state.value == "denied"
        ),
        proofs=proofs,
        content_findings=findings(run, spec, proposal.arguments, values, witnesses),
        stops=_stops(connection, run, proposal, standing),
        policy=answer,
        limits=(),
        level=level,
        confidence=_confidence(run, proposal),
        digest=digest_bound,
        clearance=Clearance(votes=votes, digest=digest_bound, containment=containment),
        assumed_facts=resting,
        edited=tuple(sorted(proposal.endorsed)),
        undo=proposal.undo,
        now=now,
    )
    return Gathered(
        facts=facts,
        standing=standing,
        record=record,
        witnesses=witnesses,
        money=money(spec, proposal.arguments),
    )


# -- single facts --------------------------------------------------------------------------------


def _canonical(spec: ActionSpec | None, arguments: Mapping[str, Json]) -> dict[str, Canonical]:
    made = {}
    for name, form in arguments.items():
        param = None if spec is None else spec.param(name)
        word = param.type if param is not None else "text"
        if form is None:
            word = "null"
        made[name] = Canonical(type=word, form=form)
    return made


def _endorsements(run: Run, proposal: Proposal, values: Mapping[str, Canonical]) -> list[Witness]:
    return [
        Witness(
            seq=run.history.seq, tool="endorsement", record=proposal.author, path=name, element=0,
            type=values[name].type, form=form, integrity=Integrity.ENDORSED,
        )
        for name, form in proposal.endorsed.items()
        if name in values
    ]  # fmt: skip


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
    roles = run.equipment.people.get(proposal.author, frozenset())
    edited = tuple(
        Vote(person=proposal.author, role=role, digest=bound, at=run.now(), edited=True)
        for role in sorted(roles)
    )
    return (*cast, *edited)


def _of_record(
    spec: ActionSpec, witnesses: tuple[Witness, ...], record: str
) -> tuple[Witness, ...]:
    """Return the witnesses without those of other records of the tool that is acted upon."""
    return tuple(one for one in witnesses if one.tool != spec.on or one.record == record)


def _level(
    run: Run,
    connection: Connection,
    spec: ActionSpec | None,
    proposal: Proposal,
    standing: Standing,
) -> LevelFact:
    grant = run.authority.grant(
        connection, standing.authority, workflow=run.equipment.name, action=proposal.action
    )
    now_us = int(run.now().timestamp() * 1_000_000)
    risk = None if spec is None else spec.risk
    return LevelFact(
        phase=run.equipment.phase,
        granted=None if grant is None else Level(grant.level),
        ceiling=run.equipment.ceiling(proposal.action),
        fingerprint_matches=grant is None
        or (grant.fingerprint == run.equipment.fingerprint and not run.mixed),
        expired=grant is not None and grant.expires_us <= now_us,
        ambiguous_effects=standing.ambiguous,
        owner_active=bool(run.equipment.owner),
        role=run.equipment.desk.approver_role,
        approvals=_approvals(run, spec, proposal, risk),
    )


def _approvals(run: Run, spec: ActionSpec | None, proposal: Proposal, risk: Risk | None) -> int:
    """Two where one person both wrote and would approve a value with authority over money."""
    if spec is None or risk is None:
        return 1
    needed = run.equipment.approvals_needed(risk)
    with_authority = any(
        param.name in proposal.endorsed and not isinstance(param.source, AnySource)
        for param in spec.params
    )
    if with_authority and risk in {Risk.MONEY, Risk.IRREVERSIBLE}:
        return max(needed, 2)
    return needed


def effective(fact: LevelFact, spec: ActionSpec) -> Level:
    """Return the level that applies, for people to read."""
    granted = fact.granted if fact.granted is not None else Level.APPROVE_EACH
    return autonomy.lowest(
        granted,
        fact.ceiling,
        autonomy.PHASE_CAP[fact.phase],
        autonomy.RISK_CEILING[spec.risk],
    )


def _policy(
    run: Run,
    spec: ActionSpec,
    values: Mapping[str, Canonical],
    proofs: tuple[ArgumentProof, ...],
    witnesses: tuple[Witness, ...],
    votes: tuple[Vote, ...],
    level: LevelFact,
    resting: Mapping[str, tuple[str, ...]],
) -> PolicyAnswer:
    book = run.equipment.book
    if book is None:
        return PolicyAnswer(loaded=False, decision=None)
    named = {name for name, _ in spec.facts}
    derived = {
        witness.tool: Canonical(type=witness.type, form=witness.form)
        for witness in witnesses
        if witness.path == "value" and witness.tool in named
    }
    newest = max(
        (w.seq for w in witnesses if spec.on is not None and w.tool == spec.on), default=0
    )
    on = [w for w in witnesses if w.seq == newest and w.tool == spec.on]
    confidence = _lowest_choice(run)
    return cedar.ask(
        book,
        PolicyRequest(
            workflow=run.equipment.name,
            action=spec.name,
            case_id=run.case_id,
            arguments=values,
            labels={proof.parameter: proof.integrity for proof in proofs},
            approvers={
                role: frozenset(vote.person for vote in votes if vote.role == role)
                for role in {vote.role for vote in votes}
            },
            level=effective(level, spec),
            phase=run.equipment.phase,
            confidence_bp=None if confidence is None else confidence // 100,
            facts=derived,
            assumptions={**resting, **{one.parameter: one.assumptions for one in proofs}},
            record=on[0].record if on else "",
            fields={
                w.path: Canonical(type=w.type, form=w.form)
                for w in on
                if "*" not in w.path and w.form is not None
            },
            channel=run.history.channel or None,
            subject=run.history.subject or None,
        ),
    )


def _times_used(run: Run, proposal: Proposal) -> int:
    own = run.history.act(proposal.path)
    used = run.history.used(proposal.action)
    counted = own is not None and own.action == proposal.action and proposal.version > 0
    return used - 1 if counted and used else used


def _denied(run: Run, spec: ActionSpec | None, proposal: Proposal) -> bool:
    """Return whether a person's no stands for this intent: same action or group, in this case."""
    group = None if spec is None else spec.denial_group
    for path, versions in run.history.acts.items():
        newest = versions[-1]
        if path == proposal.path or not newest.code.startswith("rejected."):
            continue
        other = run.equipment.spec(newest.action)
        if newest.action == proposal.action:
            return True
        if group is not None and other is not None and other.denial_group == group:
            return True
    return False


def _stops(
    connection: Connection, run: Run, proposal: Proposal, standing: Standing
) -> tuple[Stop, ...]:
    return tuple(
        one
        for one in run.authority.stops(connection, standing.authority)
        if stop.applies(
            one,
            case_id=run.case_id,
            workflow=run.equipment.name,
            action=proposal.action,
            connector=proposal.connector,
        )
    )


def _lowest_choice(run: Run) -> int | None:
    choices = run.history.choices
    if not choices or any(choice is None for choice in choices):
        return None
    return min(choice for choice in choices if choice is not None)


def _confidence(run: Run, proposal: Proposal) -> ConfidenceFact:
    return ConfidenceFact(
        asked=bool(run.history.choices),
        ppm=_lowest_choice(run),
        threshold_ppm=run.equipment.thresholds_ppm.get(proposal.action),
        low_mark_ppm=run.equipment.low_marks_ppm.get(proposal.action),
    )


def money(spec: ActionSpec | None, arguments: Mapping[str, Json]) -> tuple[int, str] | None:
    """Return minor units and currency of what moves; `None` where no money does."""
    if spec is None:
        return None
    for param in spec.params:
        form = arguments.get(param.name)
        if param.type == "money" and isinstance(form, dict):
            amount = Money(Decimal(str(form["amount"])), str(form["currency"]))
            return amount.minor, amount.currency
    return None


def record_of(run: Run, spec: ActionSpec, arguments: Mapping[str, Json]) -> str:
    """Return the keyed digest of the record that an action of this case would act upon."""
    return record_digest(run, record_name(run, spec, arguments))


def record_digest(run: Run, name: str) -> str:
    """Return the digest of a record, the same in every case: sums over a record need it."""
    return run.shared(encode(["record", name])) if name else ""


def record_name(run: Run, spec: ActionSpec, arguments: Mapping[str, Json]) -> str:
    """Return the record of `spec.on` that these arguments mean; empty where none was read."""
    if spec.on is None:
        return ""
    witnesses = provenance.witnesses(run.equipment.workflow, run.history)
    return sources.acted_upon(spec, _canonical(spec, arguments), witnesses)
