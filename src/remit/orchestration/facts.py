"""The gate's facts: everything it is told about one proposal, from the case and the rows."""

from collections.abc import Mapping

from remit.domain.action import Integrity, Witness
from remit.domain.approval import Vote
from remit.domain.decision import Clearance, GateFacts, PolicyAnswer, Stop
from remit.domain.value import Canonical
from remit.orchestration import denials, level_facts, policy_facts, provenance
from remit.orchestration.acted_on import bound_names, money, record_digest, takes
from remit.orchestration.bound import bound, signature
from remit.orchestration.content import findings
from remit.orchestration.proposed import Gathered, Proposal, canonical_values
from remit.orchestration.run import Run
from remit.orchestration.standing import Standing, read_standing
from remit.policy import sources, stop
from remit.store.connection import Connection


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
    values = canonical_values(spec, proposal.arguments)
    witnesses = (
        *provenance.witnesses(run),
        *_endorsements(run, proposal, values),
    )
    record_name = "" if spec is None else sources.acted_upon(spec, values, witnesses)
    record = record_digest(run, record_name)
    names = {} if spec is None else bound_names(run, spec, values, witnesses)
    standing = read_standing(
        connection,
        workflow=equipment.name,
        action=proposal.action,
        action_id=proposal.action_id,
        bounds=tuple(names),
        known=run.authority,
    )
    already = {names[name]: quantity for name, quantity in standing.taken}
    proofs = (
        ()
        if spec is None
        else sources.prove(
            spec, values, witnesses, directories=equipment.directories, already=already
        )
    )
    level = level_facts.level(run, connection, spec, proposal, standing)
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
    weighed = () if spec is None else policy_facts.of_record(spec, witnesses, record_name)
    resting = {} if spec is None else provenance.facts_resting(spec, weighed)
    answer = (
        PolicyAnswer(loaded=False, decision=None)
        if spec is None
        else policy_facts.policy(run, spec, values, proofs, weighed, votes, level, resting)
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
        times_used=denials.times_used(run, proposal),
        denied_intent=denials.denied(run, spec, proposal),
        denied_count=denials.count(run),
        proofs=proofs,
        content_findings=findings(run, spec, proposal.arguments, values, witnesses),
        stops=_stops(connection, run, proposal, standing),
        policy=answer,
        limits=(),
        level=level,
        confidence=level_facts.confidence(run, proposal),
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
        bounds=tuple(names),
        takes=takes(names, proofs),
        witnesses=witnesses,
        money=money(spec, proposal.arguments),
    )


# -- single facts --------------------------------------------------------------------------------


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
