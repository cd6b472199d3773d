"""What the gate answers at each level, risk, number of votes and state of the proofs.

`REMIT_WRITE_GOLDEN=1` writes the file anew; its diff is then read like code.
"""

import os
from collections.abc import Iterator
from pathlib import Path

from remit.domain.action import Integrity, Proof, Risk
from remit.domain.autonomy import Level
from remit.domain.decision import GateFacts, GateVerdict
from remit.policy import gate
from tests.gating import ALLOWED, at_level, at_risk, cleared, vote, with_proof

GOLDEN = Path(__file__).with_name("decision_matrix.txt")

PROOFS = {
    "proven": (Proof.PROVEN, Integrity.VOUCHED),
    "different": (Proof.DIFFERENT, Integrity.UNTRUSTED),
    "above": (Proof.ABOVE, Integrity.UNTRUSTED),
}
VOTERS = ("maria.k", "tomasz.w")


def _rows() -> Iterator[str]:
    yield f"{'level':13} {'risk':13} {'proof':10} votes  verdict   reasons that stand"
    for level in (None, *Level):
        for risk in Risk:
            for name, (proof, integrity) in PROOFS.items():
                for count in (0, 1, 2):
                    facts = with_proof(at_risk(at_level(ALLOWED, level), risk), proof, integrity)
                    facts = cleared(facts, *(vote(person) for person in VOTERS[:count]))
                    yield _row(level.value if level else "no grant", risk, name, count, facts)


def _row(level: str, risk: Risk, proof: str, count: int, facts: GateFacts) -> str:
    decision = gate.decide(facts)
    codes = " ".join(reason.code for reason in decision.reasons) or "-"
    noted = decision.verdict is GateVerdict.HOLD and not decision.performable
    verdict = "note" if noted else decision.verdict.value
    return f"{level:13} {risk:13} {proof:10} {count:5}  {verdict:9} {codes}"


def test_the_printed_table_of_decisions_is_the_committed_one() -> None:
    table = "\n".join(_rows()) + "\n"
    if os.environ.get("REMIT_WRITE_GOLDEN"):
        GOLDEN.write_text(table, encoding="utf-8")

    assert table == GOLDEN.read_text(encoding="utf-8")


def test_every_verdict_but_escalate_and_fault_stands_in_the_table() -> None:
    words = {line[46:].split()[0] for line in GOLDEN.read_text(encoding="utf-8").splitlines()[1:]}

    assert words == {GateVerdict.ALLOW.value, GateVerdict.HOLD.value, "deny", "note"}
