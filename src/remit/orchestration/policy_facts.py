"""What the rules are asked about a proposal."""

from collections.abc import Mapping

from remit.domain.action import ActionSpec, ArgumentProof, Witness
from remit.domain.approval import Vote, behind
from remit.domain.decision import LevelFact
from remit.domain.value import Canonical
from remit.orchestration.level_facts import effective, lowest_choice
from remit.orchestration.run import Run
from remit.policy.request import PolicyRequest


def question(
    run: Run,
    spec: ActionSpec,
    values: Mapping[str, Canonical],
    proofs: tuple[ArgumentProof, ...],
    witnesses: tuple[Witness, ...],
    votes: tuple[Vote, ...],
    level: LevelFact,
    resting: Mapping[str, tuple[str, ...]],
) -> PolicyRequest:
    """Return what the rules are asked, as the record and its derives stand now."""
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
    confidence = lowest_choice(run)
    one = behind((vote.person, vote.delegated_from) for vote in votes)
    return PolicyRequest(
        workflow=run.equipment.name,
        action=spec.name,
        case_id=run.case_id,
        arguments=values,
        labels={proof.parameter: proof.integrity for proof in proofs},
        approvers={
            role: frozenset(one[vote.person] for vote in votes if vote.role == role)
            for role in {vote.role for vote in votes}
        },
        level=effective(level, spec.risk),
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
    )


def of_record(
    spec: ActionSpec, witnesses: tuple[Witness, ...], record: str
) -> tuple[Witness, ...]:
    """Return the witnesses without those of other records of the tool that is acted upon.

    INVARIANT: what was worked out from another record is no fact about this one
    (tests/unit/orchestration/test_facts_of_a_record.py).
    """
    return tuple(
        one
        for one in witnesses
        if (one.tool != spec.on or one.record == record)
        and all(tool != spec.on or name == record for tool, name in one.about)
    )
