"""What is sealed of a decision: typed facts apart from everything that somebody wrote."""

import json
from dataclasses import replace

from remit.domain.action import ArgumentProof, Integrity, Proof
from remit.domain.decision import Clearance, PolicyAnswer, Stop
from remit.governance import cards
from remit.policy import gate
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
