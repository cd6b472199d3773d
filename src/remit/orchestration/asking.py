"""What the record keeps of a proposal: that it was made, the gate's answer, the question asked."""

import logging
from datetime import timedelta

from remit.authoring.declared import DeclaredAction
from remit.domain import actor, clock
from remit.domain.approval import ApprovalState, Requirement, Vote, sealed
from remit.domain.decision import Decision, GateVerdict
from remit.domain.desk_event import ApprovalClosed, ApprovalRequested, ApprovalVoted
from remit.domain.effect import EffectState
from remit.domain.effect_event import ActionDecided, ActionProposed
from remit.domain.ids import derived
from remit.domain.running_event import ApprovalReminded
from remit.domain.value import Json
from remit.domain.value import digest as digest_of
from remit.governance import cards
from remit.governance.escalation import UNANSWERABLE
from remit.orchestration.acted_on import money, record_of
from remit.orchestration.acts import ActRecord
from remit.orchestration.bound import signature
from remit.orchestration.coins import Coins
from remit.orchestration.guarded import Guard
from remit.orchestration.level_facts import effective
from remit.orchestration.limiting import reached
from remit.orchestration.proposed import Gathered, Proposal
from remit.orchestration.run import Run

log = logging.getLogger("remit.desk")

STATES = {
    GateVerdict.ALLOW: EffectState.CLEARED,
    GateVerdict.HOLD: EffectState.HELD,
    GateVerdict.ESCALATE: EffectState.ESCALATED,
    GateVerdict.FAULT: EffectState.BLOCKED,
    GateVerdict.DENY: EffectState.DENIED,
}


def note_proposed(
    run: Run,
    declared: DeclaredAction,
    proposal: Proposal,
    *,
    asked: str | None = None,
    by: str | None = None,
) -> None:
    """Record that an action was proposed, by the workflow or by the person who edited it.

    `asked` is what identifies the call of the workflow's code on replay.
    """
    moved = money(declared.spec, proposal.arguments)
    record = Guard().fact(  # the gate tells it anew, and answers for it
        "record", lambda: record_of(run, declared.spec, proposal.arguments), unknown=""
    )
    run.note(
        ActionProposed(
            action_id=proposal.action_id,
            action=proposal.action,
            version=proposal.version,
            arguments=asked or run.digest(dict(proposal.arguments)),
            signature=signature(declared.spec),
            risk=declared.spec.risk.value,
            author=proposal.author,
            replaces=None
            if proposal.version == 1
            else derived(run.case_id, proposal.path, str(proposal.version - 1)),
            money_minor=None if moved is None else moved[0],
            currency=None if moved is None else moved[1],
            record=record or None,
        ),
        path=proposal.path,
        payloads={"arguments": dict(proposal.arguments)},
        by=None if by is None else actor.person(by),
    )


def note_decided(
    run: Run,
    proposal: Proposal,
    gathered: Gathered,
    decision: Decision,
    votes: tuple[Vote, ...],
    *,
    second: bool,
    otherwise: EffectState | None = None,
    begins_us: int | None = None,
    coins: Coins | None = None,
) -> EffectState:
    """Record the gate's answer with everything it was told; return the state that it leads to.

    `otherwise` is that of whatever is not allowed, where nobody is asked. With `coins` the first
    answer to what the workflow proposed is a row of evidence.
    """
    state = STATES[decision.verdict]
    if state is not EffectState.CLEARED and otherwise is not None:
        state = otherwise
    elif state is EffectState.HELD and not decision.performable:
        state = EffectState.NOTED
    spec = gathered.facts.spec
    run.note(
        ActionDecided(
            action_id=proposal.action_id,
            state=state.value,
            codes=tuple(reason.code for reason in decision.reasons),
            digest=gathered.facts.digest,
            level="" if spec is None else effective(gathered.facts.level, spec.risk).value,
            segment=gathered.facts.level.segment,
            policy=gathered.facts.policy.slice_digest,
            second=second,
            voters=tuple(vote.person for vote in votes),
            bounds=gathered.takes if state is EffectState.CLEARED else (),
            limits=tuple(f"{one.key} {one.quantity}" for one in gathered.reserves)
            if state is EffectState.CLEARED
            else (),
            begins_us=begins_us if state is EffectState.CLEARED else None,
            **(coins.row(run, proposal, gathered, decision) if coins and not second else {}),
        ),
        path=proposal.path,
        payloads=cards.facts_form(gathered.facts, decision, gathered.asked),
        by=actor.service("gate"),
    )
    return state


def request(
    run: Run,
    declared: DeclaredAction,
    proposal: Proposal,
    gathered: Gathered,
    decision: Decision,
    before: ActRecord | None,
) -> None:
    """Ask a person: one open approval for each version, reissued when what was shown changed."""
    if before is not None and before.approval_state in {
        ApprovalState.OPEN, ApprovalState.APPROVED,
    }:  # fmt: skip
        void(run, before, "gate.changed")
    requirements = _wanted(run, decision)
    number = sum(1 for wait in run.history.acts.get(proposal.path, ())) + run.seen
    approval_id = derived("approval", proposal.action_id, str(number), gathered.facts.digest)
    now = run.now()
    desk = run.equipment.desk
    due = now + timedelta(seconds=desk.due_seconds)
    expires = now + timedelta(seconds=desk.expires_seconds)
    wanted = tuple(one.text for one in requirements)
    digest = sealed(gathered.facts.digest, wanted, clock.microseconds(expires))
    card = cards.build(
        facts=gathered.facts,
        digest=digest,
        decision=decision,
        declared_undo=declared.spec.undo,
        requirements=requirements,
        witnesses=gathered.witnesses,
        version=proposal.version,
        approval_id=approval_id,
        level=effective(gathered.facts.level, declared.spec.risk).value,
        passages=evidence(run),
        requested_at=now,
        due_at=due,
        expires_at=expires,
        grounds=run.history.evidence,
        reached=reached(run, declared.spec),
    )
    run.note(
        ApprovalRequested(
            approval_id=approval_id,
            action_id=proposal.action_id,
            action=proposal.action,
            risk=declared.spec.risk.value,
            digest=digest,
            bound=gathered.facts.digest,
            requirements=wanted,
            codes=tuple(reason.code for reason in decision.reasons),
            due_us=clock.microseconds(due),
            expires_us=clock.microseconds(expires),
            money_minor=None if gathered.money is None else gathered.money[0],
            currency=None if gathered.money is None else gathered.money[1],
            record=gathered.record or None,
            alike=_alike(gathered, decision, wanted),
        ),
        path=proposal.path,
        payloads={"card": cards.to_form(card)},
        by=actor.service("gate"),
    )
    if proposal.author != "workflow":  # who edited has said yes to what they wrote
        run.note(
            ApprovalVoted(
                approval_id=approval_id,
                person=proposal.author,
                role=" ".join(sorted(run.equipment.entitled(proposal.author, gathered.money))),
                digest=digest,
                channel="edit",
            ),
            path=proposal.path,
            by=actor.person(proposal.author),
        )


def tell_unanswerable(run: Run, act: ActRecord | None) -> None:
    """Have the owner told at once of an approval that too few people may answer.

    Roles are looked at as they are now: when it is asked for, and whenever it is looked at.
    """
    able, row = run.equipment.able, act
    if row is None or able is None or row.unanswerable:
        return
    for text in row.wanted:
        people, _, role = text.partition(" ")
        if len(set(able(role, row.money)) - {run.history.requester}) >= int(people):
            continue
        owner = run.equipment.owner or run.equipment.escalation
        log.error("approval %s needs `%s`, and too few have that role", row.approval_id, role)
        run.note(
            ApprovalReminded(
                approval_id=row.approval_id, stage=UNANSWERABLE, step=0,
                due_us=clock.microseconds(run.now()), expires_us=row.expires_us,
                to=f"person:{owner}",
            ),
            path=row.path,
            by=actor.service("gate"),
        )  # fmt: skip
        return


def stands(run: Run, before: ActRecord | None, gathered: Gathered, decision: Decision) -> bool:
    """Is an open approval still for exactly this, for the same reasons, by the same people?"""
    return (
        before is not None
        and before.approval_state is ApprovalState.OPEN
        and decision.verdict is GateVerdict.HOLD
        and before.bound == gathered.facts.digest
        and before.codes == tuple(reason.code for reason in decision.reasons)
        and before.wanted == tuple(one.text for one in _wanted(run, decision))
    )


def _alike(gathered: Gathered, decision: Decision, wanted: tuple[str, ...]) -> str:
    """Return the digest of what approvals that are answered together have in common."""
    facts = gathered.facts
    return digest_of(
        {
            "action": f"{facts.workflow}.{facts.action}",
            "codes": [reason.code for reason in decision.reasons],
            "signature": facts.signature_digest,
            "slice": facts.policy.slice_digest,
            "wanted": list(wanted),
        }
    )


def _wanted(run: Run, decision: Decision) -> tuple[Requirement, ...]:
    """Return who must say yes."""
    return decision.requirements or (Requirement(people=1, role=run.equipment.desk.approver_role),)


def evidence(run: Run) -> tuple[Json, ...]:
    """Return the passages that this case has looked up."""
    found: list[Json] = []
    for step in run.history.steps.values():
        if step.key.kind.value == "retrieve" and isinstance(step.result, list):
            found += step.result
    return tuple(found)


def consume(run: Run, act: ActRecord) -> None:
    """Record that an approval is used up by the one effect it allows."""
    run.note(
        ApprovalClosed(
            approval_id=act.approval_id, action_id=act.action_id, state="consumed", code=""
        ),
        path=act.path,
    )


def void(run: Run, act: ActRecord, code: str) -> None:
    """Record that an approval no longer holds."""
    state = "void" if act.approval_state is ApprovalState.APPROVED else "superseded"
    run.note(
        ApprovalClosed(
            approval_id=act.approval_id, action_id=act.action_id, state=state, code=code
        ),
        path=act.path,
    )
