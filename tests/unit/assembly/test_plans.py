"""How the cells of an action are judged: as its risk demands, or more strictly."""

from dataclasses import replace
from typing import Any

import pytest

from remit.assembly.plans import plans_of
from remit.domain.action import Risk
from remit.domain.autonomy import Level
from remit.domain.plan import ManyCells, Plan, Settle, plan_of
from remit.errors import SettingsError
from remit.settings.workflow import ActionSettings, AutonomySettings, BoardSettings
from tests.gating import REFUND


def planned(risk: Risk = Risk.MONEY, **asked: Any) -> Plan:
    spec = replace(REFUND, risk=risk)
    settings = {spec.name: ActionSettings(autonomy=AutonomySettings(**asked))}
    return plans_of({spec.name: spec}, settings)[spec.name]


@pytest.mark.parametrize(
    ("risk", "error", "false", "days", "settle"),
    [
        (Risk.LOW, 100_000, 100_000, 14, Settle.VERDICT),
        (Risk.NORMAL, 50_000, 50_000, 14, Settle.VERDICT),
        (Risk.MONEY, 20_000, 10_000, 45, Settle.WINDOW),
    ],
)
def test_each_risk_has_its_bar(
    risk: Risk, error: int, false: int, days: int, settle: Settle
) -> None:
    plan = planned(risk)
    assert (plan.error_max_ppm, plan.false_grant_max_ppm) == (error, false)
    assert (plan.window_days, plan.settle) == (days, settle)


def test_what_cannot_be_taken_back_never_has_a_plan() -> None:
    spec = replace(REFUND, risk=Risk.IRREVERSIBLE)
    assert plans_of({spec.name: spec}, {}) == {}
    assert plans_of({spec.name: replace(spec, risk=Risk.LOW, is_undo=True)}, {}) == {}


def test_what_carries_authority_is_material_and_what_the_owner_names() -> None:
    assert planned().material == ("amount", "order_id")
    assert planned(material=["note"]).material == ("amount", "note", "order_id")


@pytest.mark.parametrize(
    ("risk", "asked", "said"),
    [
        (Risk.MONEY, {"error_max": 0.05}, "`error_max` is 0.05; risk money allows at most 0.02"),
        (Risk.LOW, {"false_grant_max": 0.2}, "`false_grant_max` is 0.2"),
        (Risk.MONEY, {"settle": "verdict"}, "when its window has closed"),
        (Risk.NORMAL, {"reviewers": "assumed"}, "for risk low only"),
        (Risk.LOW, {"material": ["amont"]}, "names `amont`, which is no parameter"),
    ],
)
def test_less_than_the_risk_demands_is_refused(
    risk: Risk, asked: dict[str, Any], said: str
) -> None:
    with pytest.raises(SettingsError, match=said):
        planned(risk, **asked)


@pytest.mark.parametrize("bar", [0, 1, -0.1, float("nan")])
def test_a_bar_of_nothing_or_all_is_no_setting(bar: float) -> None:
    with pytest.raises(ValueError, match="error_max"):
        AutonomySettings(error_max=bar)


def test_a_plan_is_read_back_from_its_entry_and_any_change_is_another() -> None:
    plan = planned(error_max=0.01, starts="draft")
    assert plan_of("refund-desk", plan.form) == plan
    assert planned().version != plan.version
    assert plan.starts is Level.DRAFT


def test_all_is_drawn_where_a_person_sees_all_and_a_share_of_what_runs_alone() -> None:
    plan = planned()
    shares = [plan.share_ppm(level, surge=False) for level in Level]
    assert shares == [1_000_000, 1_000_000, 1_000_000, 250_000, 100_000]
    assert plan.share_ppm(Level.AUTONOMOUS, surge=True) == 1_000_000


def test_a_board_is_part_of_the_plan_where_there_is_one_and_of_no_other() -> None:
    spec = replace(REFUND, risk=Risk.MONEY)
    own = plans_of({spec.name: spec}, {})[spec.name]
    assert (own.many_cells, "many_cells" in own.form) == (ManyCells.OWN, False)
    board = BoardSettings(many_cells="fdr", false_share_max=0.05)
    pooled = plans_of({spec.name: spec}, {}, board)[spec.name]
    assert pooled.form["false_share_max_ppm"] == 50_000
    assert pooled.version != own.version
    for plan in (own, pooled):
        assert plan_of(plan.workflow, plan.form) == plan
