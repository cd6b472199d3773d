"""What people read for each reason of the gate; a changed word is a changed line here.

`REMIT_WRITE_GOLDEN=1` writes the file anew.
"""

import os
from dataclasses import replace
from pathlib import Path

from remit.policy import gate
from tests.gating import ALLOWED, TABLE, with_confidence

GOLDEN = Path(__file__).with_name("gate_sentences.txt")

SECOND = {
    "step.denied_again": replace(ALLOWED, denied_intent=True, denied_count=2),
    "confidence.low": with_confidence(ppm=499_999)(ALLOWED),
}


def test_each_reason_is_said_in_the_committed_words() -> None:
    made = {code: change(ALLOWED) for code, (change, _, _) in TABLE.items()} | SECOND
    lines = [
        f"{code:30} {reason.sentence}\n"
        for code, facts in made.items()
        for reason in gate.decide(facts).reasons
        if reason.code == code
    ]
    if os.environ.get("REMIT_WRITE_GOLDEN"):
        GOLDEN.write_text("".join(lines), encoding="utf-8")

    assert len(lines) == len(made)
    assert "".join(lines) == GOLDEN.read_text(encoding="utf-8")
