"""What the machine may do alone, by level and by confidence."""

import pytest

from remit.domain.autonomy import Level, Phase
from remit.domain.decision import GateVerdict
from remit.policy import gate
from tests.gating import (
    ALLOWED,
    ESCALATE,
    HOLD,
    at_level,
    cleared,
    vote,
    with_confidence,
    with_level,
)


def test_below_the_low_mark_the_case_escalates_and_says_both_bounds() -> None:
    decision = gate.decide(with_confidence(ppm=499_999)(ALLOWED))

    assert decision.verdict is ESCALATE
    assert [reason.code for reason in decision.reasons] == [
        "confidence.low",
        "confidence.below_threshold",
    ]
    assert "50.0 %" in decision.reasons[0].sentence


def test_confidence_is_not_asked_where_no_model_chose() -> None:
    assert (
        gate.decide(with_confidence(asked=False, ppm=None)(ALLOWED)).verdict is GateVerdict.ALLOW
    )


def test_confidence_on_its_bounds_is_enough() -> None:
    at_threshold = with_confidence(ppm=950_000)(ALLOWED)
    at_low_mark = with_confidence(ppm=500_000, threshold_ppm=500_000)(ALLOWED)
    certain = with_confidence(ppm=1_000_000, low_mark_ppm=None)(ALLOWED)

    verdicts = {gate.decide(facts).verdict for facts in (at_threshold, at_low_mark, certain)}

    assert verdicts == {GateVerdict.ALLOW}


def test_a_threshold_is_not_demanded_where_each_effect_is_approved() -> None:
    facts = with_confidence(threshold_ppm=None)(at_level(ALLOWED, Level.APPROVE_EACH))

    assert [reason.code for reason in gate.decide(facts).reasons] == ["level.approve_each"]


@pytest.mark.parametrize(
    ("phase", "granted", "code"),
    [
        (Phase.BASELINE, None, "level.shadow"),
        (Phase.BASELINE, Level.AUTONOMOUS, "level.shadow"),
        (Phase.PILOT, None, "level.no_grant"),
        (Phase.PILOT, Level.AUTONOMOUS, "level.approve_each"),
        (Phase.EXPAND, None, "level.no_grant"),
        (Phase.REPLICATE, Level.DRAFT, "level.draft"),
    ],
)
def test_the_phase_caps_what_is_granted(phase: Phase, granted: Level | None, code: str) -> None:
    decision = gate.decide(with_level(phase=phase, granted=granted)(ALLOWED))

    assert [reason.code for reason in decision.reasons] == [code]
    assert decision.performable is (code not in {"level.shadow", "level.draft"})


def test_a_ceiling_caps_what_is_granted() -> None:
    decision = gate.decide(with_level(ceiling=Level.APPROVE_EACH)(ALLOWED))

    assert [reason.code for reason in decision.reasons] == ["level.approve_each"]


@pytest.mark.parametrize("granted", [Level.SHADOW, Level.DRAFT])
def test_below_approve_each_nothing_is_performed_whoever_agrees(granted: Level) -> None:
    facts = cleared(at_level(ALLOWED, granted), vote("a"), vote("b"), vote("a", "owner"))

    decision = gate.decide(facts)

    assert (decision.verdict, decision.performable) == (HOLD, False)


def test_no_confidence_at_all_is_a_figure_and_not_a_fault() -> None:
    decision = gate.decide(with_confidence(ppm=0, low_mark_ppm=None)(ALLOWED))

    assert [reason.code for reason in decision.reasons] == ["confidence.below_threshold"]


def test_several_effects_of_unknown_fate_are_counted() -> None:
    decision = gate.decide(with_level(ambiguous_effects=3)(ALLOWED))

    assert decision.reasons[0].sentence == (
        "It is not known whether 3 earlier effects of issue_refund happened"
    )
