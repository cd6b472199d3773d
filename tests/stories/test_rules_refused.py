"""Rules that do not load leave everything up but the effects, which wait until they do."""

from pathlib import Path

import pytest

from remit import testing
from remit.app import Remit
from remit.domain.entry import Entry
from remit.governance.findings import findings
from tests.projects import Small, send, standing

pytestmark = pytest.mark.anyio

PAID = """
order = await run.read(get_order, order_id=case.order_id)
return (await run.act(pay, order_id=order.id, amount=order.total)).receipt.id
"""


def decisions(remit: Remit, case_id: str) -> list[Entry]:
    return [one for one in remit.entries(case_id) if one.event == "policy:action:decided"]


async def test_a_workflow_whose_rules_do_not_load_is_up_and_performs_nothing(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    small = Small(folder=tmp_path)
    small.policy = '@id("odd") permit (principal, action, resource);'
    async with small.open(PAID) as remit:
        case_id = await send(remit)
        (decided,) = decisions(remit, case_id)
        assert "policy.not_loaded" in decided.words("codes")
        assert (decided.word("state"), small.tape.effects()) == ("blocked", ())
        assert remit.metrics()["rules_refused"] == 1
        said = "all.cedar, line"
        assert any(said in record.getMessage() for record in caplog.records), caplog.text
        health = remit.health()
        (line,) = [one for one in findings(health) if one.name == "rules"]
        assert (line.verdict.name, line.alarm) == ("ACT", True)
    small.policy = ""
    async with small.open(PAID) as remit:
        assert remit.metrics()["rules_refused"] == 0
        mended = await send(remit, message="again")
        codes = [one.words("codes") for one in decisions(remit, mended)]
        assert case_id != mended
        assert "policy.not_loaded" not in codes[-1]


@pytest.mark.parametrize("known", [False, True], ids=["new rules", "the rules of before"])
async def test_what_was_blocked_is_gated_again_by_the_next_start_whose_rules_load(
    tmp_path: Path, *, known: bool
) -> None:
    """Also where the rules that are back are those that the record knows already."""
    small = Small(folder=tmp_path, granted=())
    if known:
        async with small.open(PAID) as remit:
            await send(remit, message="before")
    small.policy = '@id("odd") permit (principal, action, resource);'
    async with small.open(PAID) as remit:
        case_id = await send(remit)
        assert standing(remit, case_id) == ("parked", "lift")
    small.policy = ""
    async with small.open(PAID) as remit:
        await testing.pass_time(remit, small.clock, 1)
        assert standing(remit, case_id) == ("parked", "approval")


async def test_rules_that_are_mended_while_it_runs_are_taken_in_and_what_was_blocked_goes_on(
    tmp_path: Path,
) -> None:
    small = Small(folder=tmp_path, granted=(), signers=2)
    async with small.open(PAID) as remit:
        await send(remit, message="before")
    small.policy = '@id("odd") permit (principal, action, resource);'
    async with small.open(PAID) as remit:
        case_id = await send(remit)
        assert standing(remit, case_id) == ("parked", "lift")
        rules = tmp_path / "project" / "policies" / "all.cedar"
        rules.write_text(rules.read_text().replace(small.policy, ""))
        assert [one.outcome for one in remit.reload_rules()] == ["same"]
        assert remit.metrics()["rules_refused"] == 0
        await testing.pass_time(remit, small.clock, 1)
        assert standing(remit, case_id) == ("parked", "approval")
