"""The reasons of the gate, as its own tests make each of them stand."""

from pages.markdown import page, table
from remit.domain.decision import Check, Lift, LiftKind, Reason
from remit.policy import gate, wording
from tests.gating import ALLOWED, BESIDE, TABLE


def gate_reasons_page() -> str:
    """Return every reason code of the gate: verdict, what lifts it, and a sentence of it."""
    made = {code: change(ALLOWED) for code, (change, _, _) in TABLE.items()} | BESIDE
    found = [
        next(one for one in gate.decide(facts).reasons if one.code == code)
        for code, facts in made.items()
    ]
    parts = [
        f"## {check.value}\n\n"
        + table(
            ["code", "verdict", "lifted by", "for example"],
            [_row(one) for one in found if one.check is check],
        )
        for check in Check
    ]
    return page(
        "Reasons of the gate",
        "tests/gating.py",
        "A proposal that may not run at once says why with these codes, on its card, in its entry "
        "and in `remit policy why`. Checks stand in the order in which they are made; all of them "
        "always are, and the strictest verdict wins. A *fault* is a deny that goes away when what "
        "is broken is mended. The sentence is what the desk reads, here about a refund.",
        *parts,
    )


def _row(one: Reason) -> list[object]:
    return [f"`{one.code}`", one.verdict.value, _lifted(one.lift), one.sentence]


def _lifted(lift: Lift) -> str:
    match lift.kind:
        case LiftKind.NEVER:
            return "nothing"
        case LiftKind.OWNER:
            return "the owner"
        case LiftKind.APPROVE | LiftKind.EVENT:
            return wording.needed(lift)
