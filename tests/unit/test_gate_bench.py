"""The desk on which the gate is measured does what it measures: it asks, allows and performs."""

from pathlib import Path

import pytest

from bench.gate import desk, rules


@pytest.mark.parametrize(("layout", "asked"), [("narrow", 20), ("broad", 40)])
@pytest.mark.anyio
async def test_the_gate_is_measured_on_cases_that_run(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, layout: str, asked: int
) -> None:
    monkeypatch.setattr(desk, "CASES", 2)
    monkeypatch.setattr(desk, "SECONDS", 0.0)
    desk.write(tmp_path / "project", 40, layout)
    made = await desk.work(tmp_path)
    assert made["rules in the slice"] == asked
    assert len(made["committed"]["cpu_us"]) == 2
    assert {"whole", "proof and labels", "Cedar", "decide"} <= set(made)
    assert all(len(made["whole"][clock]) == desk.ROUNDS_MIN for clock in ("cpu_us", "wall_us"))


def test_every_layout_has_one_permit_for_what_is_asked() -> None:
    for layout in rules.LAYOUTS:
        made = rules.rules(200, layout)
        asked = [one for one in made if one.action == rules.action(0)]
        assert [one.permits for one in asked].count(True) == 1
        assert len(made) == 200
