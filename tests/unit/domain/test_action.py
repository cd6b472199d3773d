"""Sources read as people say them; levels and risks cap each other."""

import pytest

from remit.domain.action import (
    AnySource,
    CaseSource,
    DirectorySource,
    LiteralSource,
    OneOf,
    Source,
    ToolSource,
    alternatives,
    words,
)
from remit.domain.autonomy import PHASE_CAP, RISK_CEILING, Level, Phase, lowest
from remit.domain.decision import GateVerdict

CASE = CaseSource(field="order_id")
TOOL = ToolSource(tool="get_order", path="total", at_most=True)


@pytest.mark.parametrize(
    ("source", "sentence"),
    [
        (CASE, "case.order_id"),
        (TOOL, "get_order.total, at most"),
        (ToolSource(tool="lines", path="price", by=("sku", CASE)), "lines.price by sku"),
        (LiteralSource(values=("a", "b")), "literal a | b"),
        (DirectorySource(name="carriers"), "directory carriers"),
        (AnySource(), "content only"),
        (OneOf(sources=(CASE, TOOL)), "case.order_id or get_order.total, at most"),
    ],
)
def test_a_source_reads_as_people_say_it(source: Source, sentence: str) -> None:
    assert words(source) == sentence


def test_alternatives_are_tried_as_written() -> None:
    assert alternatives(OneOf(sources=(TOOL, CASE))) == (TOOL, CASE)
    assert alternatives(CASE) == (CASE,)


def test_the_lowest_level_wins() -> None:
    assert lowest(Level.AUTONOMOUS, Level.DRAFT, Level.SAMPLED) is Level.DRAFT


def test_the_pilot_performs_nothing_without_a_yes() -> None:
    assert {
        phase: cap for phase, cap in PHASE_CAP.items() if cap.rank > Level.APPROVE_EACH.rank
    } == {
        Phase.EXPAND: Level.AUTONOMOUS,
        Phase.REPLICATE: Level.AUTONOMOUS,
    }


def test_what_cannot_be_undone_never_runs_alone() -> None:
    capped = [risk.value for risk, level in RISK_CEILING.items() if level is Level.APPROVE_EACH]
    assert capped == ["irreversible"]


def test_the_strictest_verdict_ranks_highest() -> None:
    assert max(GateVerdict, key=lambda verdict: verdict.rank) is GateVerdict.DENY
    assert min(GateVerdict, key=lambda verdict: verdict.rank) is GateVerdict.ALLOW
