"""Each reason of the gate whole: verdict, what lifts it, what it names, and what people read.

A changed word is a changed line here.

`REMIT_WRITE_GOLDEN=1` writes the file anew.
"""

import ast
import os
from pathlib import Path

from remit.domain.decision import Lift
from remit.policy import gate, wording
from tests.gating import ALLOWED, BESIDE, TABLE

GOLDEN = Path(__file__).with_name("gate_sentences.txt")
ROOT = Path(__file__).parents[2]
MADE_BY = {"_policy": "policy", "_step": "step", "_source": "sources", "_level": "level",
           "_confidence": "confidence"}  # fmt: skip


def test_each_reason_is_said_in_the_committed_words() -> None:
    made = {code: change(ALLOWED) for code, (change, _, _) in TABLE.items()} | BESIDE
    lines = [
        f"{code:30} {reason.verdict:9} {_lifted(reason.lift):40} [{', '.join(reason.refs)}]"
        f" {reason.sentence}\n"
        for code, facts in made.items()
        for reason in gate.decide(facts).reasons
        if reason.code == code
    ]
    if os.environ.get("REMIT_WRITE_GOLDEN"):
        GOLDEN.write_text("".join(lines), encoding="utf-8")

    assert len(lines) == len(made)
    assert "".join(lines) == GOLDEN.read_text(encoding="utf-8")


def _lifted(lift: Lift) -> str:
    return wording.needed(lift) or lift.kind.value


def test_every_reason_that_the_gate_can_give_stands_in_the_table() -> None:
    """By reading the code: what a check writes as a plain word is listed."""
    found = set()
    for name in ("call", "rules", "trust"):
        text = (ROOT / "src" / "remit" / "policy" / f"{name}.py").read_text(encoding="utf-8")
        for node in ast.walk(ast.parse(text)):
            match node:
                case ast.Call(func=ast.Name(id=made), args=[ast.Constant(value=str(word)), *_]):
                    found |= {f"{MADE_BY[made]}.{word}"} if made in MADE_BY else set()
                case ast.Assign(
                    targets=[ast.Tuple(elts=[ast.Name(id="word"), *_])],
                    value=ast.Tuple(elts=[ast.Constant(value=str(word)), *_]),
                ) if name == "rules":
                    found.add(f"limits.{word}")

    assert len(found) > 30
    assert found <= {*TABLE, *BESIDE}
