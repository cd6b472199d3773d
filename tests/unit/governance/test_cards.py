"""What is sealed of a decision: typed facts apart from everything that somebody wrote."""

import json
from dataclasses import replace

import pytest

from remit.domain import actor
from remit.domain.action import ArgumentProof, Integrity, Proof
from remit.domain.approval import Requirement
from remit.domain.decision import Clearance, PolicyAnswer, Stop
from remit.domain.entry import Entry
from remit.domain.value import Canonical
from remit.governance import cards, decided, forms
from remit.policy import gate
from remit.policy.request import PolicyRequest
from tests import gating

CANARY = "quetzalcoatlus"


def test_nothing_that_somebody_wrote_stands_among_the_facts_that_outlive_an_erasure() -> None:
    allowed = gating.ALLOWED
    proof = ArgumentProof(
        parameter="note", proof=Proof.DIFFERENT, source="case.message",
        integrity=Integrity.UNTRUSTED, accepted=(f"the {CANARY}",), elsewhere=(f"{CANARY} note",),
    )  # fmt: skip
    facts = replace(
        allowed,
        arguments={**allowed.arguments, "note": f"my {CANARY} ate it", "order_id": CANARY},
        types={**allowed.types, "note": "text", "order_id": "text"},
        proofs=(*allowed.proofs, proof),
        content_findings=(f"`note` names {CANARY}.example",),
        stops=(Stop(scope="workflow:x", sentence=f"because of {CANARY}"),),
        policy=PolicyAnswer(loaded=True, decision=None, diagnostics=(f"no `{CANARY}`",)),
        clearance=Clearance(containment=f"maria: {CANARY}"),
        faults=(f"{CANARY} could not be read",),
    )
    decision = gate.decide(facts)
    sealed = cards.facts_form(facts, decision)

    typed, words = json.dumps(sealed["facts"]), json.dumps(sealed["words"])
    assert CANARY not in typed
    assert words.count(CANARY) >= 7
    amount = facts.arguments["amount"]
    assert sealed["facts"]["facts"]["arguments"] == {"amount": amount}  # type: ignore[index,call-overload]  # a record
    assert "workflow:x" in typed
    for reason in decision.reasons:
        assert reason.code in typed
        assert reason.sentence in [
            one["sentence"] for one in sealed["words"]["decision"]["reasons"]
        ]  # type: ignore[index,call-overload,union-attr]  # a record


@pytest.mark.parametrize("code", sorted(gating.TABLE))
def test_what_was_sealed_is_read_back_whole(code: str) -> None:
    """Every reason there is: facts, decision and question come back equal."""
    facts = gating.TABLE[code][0](gating.ALLOWED)
    decision = gate.decide(facts)
    asked = PolicyRequest(
        workflow="refund-desk", action="issue_refund", case_id="c1", record="1007", channel="mail",
        arguments={
            name: Canonical(type=facts.types.get(name, "text"), form=form)
            for name, form in facts.arguments.items()
        },
        approvers={"approver": frozenset({"maria.k", "tomasz.w"})},
        labels={"amount": Integrity.VOUCHED}, assumptions={"amount": ("day_first_by_locale",)},
        fields={"total": Canonical(type="money", form={"amount": "19.00", "currency": "EUR"})},
    )  # fmt: skip
    entry = Entry(
        id="e1", case_id="c1", seq=3, event=decided.DECIDED, body={}, at_us=7,
        actor=actor.service("gate"), workflow="refund-desk",
        payloads=json.loads(json.dumps(cards.facts_form(facts, decision, asked))),
    )  # fmt: skip
    back = decided.decided(entry)
    assert isinstance(back, decided.Decided)
    assert back.facts == facts
    assert back.decision == decision == gate.decide(back.facts)
    assert back.request == asked


def test_what_an_older_remit_kept_otherwise_is_refused_by_name() -> None:
    with pytest.raises(ValueError, match="members of Requirement"):
        forms.read(Requirement, {"people": 1})
    with pytest.raises(TypeError, match="int is declared, str is kept"):
        forms.read(Requirement, {"people": "two", "role": "payer"})
